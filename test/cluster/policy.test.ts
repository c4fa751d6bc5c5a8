import { expect } from 'chai';
import {
  HOLD_MS,
  holderOf,
  mayAct,
  mayTake,
  RENEW_MS,
  seen,
  TAKEOVER_MS,
  WATCH_MS,
  type Seen,
} from '../../src/cluster/policy.js';

const OTHER = holderOf('b', '1');

/** What a watcher sees that looks every {@link WATCH_MS}, from 0 to `until`. */
function watched(until: number, look: (at: number) => { holder?: string; beat: string }): Seen {
  let state: Seen | undefined;
  for (let at = 0; at <= until; at += WATCH_MS) {
    const { holder = OTHER, beat } = look(at);
    state = seen(state, holder, beat, at);
  }
  return state!;
}

describe('lease policy', () => {
  it('takes a lease that nobody has at once', () => {
    expect(mayTake(seen(undefined, '', 'left over', 0), 'a')).to.equal(true);
  });

  it('takes its own from an earlier start at once, and nobody’s whose name only begins like its own', () => {
    expect(mayTake(seen(undefined, holderOf('a', '7f'), '', 0), 'a')).to.equal(true);
    expect(mayTake(seen(undefined, holderOf('a-1', '7f'), '', 0), 'a')).to.equal(false);
    expect(mayTake(seen(undefined, 'somebody else’s', '', 0), 'a')).to.equal(false);
  });

  it('leaves the lease to a holder that beats, however long', () => {
    const beating = watched(60_000, (at) => ({ beat: String(Math.floor(at / RENEW_MS)) }));
    expect(mayTake(beating, 'a')).to.equal(false);
  });

  it('takes it over when the beat has stopped for the time of a takeover, and not before', () => {
    const early = watched(TAKEOVER_MS - WATCH_MS, () => ({ beat: '5' }));
    expect(mayTake(early, 'a')).to.equal(false);
    expect(
      mayTake(
        watched(TAKEOVER_MS, () => ({ beat: '5' })),
        'a',
      ),
    ).to.equal(true);
  });

  it('waits again where another has taken it meanwhile, whatever the beat says', () => {
    const half = TAKEOVER_MS / 2;
    const taken = watched(TAKEOVER_MS, (at) => ({
      beat: '5',
      holder: at < half ? OTHER : holderOf('c', '1'),
    }));
    expect(mayTake(taken, 'a')).to.equal(false);
  });

  it('counts no time in which it did not look: it may have slept, and the switch with it', () => {
    const before = watched(1000, () => ({ beat: '5' }));
    expect(mayTake(seen(before, OTHER, '5', 60_000), 'a')).to.equal(false);
  });

  it('has a holder stop by itself before anybody can take over, however the looks fall', () => {
    expect(mayAct(1000, 1000 + HOLD_MS - 1)).to.equal(true);
    expect(mayAct(1000, 1000 + HOLD_MS)).to.equal(false);
    expect(HOLD_MS)
      .to.be.above(2 * RENEW_MS)
      .and.below(TAKEOVER_MS);
  });
});
