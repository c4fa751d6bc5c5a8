import { expect } from 'chai';
import { SwitchClock } from '../../src/switch/clock.js';

describe("a switch's clock", () => {
  let steady: number;
  let clock: SwitchClock;

  beforeEach(() => {
    steady = 5000;
    clock = new SwitchClock(() => steady);
  });
  const pass = (ms: number) => (steady += ms);

  it("goes as this machine's until the switch is heard", () => {
    expect(clock.now()).to.be.closeTo(Date.now(), 50);
  });

  it('goes on evenly from what the switch said', () => {
    clock.heard(1_000_000);
    expect(clock.now()).to.equal(1_000_000);
    pass(1234);
    expect(clock.now()).to.equal(1_001_234);
  });

  it('does not mind what was on its way for long', () => {
    clock.heard(1_000_000);
    pass(7000);
    clock.heard(1_000_500);
    expect(clock.now()).to.equal(1_007_000);
  });

  it('believes what came faster than what came before', () => {
    clock.heard(1_000_000);
    pass(100);
    clock.heard(1_000_150);
    expect(clock.now()).to.equal(1_000_150);
  });

  it('follows a switch whose clock is slower', () => {
    clock.heard(1_000_000);
    for (let minute = 1; minute <= 10; minute++) {
      pass(61_000);
      clock.heard(1_000_000 + minute * 60_990);
    }
    expect(clock.now()).to.be.within(1_609_900, 1_609_920);
  });

  it('keeps what it knows over a lost connection, and believes the new one whatever it says', () => {
    clock.heard(1_000_000);
    clock.connected();
    pass(1000);
    expect(clock.now()).to.equal(1_001_000);
    clock.heard(500_000);
    expect(clock.now()).to.equal(500_000);
  });
});
