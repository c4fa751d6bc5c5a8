import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { ACCOUNT, ConsoleLab, TOKEN } from '../support/browser.js';

const HOOKS = `/accounts/${ACCOUNT}/webhooks`;

describe('the console’s webhooks, tokens and switches', function () {
  this.timeout(60_000);
  let lab: ConsoleLab;
  let page: Page;
  let server: Server;
  const told: string[] = [];
  let status = 418;

  before(async () => {
    server = createServer((req, res) => {
      told.push(req.url ?? '');
      res.statusCode = status;
      res.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    lab = await ConsoleLab.start({ METAFLOWS_DELIVERY_ALLOW: '127.0.0.1/32' });
  });
  afterEach(() => page.context().close());
  after(async () => {
    server.close();
    await lab.close();
  });

  const open = async (name: string, token = TOKEN) => {
    page = await lab.loggedIn(token);
    await page.getByRole('navigation').getByRole('link', { name }).click();
    await page.getByRole('heading', { name, level: 1 }).waitFor();
  };

  it('make a webhook, whose secret is shown once, test it, switch it off and delete it', async () => {
    await open('Webhooks');
    await page.getByText('Nobody is told anything yet.').waitFor();
    await page.getByRole('button', { name: 'Add a webhook' }).click();
    await page.getByLabel('name', { exact: true }).fill('archive');
    const { port } = server.address() as AddressInfo;
    await page.getByLabel('uri', { exact: true }).fill(`http://127.0.0.1:${port}/told`);
    await page.getByLabel('hook', { exact: true }).selectOption('recording');
    await page.getByLabel('signature', { exact: true }).selectOption('hmac-sha256');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Its secret, shown this once: whsec_').waitFor();
    await page.getByRole('button', { name: 'Test archive' }).click();
    await page.getByRole('cell', { name: 'failed http_status 418' }).waitFor();
    expect(told).to.deep.equal(['/told']);
    expect(await lab.faults(page)).to.deep.equal([]);
    await page.getByRole('button', { name: 'Edit archive' }).click();
    const own = page.getByRole('group', { name: 'custom_data' });
    await own.getByRole('button', { name: 'Give custom_data' }).click();
    for (const [place, [key, value]] of Object.entries({
      tenant: 'seven',
      zip: '"10117"',
      tags: '[1]',
    }).entries()) {
      await own.getByRole('button', { name: 'Add to custom_data' }).click();
      await own.getByRole('textbox', { name: `key ${place + 1}` }).fill(key);
      await own.getByRole('textbox', { name: `value ${place + 1}` }).fill(value);
    }
    expect(await lab.faults(page)).to.deep.equal([]);
    await page.getByLabel('uri', { exact: true }).fill(`http://127.0.0.1:${port}/elsewhere`);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('cell', { name: '/elsewhere' }).waitFor();
    const custom = async () => (await lab.ask<{ custom_data?: object }[]>('GET', HOOKS))[0]?.custom_data;
    expect(await custom()).to.deep.equal({ tenant: 'seven', zip: '10117', tags: [1] });
    await page.getByRole('button', { name: 'Edit archive' }).click();
    expect(await own.getByRole('textbox', { name: 'value 2' }).inputValue()).to.equal('"10117"');
    await own.getByRole('button', { name: 'Remove custom_data 1' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await own.waitFor({ state: 'detached' });
    expect(await custom()).to.deep.equal({ zip: '10117', tags: [1] });
    await page.getByRole('button', { name: 'Switch off archive' }).click();
    await page.getByText('Off', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Switch on archive' }).waitFor();
    page.once('dialog', (dialog) => void dialog.accept());
    await page.getByRole('button', { name: 'Delete archive' }).click();
    await page.getByText('Nobody is told anything yet.').waitFor();
  });

  it('tell a webhook again what it refused, one event at a time, on its page and on the recording’s', async () => {
    const { port } = server.address() as AddressInfo;
    const uri = `http://127.0.0.1:${port}/refused`;
    const hook = { name: 'ledger', uri, hook: 'recording', retries: 0 };
    const { id } = await lab.ask<{ id: string }>('PUT', HOOKS, hook);
    await lab.softswitch.call('1001', '1002');
    for (const code of ['*71', '*74']) await lab.softswitch.press('1002', code);
    await lab.hangUp();
    await open('Webhooks');
    await page.getByRole('button', { name: 'Attempts ledger' }).click();
    const row = (event: string) => page.getByRole('row').filter({ hasText: event });
    await row('recording.completed').filter({ hasText: 'failed http_status 418' }).waitFor();
    expect(await lab.faults(page)).to.deep.equal([]);
    const again = page.getByRole('button', { name: 'Tell again recording.completed' });
    await again.click();
    await row('recording.completed').nth(1).waitFor();
    status = 200;
    await again.click();
    await row('recording.completed').filter({ hasText: 'arrived' }).waitFor();
    expect(await again.count()).to.equal(0);

    await page.getByRole('navigation').getByRole('link', { name: 'Recordings' }).click();
    await page.getByRole('row').filter({ hasText: '1001 → 1002' }).getByRole('link').click();
    await page.getByRole('button', { name: 'Tell again recording.started' }).click();
    await row('recording.started').filter({ hasText: 'ledger' }).filter({ hasText: 'arrived' }).waitFor();
    expect(await lab.faults(page)).to.deep.equal([]);
    await lab.ask('DELETE', `/accounts/${ACCOUNT}/webhooks/${id}`);
  });

  it('show webhooks to a viewer, who can change nothing', async () => {
    const hook = { name: 'archive', uri: 'http://archive.test', hook: 'recording' };
    await lab.ask('PUT', HOOKS, hook);
    await open('Webhooks', (await lab.tokenOf('viewer')).token);
    await page.getByRole('button', { name: 'Attempts archive' }).click();
    await page.getByText('Nothing yet.').waitFor();
    expect(await page.getByRole('main').getByRole('button').count()).to.equal(1);
  });

  it('tell how the switch does, and make and delete tokens', async () => {
    await open('Site');
    await page.getByRole('row', { name: /embedded softswitch connected \d+ ms/ }).waitFor();
    await page.getByText('are free on the disk').waitFor();
    await page.getByLabel('Role').selectOption('user');
    await page.getByLabel('Account').fill(ACCOUNT);
    await page.getByRole('textbox', { name: 'User' }).fill('1042');
    await page.getByRole('button', { name: 'Make a token' }).click();
    const shown = await page.getByText('The token, shown this once: ').innerText();
    const row = page.getByRole('row').filter({ hasText: '1042' });
    await row.waitFor();
    expect(await lab.faults(page)).to.deep.equal([]);
    const ask = () =>
      fetch(`${lab.service.url}/v2/accounts/${ACCOUNT}/users/1042/metaflows`, {
        headers: { 'X-Auth-Token': shown.replace(/^.*: /, '') },
      });
    expect((await ask()).status).to.equal(200);
    page.once('dialog', (dialog) => void dialog.accept());
    await row.getByRole('button', { name: 'Delete' }).click();
    await row.waitFor({ state: 'detached' });
    expect((await ask()).status).to.equal(401);
  });
});
