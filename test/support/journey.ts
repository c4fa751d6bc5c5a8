/** What a visitor of the console does from a code of their own to the recording that it made. */
import type { Page } from 'playwright-core';
import type { ConsoleLab } from './browser.js';

const CODE = '81';
const LABEL = 'from the console';
const CALL = '1001 → 1002';

/** Of a visitor who has logged in, on a call of 1001 and 1002, whoever else is in one. Ends on the recording's page. */
export async function journey(lab: ConsoleLab, page: Page): Promise<void> {
  const pages = page.getByRole('navigation');
  const button = (name: string) => page.getByRole('button', { name, exact: true });

  await pages.getByRole('link', { name: 'Metaflows' }).click();
  await button('Add a code').click();
  await page.getByRole('textbox', { name: 'Code' }).fill(CODE);
  await page.getByLabel('label', { exact: true }).fill(LABEL);
  await button('Apply').click();
  await button('Save').click();
  await page.getByText('This is not saved yet.').waitFor({ state: 'detached' });

  await pages.getByRole('link', { name: 'Calls now' }).click();
  await page.getByText('live', { exact: true }).waitFor();
  await page.getByLabel('Search').fill('1001');
  await lab.softswitch.call('1001', '1002');
  await page.getByText('Not recorded', { exact: true }).waitFor();
  await lab.softswitch.press('1001', `*${CODE}`);
  await page.getByText('Recording', { exact: true }).waitFor();
  await button(`Mask: ${CALL}`).click();
  await page.getByText('Masked: the recording is silent now.').waitFor();
  await page.getByText(/^Masked 0:0[1-9]$/).waitFor();
  await button(`Unmask: ${CALL}`).click();
  await page.getByText('In clear again.').waitFor();
  await button(`Stop: ${CALL}`).click();
  await page.getByText('The recording has ended.').waitFor();
  await page.getByText('Not recorded', { exact: true }).waitFor();
  await lab.softswitch.hangup('1001');
  await page.getByText('No call is like that.').or(page.getByText('Nobody is on the telephone.')).waitFor();

  await pages.getByRole('link', { name: 'Recordings' }).click();
  await page.getByLabel('Label').fill(LABEL);
  await button('Find').click();
  await page.getByRole('row').filter({ hasText: CALL }).getByRole('link').click();
  await button('Listen').click();
  await page.locator('.waveform').getByText('masked').waitFor();
  await button('Play').press('Enter');
  await button('Pause').press('Enter');
  await button('Play').waitFor();
}
