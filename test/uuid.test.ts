import { expect } from 'chai';
import { dashed, digitsOf, timeOfUuid, uuidDigits } from '../src/uuid.js';

describe('UUIDs', () => {
  it('are of version 7, and begin with their time', () => {
    const at = Date.UTC(2026, 6, 1);
    for (let made = 0; made < 100; made += 1) {
      const uuid = dashed(uuidDigits(at));
      expect(uuid).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(timeOfUuid(digitsOf(uuid)!)).to.equal(at);
    }
  });

  it('are read back from their digits, in small letters', () => {
    const digits = uuidDigits(1);
    expect(digitsOf(dashed(digits).toUpperCase())).to.equal(digits);
    for (const wrong of [
      '',
      digits,
      `${dashed(digits)}0`,
      dashed(digits).replace(/.$/, 'g'),
      `\n${dashed(digits)}`,
    ]) {
      expect(digitsOf(wrong)).to.equal(undefined);
    }
  });
});
