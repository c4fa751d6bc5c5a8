import { expect } from 'chai';
import { ConsoleLab } from '../support/browser.js';

const CALLS = 5000;
/** Calls that begin at a time. */
const AT_ONCE = 50;
/** What a page may hold, however many calls there are. */
const MOST_ROWS = 60;
/** Milliseconds for which the page may be busy at a stretch, on a machine that does other things too. */
const LONGEST_TASK_MS = 1000;

describe('the console, with 5,000 calls', function () {
  this.timeout(120_000);
  let lab: ConsoleLab;

  before(async () => {
    lab = await ConsoleLab.start();
    for (let first = 1; first < CALLS; first += AT_ONCE) {
      const calls = Array.from({ length: Math.min(AT_ONCE, CALLS - first) }, (_, index) => {
        const user = 1003 + 2 * (index % 9);
        return lab.softswitch.call(String(user), String(user + 1));
      });
      await Promise.all(calls);
    }
  });
  after(() => lab.close());

  it('finds one, records, masks and stops it, and shows what becomes of it', async () => {
    const page = await lab.loggedIn();
    await page.getByRole('navigation').getByRole('link', { name: 'Calls now' }).click();
    await page.getByText(`${CALLS - 1} calls`).waitFor();
    await lab.softswitch.call('1001', '1002');
    await page.getByText(`${CALLS} calls`).waitFor();
    await page.evaluate(`
      window.longest = 0;
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
      }).observe({ type: 'longtask' });
    `);
    const list = page.getByRole('region', { name: 'Live calls' });
    const names = () => list.getByRole('listitem').allInnerTexts();
    const top = await names();
    await list.focus();
    await page.keyboard.press('End');
    await list.locator(`[aria-posinset="${CALLS}"]`).waitFor();
    expect(await names()).not.to.deep.equal(top);
    expect((await names()).length).to.be.within(5, MOST_ROWS);

    await page.getByLabel('Search').fill('1001');
    await page.getByText(`1 of ${CALLS} calls`).waitFor();
    for (const [action, outcome] of [
      ['Record', 'The recording has started.'],
      ['Mask', 'Masked: the recording is silent now.'],
      ['Unmask', 'In clear again.'],
      ['Stop', 'The recording has ended.'],
    ] as const) {
      await page.getByRole('button', { name: `${action}: 1001 → 1002` }).click();
      await page.getByText(outcome).waitFor();
    }
    await page.getByText('Not recorded', { exact: true }).waitFor();
    await lab.softswitch.hangup('1001');
    await page.getByText(`0 of ${CALLS - 1} calls`).waitFor();
    expect(await page.evaluate('window.longest')).to.be.below(LONGEST_TASK_MS);
  });
});
