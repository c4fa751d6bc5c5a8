import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { ACCOUNT, ConsoleLab } from '../support/browser.js';
import { journey } from '../support/journey.js';

const CALLS = 5000;
/** Of those: many more than the API lists unless it is asked for more. */
const MASKED = 300;
/** What is done at a time. */
const AT_ONCE = 50;
/** What a page may hold, however many calls there are. */
const MOST_ROWS = 60;
/** Milliseconds for which the page may be busy at a stretch, on a machine that does other things too. */
const LONGEST_TASK_MS = 1000;
const CHANNELS = `/accounts/${ACCOUNT}/channels`;

describe('the console, with 5,000 calls', function () {
  this.timeout(180_000);
  let lab: ConsoleLab;
  let page: Page;

  before(async () => {
    lab = await ConsoleLab.start();
    await inTurns(CALLS, (index) => {
      const user = 1003 + 2 * (index % 9);
      return lab.softswitch.call(String(user), String(user + 1));
    });
    const legs = await lab.ask<{ uuid: string; direction: string }[]>('GET', CHANNELS);
    const callers = legs.filter(({ direction }) => direction === 'inbound');
    await inTurns(MASKED, async (index) => {
      for (const action of ['start', 'mask']) {
        const data = { module: 'record_call', data: { action } };
        await lab.ask('PUT', `${CHANNELS}/${callers[index]!.uuid}`, { action: 'metaflow', data });
      }
    });
  });
  beforeEach(async () => {
    page = await lab.loggedIn();
    await page.evaluate(`
      window.longest = 0;
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
      }).observe({ type: 'longtask' });
    `);
  });
  afterEach(async () => {
    const longest = await page.evaluate('window.longest');
    await page.context().close();
    expect(longest).to.be.below(LONGEST_TASK_MS);
  });
  after(() => lab.close());

  it('shows all of them, and of each that is masked for how long', async () => {
    await page.getByRole('navigation').getByRole('link', { name: 'Calls now' }).click();
    await page.getByText(`${CALLS} calls`).waitFor();
    const list = page.getByRole('region', { name: 'Live calls' });
    const rows = () => list.getByRole('listitem').allInnerTexts();
    const top = await rows();
    await list.focus();
    await page.keyboard.press('End');
    await list.locator(`[aria-posinset="${CALLS}"]`).waitFor();
    expect(await rows()).not.to.deep.equal(top);
    expect((await rows()).length).to.be.within(5, MOST_ROWS);

    await page.getByLabel('Show').selectOption('masked');
    await page.getByText(`${MASKED} of ${CALLS} calls`).waitFor();
    for (const [key, place] of [
      ['Home', 1],
      ['End', MASKED],
    ] as const) {
      await list.focus();
      await page.keyboard.press(key);
      await list.locator(`[aria-posinset="${place}"]`).waitFor();
      for (const row of await rows()) expect(row).to.match(/Masked \d+:\d\d/);
    }
  });

  it('lets a visitor do with one of them all that they do', async () => {
    await journey(lab, page);
  });
});

/** Does it so often, some at a time. */
async function inTurns(times: number, act: (index: number) => Promise<unknown>): Promise<void> {
  for (let first = 0; first < times; first += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, times - first) }, (_, index) => act(first + index));
    await Promise.all(some);
  }
}
