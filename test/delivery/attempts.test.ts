import { expect } from 'chai';
import fc from 'fast-check';
import {
  afterFailure,
  GIVE_UP_MS,
  handedInAgain,
  LONGEST_MS,
  SHORTEST_MS,
  type FailedAttempt,
  type Shipment,
} from '../../src/delivery/attempts.js';

const SINCE = 1_700_000_000_000;
const fresh: Shipment = { state: 'waiting', host: 'h', switch: 's', since: SINCE, due: SINCE, attempts: 0 };
const failure: Omit<FailedAttempt, 'at'> = { error: 'http_status', status: 500, permanent: false };

describe('attempts', () => {
  it('wait longer each time, from 2 s to 1 h, and never past 72 h', () => {
    fc.assert(
      fc.property(
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        (random) => {
          let shipment = fresh;
          let attempts = 0;
          while (shipment.state === 'waiting') {
            const at = shipment.due;
            expect(at).to.be.at.most(SINCE + GIVE_UP_MS);
            const next = afterFailure(shipment, { ...failure, at }, Number(random.next().value));
            expect(next.attempts).to.equal(++attempts);
            if (next.state === 'waiting' && next.due < SINCE + GIVE_UP_MS) {
              const longest = Math.min(2 * SHORTEST_MS * 2 ** (attempts - 1), LONGEST_MS);
              expect(next.due - at).to.be.within(longest / 2, longest);
            }
            shipment = next;
          }
          expect(shipment.last?.at).to.equal(SINCE + GIVE_UP_MS);
          expect(attempts).to.be.within(80, 200);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('begin after two to four seconds', () => {
    expect(afterFailure(fresh, { ...failure, at: SINCE }, 0).due).to.equal(SINCE + 2000);
    expect(afterFailure(fresh, { ...failure, at: SINCE }, 0.999999).due).to.equal(SINCE + 4000);
  });

  it('end at once where trying again cannot help', () => {
    const ended = afterFailure(fresh, { ...failure, at: SINCE, status: 410, permanent: true }, 0);
    expect(ended.state).to.equal('failed');
    expect(ended.last).to.deep.equal({ at: SINCE, error: 'http_status', status: 410 });
  });

  it('end with the retries, where those are counted', () => {
    const once = afterFailure({ ...fresh, retries: 1 }, { ...failure, at: SINCE }, 0);
    expect(once.state).to.equal('waiting');
    expect(afterFailure(once, { ...failure, at: once.due }, 0).state).to.equal('failed');
    expect(afterFailure({ ...fresh, retries: 0 }, { ...failure, at: SINCE }, 0).state).to.equal('failed');
  });

  it('wait as long as the receiver asks, but no more than an hour', () => {
    const asked = (retryAfterMs: number) =>
      afterFailure(fresh, { ...failure, at: SINCE, retryAfterMs }, 0).due - SINCE;
    expect(asked(1)).to.equal(2000);
    expect(asked(60_000)).to.equal(60_000);
    expect(asked(10 ** 12)).to.equal(LONGEST_MS);
  });

  it('begin anew where something is handed in again', () => {
    const ended = afterFailure(fresh, { ...failure, at: SINCE, permanent: true }, 0);
    const again = handedInAgain(ended, SINCE + 5);
    expect(again).to.deep.include({ state: 'waiting', since: SINCE + 5, due: SINCE + 5, attempts: 0 });
  });
});
