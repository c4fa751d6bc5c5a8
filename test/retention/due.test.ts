import { expect } from 'chai';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { DAY_MS, isDue } from '../../src/retention/due.js';
import { recordingDocument } from '../support/recordings.js';

const BEGAN = 1_700_000_000_000;

describe('retention', () => {
  const doc: RecordingDocument = { ...recordingDocument({ startedAt: BEGAN }), state: 'completed' };

  it('counts days since a recording began', () => {
    expect(isDue(doc, 30, BEGAN + 30 * DAY_MS - 1)).to.equal(false);
    expect(isDue(doc, 30, BEGAN + 30 * DAY_MS)).to.equal(true);
    expect(isDue(doc, 31, BEGAN + 30 * DAY_MS)).to.equal(false);
  });

  for (const [what, changes, expected] of [
    ['runs', { state: 'recording' }, false],
    ['runs, masked', { state: 'masked' }, false],
    ['is on legal hold', { legal_hold: true }, false],
    ['is still to be delivered', { delivery: 'pending' }, false],
    ['was delivered', { delivery: 'delivered' }, true],
    ['could not be delivered', { delivery: 'failed' }, true],
    ['failed', { state: 'failed' }, true],
    ['was discarded', { state: 'discarded' }, true],
  ] as [string, Partial<RecordingDocument>, boolean][]) {
    it(`${expected ? 'ends' : 'never ends'} for one that ${what}`, () => {
      expect(isDue({ ...doc, ...changes }, 1, BEGAN + 10_000 * DAY_MS)).to.equal(expected);
    });
  }
});
