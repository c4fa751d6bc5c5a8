import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConsoleLab } from '../support/browser.js';
import { journey } from '../support/journey.js';

/** What an endpoint in OpenAI's way says of any recording. */
const TEXT = {
  language: 'english',
  text: 'Good morning. Goodbye.',
  segments: [
    { start: 0, end: 0.5, text: 'Good morning.' },
    { start: 1000, end: 1001, text: 'Goodbye.' },
  ],
};

describe('a visitor of the console', function () {
  this.timeout(60_000);
  let lab: ConsoleLab;
  let folder: string;
  let endpoint: Server;

  before(async () => {
    endpoint = createServer((req, res) => {
      req.resume().on('end', () => res.end(JSON.stringify(TEXT)));
    }).listen(0, '127.0.0.1');
    await once(endpoint, 'listening');
    const { port } = endpoint.address() as AddressInfo;
    folder = await mkdtemp(join(tmpdir(), 'metaflows-journey-'));
    const config = join(folder, 'config.json');
    const transcription = { url: `http://127.0.0.1:${port}/v1/audio/transcriptions`, model: 'any' };
    await writeFile(config, JSON.stringify({ transcription }));
    lab = await ConsoleLab.start({ METAFLOWS_CONFIG: config, METAFLOWS_DELIVERY_ALLOW: '127.0.0.1/32' });
  });
  after(async () => {
    await lab.close();
    endpoint.close();
    await rm(folder, { recursive: true });
  });

  it('posts a metaflow, sees a code work, masks and stops, hears the recording and reads its text', async () => {
    const page = await lab.loggedIn();
    await journey(lab, page);
    await page.getByRole('button', { name: 'Make text' }).click();
    await page.getByText('Good morning.').waitFor();
    const said = page.getByRole('listitem').filter({ hasText: 'Good morning.' });
    await page.getByRole('slider', { name: 'Position' }).press('End');
    expect(await said.getAttribute('aria-current')).to.equal(null);
    await said.getByRole('button').click();
    await page.locator('[aria-current=true]').filter({ hasText: 'Good morning.' }).waitFor();
    expect(await lab.faults(page)).to.deep.equal([]);
  });
});
