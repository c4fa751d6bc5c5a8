import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConsoleLab } from '../support/browser.js';

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
    const pages = page.getByRole('navigation');
    await pages.getByRole('link', { name: 'Metaflows' }).click();
    await page.getByRole('button', { name: 'Add a code' }).click();
    await page.getByRole('textbox', { name: 'Code' }).fill('81');
    await page.getByLabel('label', { exact: true }).fill('from the console');
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('This is not saved yet.').waitFor({ state: 'detached' });

    await pages.getByRole('link', { name: 'Calls now' }).click();
    await page.getByText('live', { exact: true }).waitFor();
    await lab.softswitch.call('1005', '1006');
    await page.getByText('Not recorded', { exact: true }).waitFor();
    await lab.softswitch.press('1005', '*81');
    await page.getByText('Recording', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Mask: 1005 → 1006' }).click();
    await page.getByText(/^Masked 0:0[1-9]$/).waitFor();
    await page.getByRole('button', { name: 'Stop: 1005 → 1006' }).click();
    await page.getByText('The recording has ended.').waitFor();

    await pages.getByRole('link', { name: 'Recordings' }).click();
    await page.getByLabel('Label').fill('from the console');
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByRole('row').filter({ hasText: '1005 → 1006' }).getByRole('link').click();
    await page.getByRole('button', { name: 'Make text' }).click();
    await page.getByText('Good morning.').waitFor();
    await page.getByRole('button', { name: 'Listen' }).click();
    await page.locator('.waveform').getByText('masked').waitFor();
    const said = page.getByRole('listitem').filter({ hasText: 'Good morning.' });
    await page.getByRole('slider', { name: 'Position' }).press('End');
    expect(await said.getAttribute('aria-current')).to.equal(null);
    await said.getByRole('button').click();
    await page.locator('[aria-current=true]').filter({ hasText: 'Good morning.' }).waitFor();
    expect(await lab.faults(page)).to.deep.equal([]);
  });
});
