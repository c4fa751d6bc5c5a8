import { expect } from 'chai';
import { Sessions } from '../../src/store/sessions.js';

const AT = 1_700_000_000_000;
const HOUR = 3_600_000;

describe('sessions', () => {
  const sessions = new Sessions();

  it('stand for a token for an hour', () => {
    const session = sessions.issue('admin', AT);
    expect(sessions.tokenOf(session, AT)).to.equal('admin');
    expect(sessions.tokenOf(session, AT + HOUR - 1)).to.equal('admin');
    expect(sessions.tokenOf(session, AT + HOUR)).to.equal(undefined);
  });

  it('cannot be made up, lengthened or taken to another process', () => {
    const session = sessions.issue('0123456789abcdef', AT);
    for (const forged of [
      session.replace('0123456789abcdef', 'admin'),
      session.replace(String(AT + HOUR), String(AT + 2 * HOUR)),
      session.replace(/.{64}$/, '0'.repeat(64)),
      session.slice(0, -1),
      `${session}0`,
      '',
    ]) {
      expect(sessions.tokenOf(forged, AT), forged).to.equal(undefined);
    }
    expect(new Sessions().tokenOf(session, AT)).to.equal(undefined);
  });
});
