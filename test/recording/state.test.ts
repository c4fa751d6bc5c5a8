import { expect } from 'chai';
import {
  ended,
  IllegalStep,
  masked,
  offsetAt,
  paused,
  resumed,
  segmentEnded,
  segmentLost,
  segmentStarted,
  unmasked,
} from '../../src/recording/state.js';
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
    const back = resumed(paused(doc, 'hold', 12_000), 'hold', 15_000);
    expect(offsetAt(paused(doc, 'hold', 12_000), 14_000)).to.equal(2000);
    expect(offsetAt(back, 16_000)).to.equal(3000);
    expect(masked(back, 16_000).mask_intervals).to.deep.equal([{ start_ms: 3000 }]);
    expect(paused(paused(doc, 'hold', 12_000), 'hold', 13_000).internal.held_since).to.equal(12_000);
    expect(resumed(doc, 'hold', 13_000)).to.equal(doc);
  });

  it('stand still while there is any reason for it', () => {
    const both = paused(paused(doc, 'hold', 12_000), 'gap', 13_000);
    const one = resumed(both, 'hold', 14_000);
    expect(offsetAt(one, 20_000)).to.equal(2000);
    expect(offsetAt(resumed(one, 'gap', 15_000), 16_000)).to.equal(3000);
  });

  it('cut a masked span out where that is wanted', () => {
    const cutting = { ...doc, internal: { ...doc.internal, data: { mask_mode: 'cut' } } };
    const after = unmasked(masked(cutting, 11_000), 14_000);
    expect(after.mask_intervals).to.deep.equal([{ start_ms: 1000, end_ms: 1000 }]);
    expect(offsetAt(after, 15_000)).to.equal(2000);
  });

  it('carry a mask over to the next segment, whose gap is not in the audio', () => {
    const gap = segmentEnded(masked(doc, 11_000), 12_000);
    const next = segmentStarted(gap, { leg: 'leg-c', file: 'x-2.wav', isHeld: false, heldMs: 0 }, 15_000);
    const clear = unmasked(next, 16_000);
    expect(next.state).to.equal('masked');
    expect(next.internal.leg).to.equal('leg-c');
    expect(clear.mask_intervals).to.deep.equal([{ start_ms: 1000, end_ms: 3000 }]);
    expect(
      clear.segments.map(({ call_id, start_ms, duration_ms }) => [call_id, start_ms, duration_ms]),
    ).to.deep.equal([
      ['leg-a', 0, 2000],
      ['leg-c', 2000, undefined],
    ]);
  });

  it('wait for a bridge no longer in a segment that begins with one', () => {
    const waiting = segmentEnded(paused(doc, 'wait', 10_000), 12_000);
    const next = segmentStarted(waiting, { leg: 'leg-c', file: 'x-2.wav', isHeld: false, heldMs: 0 }, 15_000);
    expect(next.internal.pauses).to.deep.equal([]);
    expect(offsetAt(next, 16_000)).to.equal(1000);
  });

  it('lie in the whole as its files are long, less what trimming cut off', () => {
    const gap = segmentEnded(unmasked(masked(doc, 10_100), 11_000), 12_000);
    const next = segmentStarted(gap, { leg: 'leg-c', file: 'x-2.wav', isHeld: false, heldMs: 0 }, 15_000);
    const over = ended(next, {
      state: 'completed',
      reason: 'code',
      durationMs: 2600,
      segmentsMs: [1980, 1020],
      cutMs: 300,
    });
    expect(over.mask_intervals).to.deep.equal([{ start_ms: 0, end_ms: 700 }]);
    expect(over.segments.map(({ start_ms, duration_ms }) => [start_ms, duration_ms])).to.deep.equal([
      [0, 1680],
      [1680, 920],
    ]);
  });

  it('go on as if a segment without audio had never begun', () => {
    const gap = segmentEnded(doc, 12_000);
    const next = segmentStarted(gap, { leg: 'leg-c', file: 'x-2.wav', isHeld: false, heldMs: 0 }, 15_000);
    const lost = segmentLost(masked(next, 16_000));
    expect(lost.segments).to.deep.equal(gap.segments);
    expect(lost.mask_intervals).to.deep.equal([{ start_ms: 2000 }]);
    const again = segmentStarted(lost, { leg: 'leg-c', file: 'x-2.wav', isHeld: false, heldMs: 0 }, 18_000);
    expect(offsetAt(again, 18_500)).to.equal(2500);
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
