import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { ACCOUNT, ConsoleLab, TOKEN } from '../support/browser.js';

describe('the console’s recordings', function () {
  this.timeout(60_000);
  let lab: ConsoleLab;
  let page: Page;

  before(async () => {
    lab = await ConsoleLab.start();
    await lab.softswitch.call('1001', '1002');
    for (const code of ['*71', '*72', '*73', '*74']) await lab.softswitch.press('1002', code);
    await lab.softswitch.hangup('1001');
    await lab.hangUp();
  });
  beforeEach(async () => {
    page = await lab.loggedIn();
    await page.getByRole('navigation').getByRole('link', { name: 'Recordings' }).click();
  });
  afterEach(() => page.context().close());
  after(() => lab.close());

  const open = () => page.getByRole('row').filter({ hasText: '1001 → 1002' }).getByRole('link').click();
  /** What is shown of the waveform, where the page itself cannot look. */
  const region = () => page.locator('.waveform').getByText('masked');

  it('are listed, and found by what they are', async () => {
    const rows = page.getByRole('row').filter({ hasText: '1001 → 1002' });
    await rows.waitFor();
    await page.getByLabel('Number').fill('1003');
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByText('No recording is like that.').waitFor();
    await page.getByLabel('Number').fill('1001');
    await page.getByLabel('From').fill('2020-01-01T00:00');
    await page.getByLabel('State').selectOption('completed');
    await page.getByRole('button', { name: 'Find' }).click();
    await rows.waitFor();
    expect(await lab.faults(page)).to.deep.equal([]);
  });

  it('come before what they are looked for by, on a telephone', async () => {
    const phone = await lab.loggedIn(TOKEN, { viewport: { width: 360, height: 740 } });
    try {
      await phone.getByRole('navigation').getByRole('link', { name: 'Recordings' }).click();
      const row = phone.getByRole('row').filter({ hasText: '1001 → 1002' });
      await row.waitFor();
      expect((await row.boundingBox())!.y).to.be.below(500);
      await phone.getByText('Filters').click();
      await phone.getByLabel('Number').fill('1003');
      await phone.getByRole('button', { name: 'Find' }).click();
      await phone.getByText('No recording is like that.').waitFor();
      await phone.getByLabel('Number').waitFor();
      expect(await lab.faults(phone)).to.deep.equal([]);
    } finally {
      await phone.context().close();
    }
  });

  it('are heard by the keyboard, with the masked span shaded, and it is accounted for', async () => {
    await open();
    await page.getByRole('button', { name: 'Listen' }).focus();
    await page.keyboard.press('Enter');
    await region().waitFor();
    const [recording] = await lab.ask<{ duration_ms: number; mask_intervals: [Span] }[]>(
      'GET',
      `/accounts/${ACCOUNT}/recordings`,
    );
    const [{ start_ms, end_ms }] = recording!.mask_intervals;
    const shaded = (await page.locator('.waveform').locator('[part~=region]').boundingBox())!;
    const all = (await page.locator('.waveform').boundingBox())!;
    expect((shaded.x - all.x) / all.width).to.be.closeTo(start_ms / recording!.duration_ms, 0.02);
    expect(shaded.width / all.width).to.be.closeTo((end_ms - start_ms) / recording!.duration_ms, 0.02);

    await page.getByRole('button', { name: 'Play' }).press('Enter');
    await page.getByRole('button', { name: 'Pause' }).press('Enter');
    const position = page.getByRole('slider', { name: 'Position' });
    await position.press('Home');
    await position.press('ArrowRight');
    await page.getByText('0:01 /').waitFor();
    await page.getByRole('cell', { name: 'listened to' }).waitFor();
    expect(await lab.faults(page)).to.deep.equal([]);
  });

  it('say where they were sent, and are sent again', async () => {
    const metaflows = `/accounts/${ACCOUNT}/users/1003/metaflows`;
    const url = 'http://127.0.0.1:1/nobody';
    await lab.ask('POST', metaflows, { numbers: { 7: { module: 'record_call', data: { url } } } });
    await lab.softswitch.call('1003', '1004');
    await lab.softswitch.press('1003', '*7');
    await lab.softswitch.hangup('1003');
    await lab.hangUp();
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByRole('row').filter({ hasText: '1003 → 1004' }).getByRole('link').click();
    const delivery = page.getByRole('region', { name: 'Delivery' });
    await delivery.getByText('127.0.0.1').waitFor();
    await delivery.getByText('address_denied').waitFor();
    await delivery.getByRole('button', { name: 'Send again' }).click();
    await delivery.getByText(/[12] attempt/).waitFor();
  });

  it('are held, let go and deleted', async () => {
    await open();
    await page.getByRole('button', { name: 'Hold' }).click();
    await page.getByText('nobody can delete it').waitFor();
    expect(await page.getByRole('button', { name: 'Delete' }).count()).to.equal(0);
    await page.getByRole('button', { name: 'Let go' }).click();
    page.once('dialog', (dialog) => void dialog.accept());
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Find' }).waitFor();
    expect(await page.getByRole('row').filter({ hasText: '1001 → 1002' }).count()).to.equal(0);
  });
});

interface Span {
  start_ms: number;
  end_ms: number;
}
