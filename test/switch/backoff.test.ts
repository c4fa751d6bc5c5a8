import { expect } from 'chai';
import { backoff, failuresAfter } from '../../src/switch/backoff.js';

describe('backoff', () => {
  it('begins with 250 ms and ends with 10 s', () => {
    expect(backoff(1, 0)).to.equal(250);
    expect(backoff(1, 0.999999)).to.be.below(500);
    expect(backoff(1000, 0.999999)).to.be.within(9_999, 10_000);
    expect(backoff(1000, 0)).to.equal(5_000);
  });

  it('doubles, and never falls', () => {
    for (let failures = 1; failures < 20; failures++) {
      expect(backoff(failures + 1, 0.5)).to.be.within(backoff(failures, 0.5), 2 * backoff(failures, 0.5));
    }
  });
});

describe('failuresAfter', () => {
  it('counts a loss with the failures before it, unless the connection has held', () => {
    expect(failuresAfter(0, 0)).to.equal(1);
    expect(failuresAfter(4, 0)).to.equal(5);
    expect(failuresAfter(4, 9_999)).to.equal(5);
    expect(failuresAfter(4, 10_000)).to.equal(1);
  });
});
