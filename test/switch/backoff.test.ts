import { expect } from 'chai';
import { backoff } from '../../src/switch/backoff.js';

describe('backoff', () => {
  it('begins with 250 ms and ends with 10 s', () => {
    expect(backoff(0, 0)).to.equal(250);
    expect(backoff(0, 0.999999)).to.be.below(500);
    expect(backoff(1000, 0.999999)).to.be.within(9_999, 10_000);
    expect(backoff(1000, 0)).to.equal(5_000);
  });

  it('doubles, and never falls', () => {
    for (let attempt = 0; attempt < 20; attempt++) {
      expect(backoff(attempt + 1, 0.5)).to.be.within(backoff(attempt, 0.5), 2 * backoff(attempt, 0.5));
    }
  });
});
