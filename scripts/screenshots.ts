/** `npm run screenshots`: the console's pages, as docs/ shows them. */
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { ACCOUNT, ConsoleLab } from '../test/support/browser.js';

const FOLDER = fileURLToPath(new URL('../docs/console/', import.meta.url));
const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

const lab = await ConsoleLab.start();
await mkdir(FOLDER, { recursive: true });

async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${FOLDER}${name}.png` });
}

async function open(colorScheme: 'light' | 'dark', viewport = WIDE): Promise<Page> {
  return lab.loggedIn(undefined, { colorScheme, viewport });
}

await lab.ask('POST', `/accounts/${ACCOUNT}/metaflows`, {
  numbers: { 71: { module: 'record_call' }, 72: { module: 'record_call', data: { action: 'mask' } } },
});
for (const [from, to] of [
  ['1001', '1002'],
  ['1003', '1004'],
  ['1005', '1006'],
] as const) {
  await lab.softswitch.call(from, to);
}
await lab.ask('PUT', `/accounts/${ACCOUNT}/webhooks`, {
  name: 'archive',
  uri: 'https://archive.example/recordings',
  hook: 'recording',
});
await lab.tokenOf('viewer');
await lab.tokenOf('user', '1001');
await lab.softswitch.press('1002', '*71');
await lab.softswitch.press('1003', '*71');
await lab.softswitch.press('1003', '*72');

for (const [scheme, viewport] of [
  ['light', WIDE],
  ['dark', PHONE],
] as const) {
  const page = await open(scheme, viewport);
  await page.getByText('The service is ready').waitFor();
  await page.getByRole('heading', { name: 'Demo call' }).waitFor();
  await shoot(page, `start-${scheme}`);
  await page.getByRole('navigation').getByRole('link', { name: 'Calls now' }).click();
  await page.getByText('1005').first().waitFor();
  await shoot(page, `calls-${scheme}`);
}
await lab.hangUp();
for (const [scheme, viewport] of [
  ['light', WIDE],
  ['dark', PHONE],
] as const) {
  const page = await open(scheme, viewport);
  await page.getByRole('navigation').getByRole('link', { name: 'Recordings' }).click();
  await page.getByRole('row').nth(2).waitFor();
  await shoot(page, `recordings-${scheme}`);
  await page.getByRole('row').filter({ hasText: '1003' }).getByRole('link').click();
  await page.getByRole('button', { name: 'Listen' }).click();
  await page.getByRole('button', { name: 'Play' }).waitFor();
  await shoot(page, `recording-${scheme}`);
  await page.getByRole('navigation').getByRole('link', { name: 'Metaflows' }).click();
  await page.getByRole('button', { name: 'Edit *72' }).click();
  await shoot(page, `metaflows-${scheme}`);
  await page.getByRole('heading', { name: 'Try it' }).scrollIntoViewIfNeeded();
  await page.getByRole('button', { name: /^\*/ }).click();
  await page.getByRole('button', { name: /^7/ }).click();
  await page.locator('.keypad').scrollIntoViewIfNeeded();
  await shoot(page, `keypad-${scheme}`);
  await page.getByRole('navigation').getByRole('link', { name: 'Webhooks' }).click();
  await page.getByRole('button', { name: 'Test archive' }).click();
  await page.getByRole('cell', { name: 'recording.completed' }).first().waitFor();
  await shoot(page, `webhooks-${scheme}`);
  await page.getByRole('navigation').getByRole('link', { name: 'Site' }).click();
  await page.getByText('embedded softswitch').waitFor();
  await page.getByRole('row').nth(3).waitFor();
  await shoot(page, `site-${scheme}`);
}
await lab.close();
