import { expect } from 'chai';
import { ended, held, IllegalStep, masked, offsetAt, unheld, unmasked } from '../../src/recording/state.js';
import { recordingDocument } from '../support/recordings.js';

const doc = recordingDocument({ startedAt: 10_000 });

describe('the states of a recording', () => {
  it('keep mask intervals as offsets into the audio', () => {
    const twice = unmasked(masked(unmasked(masked(doc, 11_000), 13_000), 14_000), 14_500);
    expect(twice.state).to.equal('recording');
    expect(twice.mask_intervals).to.deep.equal([
      { start_ms: 1000, end_ms: 3000 },
      { start_ms: 4000, end_ms: 4500 },
    ]);
  });

  it('take a mask twice, and an unmask twice, as once', () => {
    const once = masked(doc, 11_000);
    expect(masked(once, 12_000)).to.deep.equal(once);
    expect(unmasked(doc, 12_000)).to.deep.equal(doc);
  });

  it('leave holds out of the audio', () => {
    const back = unheld(held(doc, 12_000), 15_000);
    expect(offsetAt(held(doc, 12_000), 14_000)).to.equal(2000);
    expect(offsetAt(back, 16_000)).to.equal(3000);
    expect(masked(back, 16_000).mask_intervals).to.deep.equal([{ start_ms: 3000 }]);
    expect(held(held(doc, 12_000), 13_000).internal.held_since).to.equal(12_000);
    expect(unheld(doc, 13_000)).to.equal(doc);
  });

  it('close an open mask where the audio ends', () => {
    const over = ended(masked(doc, 11_000), {
      state: 'completed',
      reason: 'hangup',
      durationMs: 4321,
      size: 9,
    });
    expect(over).to.deep.include({
      state: 'completed',
      stop_reason: 'hangup',
      duration_ms: 4321,
      duration: 4,
    });
    expect(over.mask_intervals).to.deep.equal([{ start_ms: 1000, end_ms: 4321 }]);
    expect(over.segments[0]?.duration_ms).to.equal(4321);
  });

  it('have no way back from the end', () => {
    const over = ended(doc, { state: 'failed', reason: 'no_audio', durationMs: 0 });
    expect(() => masked(over, 12_000)).to.throw(IllegalStep);
    expect(() => ended(over, { state: 'completed', reason: 'code', durationMs: 1 })).to.throw(IllegalStep);
  });
});
