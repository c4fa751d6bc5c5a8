import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import type { Locator, Page } from 'playwright-core';
import { ACCOUNT, ConsoleLab, TOKEN } from '../support/browser.js';

const OF_ACCOUNT = `/accounts/${ACCOUNT}/metaflows`;
const OF_USER = `/accounts/${ACCOUNT}/users/1003/metaflows`;
const RECORD = { module: 'record_call', data: { action: 'start' } };

describe('the console’s metaflows', function () {
  this.timeout(60_000);
  let lab: ConsoleLab;
  let page: Page;

  before(async () => {
    lab = await ConsoleLab.start();
  });
  beforeEach(async () => {
    await lab.ask('POST', OF_ACCOUNT, { numbers: { 7: RECORD } });
    await lab.ask('DELETE', OF_USER);
  });
  afterEach(() => page.context().close());
  after(() => lab.close());

  const open = async (token = TOKEN, options?: Parameters<ConsoleLab['loggedIn']>[1]) => {
    page = await lab.loggedIn(token, options);
    await page.getByRole('navigation').getByRole('link', { name: 'Metaflows' }).click();
    await page.getByRole('heading', { name: 'Codes' }).waitFor();
  };
  const openUser = async () => {
    await open();
    await page.getByLabel('Whose').selectOption('user');
    await page.getByRole('textbox', { name: 'User' }).fill('1003');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByRole('row', { name: /^\*7 .*the account/ }).waitFor();
  };
  const stored = (path = OF_USER) => lab.ask('GET', path);
  const saved = () => page.getByText('This is not saved yet.').waitFor({ state: 'detached' });

  it('are written with the form, which is drawn from the schema, and work in a call', async () => {
    await openUser();
    await page.getByRole('button', { name: 'Add a code' }).click();
    await page.getByRole('textbox', { name: 'Code' }).fill('85');
    await page.getByLabel('action', { exact: true }).selectOption('start');
    await page.getByLabel('time_limit', { exact: true }).fill('60');
    await page.getByLabel('play_beep').selectOption('no');
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByRole('row', { name: /^\*85 Record the user/ }).waitFor();
    expect(await lab.faults(page)).to.deep.equal([]);
    await page.getByRole('button', { name: 'Save' }).click();
    await saved();
    const data = { action: 'start', time_limit: 60, play_beep: false };
    expect(await stored()).to.deep.equal({ numbers: { 85: { module: 'record_call', data } } });
    await page.getByRole('navigation').getByRole('link', { name: 'Calls now' }).click();
    await page.getByText('live', { exact: true }).waitFor();
    await lab.softswitch.call('1003', '1004');
    await lab.softswitch.press('1003', '*85');
    await page.getByText('Recording', { exact: true }).waitFor();
    await lab.hangUp();
  });

  it('are written with all that a module takes: who is called back, and what is done next', async () => {
    await openUser();
    await page.getByRole('button', { name: 'Add a code' }).click();
    await page.getByRole('textbox', { name: 'Code' }).fill('86');
    const callback = page.getByRole('group', { name: 'callback' });
    await callback.getByRole('button', { name: 'Give callback' }).click();
    await page.getByRole('button', { name: 'Apply' }).click();
    expect(
      await callback.getByLabel('url', { exact: true }).evaluate((field) => field.matches(':invalid')),
    ).to.equal(true);
    await callback.getByLabel('system').selectOption('ozeki');
    await callback.getByLabel('url', { exact: true }).fill('http://ozeki.test/told');
    await callback.getByLabel('base_url').fill('http://here.test');
    await page.getByRole('button', { name: 'Then do something else' }).click();
    const next = page.getByRole('group', { name: 'Then', exact: true });
    await next.getByLabel('What it does').selectOption('hangup');
    expect(await lab.faults(page)).to.deep.equal([]);
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByRole('row', { name: /^\*86 Record, then: Hang up the user/ }).waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await saved();
    const data = {
      callback: { system: 'ozeki', url: 'http://ozeki.test/told', base_url: 'http://here.test' },
    };
    const children = { _: { module: 'hangup' } };
    expect(await stored()).to.deep.equal({ numbers: { 86: { module: 'record_call', data, children } } });

    await page.getByRole('button', { name: 'Edit *86' }).click();
    await page.getByRole('button', { name: 'Leave out callback' }).click();
    await page.getByRole('button', { name: 'Then do nothing else' }).click();
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await saved();
    expect(await stored()).to.deep.equal({ numbers: { 86: { module: 'record_call', data: {} } } });
  });

  it('are shown as a user has them on a device, whose come between', async () => {
    const ofDevice = `/accounts/${ACCOUNT}/devices/desk/metaflows`;
    await lab.ask('POST', ofDevice, { numbers: { 7: { module: 'hangup' }, 8: RECORD } });
    await lab.ask('POST', OF_USER, { numbers: { 8: { module: 'none' } } });
    await openUser();
    expect(await page.getByRole('row', { name: /^\*8/ }).allInnerTexts()).not.to.match(/device/);
    await page.getByRole('textbox', { name: 'On device' }).fill('desk');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByRole('row', { name: /^\*7 Hang up the device, instead of the account/ }).waitFor();
    await page.getByRole('row', { name: /^\*8 Nothing.* the user, instead of the device/ }).waitFor();
    await page.getByRole('button', { name: 'Override *7' }).click();
    await page.getByRole('button', { name: 'Apply' }).click();
    await page
      .getByRole('row', { name: /^\*7 Hang up the user, instead of the device and the account/ })
      .waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await saved();
    await page.getByRole('row', { name: /^\*7 .*instead of the device/ }).waitFor();
    expect(await stored()).to.deep.equal({ numbers: { 7: { module: 'hangup' }, 8: { module: 'none' } } });
    await lab.ask('DELETE', ofDevice);
  });

  it('are a list on a telephone, where each cell says what it is, and nothing is to be scrolled to', async () => {
    await open(TOKEN, { viewport: { width: 360, height: 740 } });
    const row = page.getByRole('row', { name: /^\*7 Record the account/ });
    expect(
      await row
        .getByRole('cell')
        .first()
        .evaluate((cell) => getComputedStyle(cell, '::before').content),
    ).to.equal('"What it does" / ""');
    const { x, width } = (await row.getByRole('button', { name: 'Remove *7' }).boundingBox())!;
    expect(x + width).to.be.below(360);
    expect(await lab.faults(page)).to.deep.equal([]);
  });

  it('say which codes make each other wait, and what would fire and when', async () => {
    await lab.ask('POST', OF_USER, {
      digit_timeout: 1000,
      numbers: { 71: { module: 'hangup' } },
    });
    await openUser();
    await page.getByText('*7 works only 1000 ms after its last digit: *71 could still come.').waitFor();
    const keypad = page.getByRole('group', { name: 'Try it' });
    for (const key of ['*', '7']) await keypad.getByRole('button', { name: new RegExp(`^[${key}]`) }).click();
    await page.getByText('*7…', { exact: true }).waitFor();
    await page.getByText('*7: Record, after 1000 ms.').waitFor();
    await keypad.getByRole('button').first().focus();
    await page.keyboard.type('*71');
    await page.getByText('*71: Hang up, at once.').waitFor();
    await page.keyboard.type('*9');
    await page.getByText('*9: nothing.').waitFor();
    await page.getByRole('heading', { name: 'Try it' }).click();
    await keypad.focus();
    await page.keyboard.type('*8');
    await page.getByText('*8: nothing.').waitFor();
  });

  it('are written as JSON, which is judged as it is typed', async () => {
    await openUser();
    const json = page.getByRole('textbox', { name: 'JSON' });
    const wrong: [string, RegExp][] = [
      ['{', /JSON/],
      [
        JSON.stringify({ numbers: { 7: { module: 'record_call', data: { action: 'begin' } } } }),
        /action: .*"begin"|action/,
      ],
      [JSON.stringify({ numbers: { 7: { module: 'nothing' } } }), /module/],
      [JSON.stringify({ colour: 'red' }), /colour: there is no such key/],
      [JSON.stringify({ patterns: { '^7 1$': { module: 'none' } } }), /the pattern matches no digits/],
    ];
    for (const [text, fault] of wrong) {
      await json.fill(text);
      const faults = page.locator('#json-faults').getByRole('listitem');
      await faults.first().waitFor();
      expect((await faults.allInnerTexts()).join('\n')).to.match(fault);
      expect(await faults.count()).to.equal(1);
    }
    await json.fill(JSON.stringify({ data: { numbers: { 9: { module: 'hangup' } } } }));
    await page.getByRole('row', { name: /^\*9 Hang up the user/ }).waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await saved();
    expect(await stored()).to.deep.equal({ numbers: { 9: { module: 'hangup' } } });
  });

  it('are not saved while the JSON is not valid, and nothing else replaces it', async () => {
    await openUser();
    const json = page.getByRole('textbox', { name: 'JSON' });
    await page.getByRole('button', { name: 'Override *7' }).click();
    await json.fill(JSON.stringify({ numbers: { 9: { module: 'hangup' } } }));
    await json.press('Backspace');
    await page.getByText('The JSON is not valid: mend it, or undo all.').waitFor();
    for (const name of ['Save', 'Apply']) {
      expect(await page.getByRole('button', { name }).isDisabled(), name).to.equal(true);
    }
    expect(await page.getByRole('button', { name: /Edit|Add a code|Remove/ }).count()).to.equal(0);
    await page.getByRole('button', { name: 'Undo all' }).click();
    const faults = page.locator('#json-faults').getByRole('listitem');
    await faults.waitFor({ state: 'detached' });
    expect(await json.inputValue()).to.equal('{}');
    await json.fill('');
    await faults.waitFor();
    await page.getByRole('button', { name: 'Undo all' }).click();
    await faults.waitFor({ state: 'detached' });
    expect(await json.inputValue()).to.equal('{}');
    expect(await page.getByText('This is not saved yet.').count()).to.equal(0);
    expect(await stored()).to.deep.equal({});
  });

  it('keep a code that there is where another of its name is added', async () => {
    await open();
    await page.getByRole('button', { name: 'Add a code' }).click();
    await page.getByRole('textbox', { name: 'Code' }).fill('7');
    await page.getByText('There is such a code already').waitFor();
    expect(await page.getByRole('button', { name: 'Apply' }).isDisabled()).to.equal(true);
    expect(await lab.faults(page)).to.deep.equal([]);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Edit *7' }).click();
    expect(await page.getByRole('button', { name: 'Apply' }).isDisabled()).to.equal(false);
  });

  it('are not lost without a question: by another page, a log-out, or a code that is still being written', async () => {
    await openUser();
    await page.getByRole('button', { name: 'Override *7' }).click();
    await page.getByRole('button', { name: 'Apply' }).click();
    const asked: string[] = [];
    page.on('dialog', (dialog) => {
      asked.push(dialog.message());
      void dialog.dismiss();
    });
    const here = page.url();
    const elsewhere = page.getByRole('navigation').getByRole('link', { name: 'Calls now' });
    const stay = async (way: Locator) => {
      await Promise.all([page.waitForEvent('dialog'), way.click()]);
      await page.waitForURL(here);
    };
    await stay(elsewhere);
    await stay(page.getByRole('button', { name: 'Log out' }));
    await page.getByText('This is not saved yet.').waitFor();
    expect(asked).to.deep.equal(Array(2).fill('Leave, and lose what is not saved?'));

    await page.getByRole('button', { name: 'Add a code' }).click();
    await page.getByText('Apply the code that is being written, or cancel it.').waitFor();
    expect(await page.getByRole('button', { name: 'Save' }).isDisabled()).to.equal(true);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await saved();

    await page.getByRole('button', { name: 'Edit *7' }).click();
    await page.getByRole('textbox', { name: 'Code' }).fill('70');
    await stay(elsewhere);
    await page.getByRole('textbox', { name: 'Code' }).fill('7');
    await elsewhere.click();
    await page.getByRole('heading', { name: 'Calls now' }).waitFor();
    expect(asked).to.have.length(3);
  });

  it('are exported as one would POST them, and imported', async () => {
    await open();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export' }).click();
    const text = await readFile(await (await download).path(), 'utf8');
    expect(JSON.parse(text)).to.deep.equal({ data: { numbers: { 7: RECORD } } });
    await page.getByLabel('Import').setInputFiles({
      name: 'other.json',
      mimeType: 'application/json',
      buffer: Buffer.from(text.replace('"7"', '"8"')),
    });
    await page.getByRole('row', { name: /^\*8 Record the account/ }).waitFor();
    await page.getByRole('button', { name: 'Remove *8' }).click();
    await page.getByText('There are no codes.').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await saved();
    expect(await stored(OF_ACCOUNT)).to.deep.equal({ numbers: {} });
  });

  it('are read by a viewer, and written by a user where they are the user’s', async () => {
    await open((await lab.tokenOf('viewer')).token);
    await page.getByRole('row', { name: /^\*7 Record/ }).waitFor();
    expect(await page.getByRole('button', { name: /Edit|Add|Save|Remove/ }).count()).to.equal(0);
    await page.context().close();
    await open((await lab.tokenOf('user', '1003')).token);
    await page.getByText('this token may not see it').waitFor();
    await page.getByRole('button', { name: 'Add a code' }).waitFor();
  });
});
