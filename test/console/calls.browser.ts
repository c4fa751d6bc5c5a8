import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { ACCOUNT, ConsoleLab, TOKEN } from '../support/browser.js';
import { Relay } from '../support/lab-relay.js';

const CHANNELS = `/accounts/${ACCOUNT}/channels`;

describe('the console’s calls', function () {
  this.timeout(60_000);
  let lab: ConsoleLab;
  const pages: Page[] = [];

  before(async () => {
    lab = await ConsoleLab.start();
  });
  afterEach(async () => {
    await Promise.all(pages.splice(0).map((page) => page.context().close()));
    await lab.hangUp();
  });
  after(() => lab.close());

  const open = async (token = TOKEN, url?: string) => {
    const page = await lab.loggedIn(token, {}, url);
    pages.push(page);
    await page.getByRole('navigation').getByRole('link', { name: 'Calls now' }).click();
    await page.getByText('live', { exact: true }).waitFor();
    return page;
  };
  const call = async (page: Page) => {
    await lab.softswitch.call('1001', '1002');
    await page.getByText('talks with').waitFor();
  };
  const button = (page: Page, name: string) => page.getByRole('button', { name: `${name}: 1001 → 1002` });

  it('come and go, and show what the codes do', async () => {
    const page = await open();
    await page.getByText('Nobody is on the telephone.').waitFor();
    await call(page);
    await page.getByText('Not recorded', { exact: true }).waitFor();
    await lab.softswitch.press('1002', '*71');
    await page.getByText('Recording', { exact: true }).waitFor();
    await lab.softswitch.press('1002', '*72');
    await page.getByText(/^Masked 0:\d\d$/).waitFor();
    await lab.softswitch.hangup('1001');
    await page.getByText('Nobody is on the telephone.').waitFor();
  });

  it('are recorded, masked, unmasked and stopped from the page, which says what came of it', async () => {
    const page = await open();
    await call(page);
    await button(page, 'Record').click();
    await page.getByText('The recording has started.').waitFor();
    await button(page, 'Mask').click();
    await page.getByText('Masked: the recording is silent now.').waitFor();
    await page.getByText(/^Masked 0:0[1-9]$/).waitFor();
    await button(page, 'Unmask').click();
    await page.getByText('In clear again.').waitFor();
    await button(page, 'Stop').click();
    await page.getByText('The recording has ended.').waitFor();
    await button(page, 'Record').waitFor();
    expect(await lab.faults(page)).to.deep.equal([]);
    const [recording] = await lab.ask<{ mask_intervals: { end_ms?: number }[]; stop_reason: string }[]>(
      'GET',
      `/accounts/${ACCOUNT}/recordings?page_size=1`,
    );
    expect(recording).to.include({ stop_reason: 'api' });
    expect(recording?.mask_intervals).to.have.length(1);
  });

  it('say why nothing happened', async () => {
    const page = await open();
    await call(page);
    await page.route('**/channels/*', (route) => route.abort());
    await button(page, 'Record').click();
    await page.getByText('The service cannot be reached.').waitFor();
    await page.getByText('Not recorded', { exact: true }).waitFor();
  });

  it('have no buttons for a viewer', async () => {
    const { token } = await lab.tokenOf('viewer');
    const page = await open(token);
    await call(page);
    await page.getByText('Not recorded', { exact: true }).waitFor();
    expect(await page.getByRole('main').getByRole('button').count()).to.equal(0);
  });

  it('are those of now again when a stream that was lost comes back', async () => {
    const relay = new Relay(Number(new URL(lab.service.url).port));
    const port = await relay.open();
    try {
      const page = await open(TOKEN, `http://127.0.0.1:${port}`);
      await call(page);
      relay.port = 1;
      relay.cut();
      await page.getByText('The live stream is lost').waitFor();
      await page.getByRole('alert').getByText('The service cannot be reached.').waitFor();
      await lab.softswitch.press('1002', '*71');
      relay.port = Number(new URL(lab.service.url).port);
      await page.getByText('live', { exact: true }).waitFor();
      await button(page, 'Mask').waitFor();
    } finally {
      await relay.close();
    }
  });

  it('say why there is no stream, and are there when it is tried again', async () => {
    const { token } = await lab.tokenOf('admin');
    const ending = new AbortController();
    const events = `${lab.service.url}/v2/accounts/${ACCOUNT}/events`;
    const stream = () => fetch(events, { headers: { 'X-Auth-Token': token }, signal: ending.signal });
    expect((await Promise.all(Array.from({ length: 6 }, stream))).map(({ status }) => status)).not.to.include(
      429,
    );
    const page = await lab.loggedIn(token);
    pages.push(page);
    await page.getByRole('navigation').getByRole('link', { name: 'Calls now' }).click();
    await page.getByRole('alert').getByText('this token has 6 live streams open already').waitFor();
    expect(await page.getByText('Loading…').count()).to.equal(0);
    ending.abort();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Nobody is on the telephone.').waitFor();
    expect(await page.getByRole('alert').count()).to.equal(0);
  });

  it('are asked for again when they could not be had, with the next stream or when it is tried again', async () => {
    const relay = new Relay(Number(new URL(lab.service.url).port));
    const port = await relay.open();
    const page = await lab.loggedIn(TOKEN, {}, `http://127.0.0.1:${port}`);
    pages.push(page);
    const failAndMend = async (mend: () => unknown) => {
      await page.route('**/channels', (route) => route.abort());
      await page.getByRole('navigation').getByRole('link', { name: 'Calls now' }).click();
      await page.getByRole('alert').getByText('The service cannot be reached.').waitFor();
      await page.unroute('**/channels');
      await mend();
      await page.getByText('Nobody is on the telephone.').waitFor();
      await page.getByRole('alert').waitFor({ state: 'detached' });
    };
    try {
      await failAndMend(() => relay.cut());
      await page.getByRole('navigation').getByRole('link', { name: 'Start' }).click();
      await failAndMend(() => page.getByRole('button', { name: 'Try again' }).click());
    } finally {
      await relay.close();
    }
  });

  it('tell of each how long it is masked, however many there are', async () => {
    const others = ['1003', '1005', '1007'];
    for (const user of others) await lab.softswitch.call(user, String(Number(user) + 1));
    const masked = (data: object) => ({ action: 'metaflow', data: { module: 'record_call', data } });
    for (const { uuid, direction } of await lab.ask<{ uuid: string; direction: string }[]>('GET', CHANNELS)) {
      if (direction !== 'inbound') continue;
      for (const action of ['start', 'mask']) await lab.ask('PUT', `${CHANNELS}/${uuid}`, masked({ action }));
    }
    const page = await lab.loggedIn();
    pages.push(page);
    // So that there are many pages of few.
    await page.route('**/recordings?*', (route) => {
      const url = new URL(route.request().url());
      url.searchParams.set('page_size', '1');
      return route.continue({ url: url.href });
    });
    await page.getByRole('navigation').getByRole('link', { name: 'Calls now' }).click();
    await page
      .getByText(/^Masked 0:\d\d$/)
      .nth(others.length - 1)
      .waitFor();
  });

  it('are found by their numbers and by how they are recorded', async () => {
    const page = await open();
    await lab.softswitch.call('1001', '1002');
    await lab.softswitch.call('1003', '1004');
    await lab.softswitch.press('1002', '*71');
    await page.getByText('2 calls').waitFor();
    await page.getByLabel('Search').fill('1004');
    await page.getByText('1 of 2 calls').waitFor();
    expect(await page.getByRole('listitem').filter({ hasText: '1003' }).count()).to.equal(1);
    await page.getByLabel('Search').fill('');
    await page.getByLabel('Show').selectOption('recorded');
    await page.getByText('1 of 2 calls').waitFor();
    expect(await page.getByRole('listitem').filter({ hasText: '1001' }).count()).to.equal(1);
    await page.getByLabel('Search').fill('nobody');
    await page.getByText('No call is like that.').waitFor();
  });
});
