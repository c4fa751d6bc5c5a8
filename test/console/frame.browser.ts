import { readdir, readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { ACCOUNT, ConsoleLab, TOKEN } from '../support/browser.js';

const ASSETS = new URL('../../dist/console/assets/', import.meta.url);
const MOST_BYTES = 250_000;
const HOUR_MS = 3_600_000;
/** Milliseconds: far less than from one heartbeat of a stream to the next. */
const AT_ONCE_MS = 5000;

describe('the console', function () {
  this.timeout(60_000);
  let lab: ConsoleLab;
  const pages: Page[] = [];

  before(async () => {
    lab = await ConsoleLab.start();
  });
  afterEach(async () => {
    await Promise.all(pages.splice(0).map((page) => page.context().close()));
  });
  after(() => lab.close());

  const kept = (page: Page) => {
    pages.push(page);
    return page;
  };

  it('asks for a token, refuses one that is not known, and for an account where it is for all', async () => {
    const page = kept(await lab.visitor());
    await page.getByLabel('Token').fill('no token');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').getByText('This token is not known here.').waitFor();
    await page.getByLabel('Token').fill(TOKEN);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByLabel('Account').fill(ACCOUNT);
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('The service is ready').waitFor();
    expect(page.url()).not.to.include(encodeURIComponent(TOKEN));
    await page.reload();
    await page.getByText('The service is ready').waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Token').waitFor();
    expect(await page.evaluate('sessionStorage.length')).to.equal(0);
  });

  it('asks nobody but the service, and does nothing that its policy forbids', async () => {
    const page = kept(await lab.visitor());
    const asked: string[] = [];
    const refused: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).origin));
    page.on('console', (message) => {
      if (message.type() === 'error') refused.push(message.text());
    });
    const response = await page.reload();
    await page.getByLabel('Token').waitFor();
    const policy = response?.headers()['content-security-policy'];
    expect(policy).to.match(/^default-src 'none'; script-src 'self'; style-src 'self' 'nonce-[\w+/=]+';/);
    expect(policy).not.to.include('unsafe');
    expect(new Set(asked)).to.deep.equal(new Set([lab.service.url]));
    expect(refused).to.deep.equal([]);
  });

  it('has a nonce for each answer, and files that may be kept', async () => {
    const page = async () => (await fetch(lab.service.url)).text();
    expect(await page()).not.to.equal(await page());
    const [script = ''] = /\/assets\/[\w.-]+\.js/.exec(await page()) ?? [];
    const { headers } = await fetch(lab.service.url + script);
    expect(headers.get('cache-control')).to.equal('public, max-age=31536000, immutable');
  });

  it('is small, without the waveform', async () => {
    let bytes = 0;
    for (const file of await readdir(ASSETS)) {
      if (!file.startsWith('waveform')) bytes += gzipSync(await readFile(new URL(file, ASSETS))).length;
    }
    expect(bytes).to.be.within(10_000, MOST_BYTES);
  });

  it('leads back to the login when the token is deleted', async () => {
    const { id, token } = await lab.tokenOf('admin');
    const page = kept(await lab.loggedIn(token));
    await lab.ask('DELETE', `/tokens/${id}`);
    await page.getByRole('navigation').getByRole('link', { name: 'Calls now' }).click();
    await page.getByText('please log in again').waitFor();
  });

  it('leads back to the login at once when the token is deleted while it watches', async () => {
    const { id, token } = await lab.tokenOf('admin');
    const page = kept(await lab.loggedIn(token));
    await page.getByRole('navigation').getByRole('link', { name: 'Calls now' }).click();
    await page.getByText('live', { exact: true }).waitFor();
    await lab.ask('DELETE', `/tokens/${id}`);
    await page.getByText('please log in again').waitFor({ timeout: AT_ONCE_MS });
  });

  it('leads back to the login when the hour of a session is over', async () => {
    const session = await lab.session('1001');
    const page = kept(await lab.loggedIn(session));
    await page.getByRole('navigation').getByRole('link', { name: 'Recordings' }).click();
    await page.getByText('Loading…').waitFor({ state: 'detached' });
    expect(await page.getByRole('alert').count()).to.equal(0);
    const { now } = Date;
    Date.now = () => now() + HOUR_MS;
    try {
      await page.getByRole('button', { name: 'Find' }).click();
      await page.getByText('please log in again').waitFor();
    } finally {
      Date.now = now;
    }
    expect(await page.evaluate('sessionStorage.length')).to.equal(0);
  });

  it('shows a user no more than what is the user’s, and where the keyboard is', async () => {
    const { token } = await lab.tokenOf('user', '1001');
    const page = kept(await lab.loggedIn(token));
    expect(await page.getByRole('navigation').getByRole('link').allInnerTexts()).not.to.include('Webhooks');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).to.equal('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).to.equal('main');
  });

  it('runs the demo call', async () => {
    const page = kept(await lab.loggedIn());
    await page.getByRole('button', { name: 'Run the demo call' }).click();
    // The call itself lasts for most of it.
    await page.getByText('Done: the recording is in the list.').waitFor({ timeout: 45_000 });
    await page.getByText(/^\*72: 1002 pressed its keys and heard .* Hz: masked/).waitFor();
    const [recording] = await lab.ask<{ mask_intervals: unknown[] }[]>(
      'GET',
      `/accounts/${ACCOUNT}/recordings`,
    );
    expect(recording?.mask_intervals).to.have.length(1);
  });

  it('says of a demo call that nothing came of it, where the codes do nothing', async () => {
    const metaflows = `/accounts/${ACCOUNT}/users/1002/metaflows`;
    const before = await lab.ask<object>('GET', metaflows);
    await lab.ask('POST', metaflows, { numbers: {} });
    try {
      const page = kept(await lab.loggedIn());
      await page.getByRole('button', { name: 'Run the demo call' }).click();
      await page.getByText('No complete recording came of it.').waitFor({ timeout: 45_000 });
      await page.getByText(/^\*71: .*: nothing came of it$/).waitFor();
      expect(await page.getByText('Done').count()).to.equal(0);
    } finally {
      await lab.ask('POST', metaflows, before);
    }
  });

  it('hangs up a demo call that fails on the way', async () => {
    const page = kept(await lab.loggedIn());
    await page.route('**/phones/press', (route) => route.abort());
    await page.getByRole('button', { name: 'Run the demo call' }).click();
    await page.getByRole('alert').getByText('The service cannot be reached.').waitFor();
    await page.getByText('1001 hung up').waitFor();
  });

  it('tells again whether the service is ready, and that it is not there', async () => {
    const page = kept(await lab.loggedIn());
    await page.getByText('The service is ready').waitFor();
    const again = page.getByRole('button', { name: 'Look again' });
    const reason = 'no switch is connected';
    await page.route('**/readyz', (route) =>
      route.fulfill({ status: 503, json: { status: 'not ready', reason } }),
    );
    await again.click();
    await page.getByText(`The service is not ready: ${reason}.`).waitFor();
    await page.unroute('**/readyz');
    await page.route('**/readyz', (route) => route.abort());
    await again.click();
    await page.getByRole('alert').getByText('The service cannot be reached.').waitFor();
    await page.unroute('**/readyz');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('The service is ready').waitFor();
  });

  it('shows the start where an address is of no page', async () => {
    const page = kept(await lab.loggedIn());
    for (const hash of ['#/%', '#/toString']) {
      await page.goto(`${lab.service.url}/${hash}`);
      await page.reload();
      await page.getByRole('heading', { name: 'Start', level: 1 }).waitFor();
      await page.getByText('The service is ready').waitFor();
    }
  });

  it('leads to a page about the API that axe finds nothing on, nor its policy, on a telephone', async () => {
    const page = kept(await lab.visitor({ viewport: { width: 360, height: 740 } }));
    const refused: string[] = [];
    page.on('console', (message) => refused.push(message.text()));
    await page.goto(`${lab.service.url}/docs`);
    const open = (every: number) =>
      page.evaluate(
        `document.querySelectorAll('details').forEach((each, i) => (each.open = i % ${every} === 0))`,
      );
    await open(1);
    expect(await page.evaluate('document.documentElement.scrollWidth')).to.equal(360);
    // All of them take axe half a minute, and are alike.
    await open(10);
    expect(await lab.faults(page)).to.deep.equal([]);
    expect(refused).to.deep.equal([]);
  });

  it('leads to a page about the API whose schemas open where a link leads to them', async () => {
    const page = kept(await lab.visitor());
    await page.goto(`${lab.service.url}/docs`);
    const schema = page.locator('#Recording');
    expect(await schema.isVisible()).to.equal(false);
    await page.locator('details:has(a[href="#Recording"]) > summary').first().click();
    await page.locator('a[href="#Recording"]:visible').first().click();
    await schema.waitFor();
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has nothing that axe finds on any page, and none wider than a telephone, ${colorScheme}`, async () => {
      const page = kept(await lab.visitor({ colorScheme }));
      expect(await lab.faults(page)).to.deep.equal([]);
      const phone = kept(await lab.loggedIn(TOKEN, { colorScheme, viewport: { width: 360, height: 740 } }));
      for (const name of await phone.getByRole('navigation').getByRole('link').allInnerTexts()) {
        await phone.getByRole('navigation').getByRole('link', { name }).click();
        await phone.getByRole('heading', { name, level: 1 }).waitFor();
        await phone.getByText('Loading…').nth(1).waitFor({ state: 'detached' });
        await phone.getByText('Loading…').waitFor({ state: 'detached' });
        expect(await lab.faults(phone), name).to.deep.equal([]);
        expect(await phone.evaluate('document.documentElement.scrollWidth'), name).to.equal(360);
      }
    });
  }
});
