import { expect } from 'chai';
import { DigitMachine } from '../../src/softswitch/dmachine.js';

const TIMEOUT = 800;

describe('DigitMachine', () => {
  let machine: DigitMachine<string>;

  beforeEach(() => {
    machine = new DigitMachine<string>(TIMEOUT);
  });

  const bind = (...codes: string[]): void => {
    for (const code of codes) machine.bind('ours', code, `does ${code}`);
  };

  /** Feeds the digits, 120 ms apart from `at` on, and tells what became of them. */
  const press = (digits: string, at = 0): string[] =>
    digits
      .split('')
      .map((digit, n) => machine.feed(digit, at + 120 * n))
      .filter((verdict) => verdict !== undefined)
      .map(({ digits: decided, action }) => action ?? `hands on ${decided}`);

  it('fires a code on its last digit and keeps what may become one', () => {
    bind('*71', '*72');
    expect(press('*7')).to.deep.equal([]);
    expect(press('2', 240)).to.deep.equal(['does *72']);
  });

  it('hands on at once what can become none, in order', () => {
    bind('*71');
    expect(press('5')).to.deep.equal(['hands on 5']);
    expect(press('*9')).to.deep.equal(['hands on *9']);
    expect(press('**71')).to.deep.equal(['hands on **', 'hands on 7', 'hands on 1']);
  });

  it('hands on what is incomplete once the digit timeout is over, not before', () => {
    bind('*71');
    press('*7', 1000);
    expect(machine.due).to.equal(1120 + TIMEOUT + 1);
    expect(machine.ping(1120 + TIMEOUT)).to.equal(undefined);
    expect(machine.ping(1120 + TIMEOUT + 1)).to.deep.equal({ digits: '*7', action: undefined });
    expect(machine.due).to.equal(undefined);
  });

  it('waits with a code that begins a longer one, and fires it at the timeout', () => {
    bind('*7', '*71');
    expect(press('*7')).to.deep.equal([]);
    expect(machine.ping(120 + TIMEOUT + 1)).to.deep.equal({ digits: '*7', action: 'does *7' });
    expect(press('*71', 5000)).to.deep.equal(['does *71']);
  });

  it('fires it at once where it was bound after the longer one, as FreeSWITCH does', () => {
    bind('*71', '*7');
    expect(press('*7')).to.deep.equal(['does *7']);
  });

  it('makes a realm that is bound in anew the active one; a replaced binding does not', () => {
    machine.bind('local', '*1', 'local');
    machine.bind('ours', '*71', 'ours');
    expect(press('*1')).to.deep.equal(['hands on *1']);
    machine.bind('local', '*1', 'replaced');
    expect(press('*1')).to.deep.equal(['hands on *1']);
    machine.setRealm('local');
    expect(press('*1')).to.deep.equal(['replaced']);
    machine.setRealm('unknown');
    expect(press('*1')).to.deep.equal(['replaced']);
  });

  it('without an active realm keeps every digit, up to the longest binding there was', () => {
    bind('*71');
    machine.clearRealm('ours');
    expect(press('1234')).to.deep.equal(['hands on 123']);
    expect(machine.ping(360 + TIMEOUT + 1)).to.deep.equal({ digits: '4', action: undefined });
  });

  it('keeps the active realm when another is cleared', () => {
    machine.bind('local', '*1', 'local');
    bind('*71');
    machine.clearRealm('local');
    expect(press('*71')).to.deep.equal(['does *71']);
  });

  it('matches a lone pattern at once, and several bindings with one only at the timeout', () => {
    bind('~^\\*7[1-4]$');
    expect(press('*73')).to.deep.equal(['does ~^\\*7[1-4]$']);
    bind('*9');
    expect(press('*73', 1000)).to.deep.equal([]);
    expect(machine.ping(1240 + TIMEOUT + 1)?.action).to.equal('does ~^\\*7[1-4]$');
    expect(press('*9', 5000)).to.deep.equal([]);
    expect(machine.ping(5120 + TIMEOUT + 1)?.action).to.equal('does *9');
  });
});
