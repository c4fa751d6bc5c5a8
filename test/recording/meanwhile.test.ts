import { expect } from 'chai';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { holdsMeanwhile, masksMeanwhile, type Meanwhile } from '../../src/recording/meanwhile.js';
import { masked, paused, unheld } from '../../src/recording/state.js';
import { recordingDocument } from '../support/recordings.js';

const START = 1_795_000_000_000;
const NOW = START + 60_000;
const started = recordingDocument({ startedAt: START });
/** A document whose leg had been held for two seconds before. */
const doc = { ...started, internal: { ...started.internal, leg_held_ms: 2000 } };

const after = (changes: Meanwhile[], before: RecordingDocument): RecordingDocument =>
  changes.reduce((each, { at, to }) => to(each, at), before);

describe('what became of a recording while nobody listened', () => {
  describe('holds', () => {
    const holding = paused(doc, 'hold', START + 10_000);
    type Leg = Parameters<typeof holdsMeanwhile>[1];
    /** Milliseconds that are not in the audio, and whether its party still holds. */
    const held = (before: RecordingDocument, leg: Leg): [number, boolean] => {
      const { held_ms, pauses, held_since, leg_held_ms } = after(
        holdsMeanwhile(before, leg, NOW),
        before,
      ).internal;
      expect(leg_held_ms).to.equal(leg.heldMs);
      return [held_ms + (held_since === undefined ? 0 : NOW - held_since), pauses.includes('hold')];
    };
    const cases: [string, RecordingDocument, Leg, [number, boolean]][] = [
      ['none', doc, { heldMs: 2000, lastHeld: START - 5000 }, [0, false]],
      ['one that began', doc, { heldMs: 2000, heldSince: NOW - 7000, lastHeld: NOW - 7000 }, [7000, true]],
      ['one that came and went', doc, { heldMs: 5000, lastHeld: START + 20_000 }, [3000, false]],
      [
        'one that came and went, one that began',
        doc,
        { heldMs: 5000, heldSince: NOW - 7000 },
        [10_000, true],
      ],
      ['one that ended', holding, { heldMs: 5000, lastHeld: START + 10_000 }, [3000, false]],
      ['one that goes on', holding, { heldMs: 2000, heldSince: START + 10_000 }, [50_000, true]],
      ['one that ended, one that began', holding, { heldMs: 5000, heldSince: NOW - 7000 }, [10_000, true]],
    ];
    for (const [what, before, leg, expected] of cases)
      it(what, () => expect(held(before, leg)).to.deep.equal(expected));

    it('none that the document of an older service has in what it left out of the audio', () => {
      const { leg_held_ms, ...internal } = { ...started.internal, held_ms: 2000 };
      const older = { ...started, internal };
      expect(holdsMeanwhile(older, { heldMs: 2000, lastHeld: START + 20_000 }, NOW)).to.deep.equal([]);
    });

    it('one that came and went is counted once where its events come after', () => {
      const before = holdsMeanwhile(doc, { heldMs: 5000, lastHeld: START + 20_000 }, NOW);
      const known = after(before, doc);
      const told = unheld(paused(known, 'hold', START + 20_000), 5000, START + 23_000);
      expect(told.internal).to.deep.equal(known.internal);
      const next = unheld(paused(told, 'hold', START + 30_000), 6000, START + 31_000);
      expect([next.internal.held_ms, next.internal.leg_held_ms]).to.deep.equal([4000, 6000]);
    });

    it('two that came and went are counted once where their events come after', () => {
      const known = after(holdsMeanwhile(doc, { heldMs: 6000, lastHeld: START + 30_000 }, NOW), doc);
      const one = unheld(paused(known, 'hold', START + 20_000), 5000, START + 23_000);
      const both = unheld(paused(one, 'hold', START + 30_000), 6000, START + 31_000);
      expect(both.internal).to.deep.equal(known.internal);
    });

    it('one that came and went lies where it was', () => {
      const changes = holdsMeanwhile(doc, { heldMs: 5000, lastHeld: START + 20_000 }, NOW);
      expect(changes.map(({ at }) => at - START)).to.deep.equal([20_000, 23_000]);
    });
  });

  describe('masks', () => {
    const none = { mask: '-ERR no reply', clear: '-ERR no reply', uptimeMs: 100_000 };
    const noted = (ms: number) => `@${START + ms}000`;
    const intervals = (before: RecordingDocument, notes: Partial<typeof none>) => {
      const changes = masksMeanwhile(before, { ...none, ...notes }, NOW);
      return { told: changes.map(({ told }) => told), ...after(changes, before) };
    };
    const hidden = masked(doc, START + 5000);

    it('made inside the switch, whose uptime it has, or by the service', () => {
      for (const mask of ['50000', `@${NOW - 50_000}`, `@${NOW - 50_000}123`]) {
        const { told, state, mask_intervals } = intervals(doc, { mask });
        expect(told).to.deep.equal(['masked']);
        expect([state, mask_intervals]).to.deep.equal(['masked', [{ start_ms: 10_000 }]]);
      }
    });

    it('whose beginning cannot be: from the beginning', () => {
      expect(intervals(doc, { mask: noted(61_000) }).mask_intervals).to.deep.equal([{ start_ms: 0 }]);
    });

    it('none, where none is noted, and where what is noted is known', () => {
      for (const mask of ['-', '', '-ERR no reply']) expect(intervals(doc, { mask }).told).to.deep.equal([]);
      for (const clear of [noted(4000), noted(61_000), ''])
        expect(intervals(hidden, { mask: noted(5000), clear }).told).to.deep.equal([]);
    });

    it('one that was taken off for nobody: two, with what was heard in between', () => {
      const { told, state, mask_intervals, audit } = intervals(hidden, {
        mask: noted(12_000),
        clear: noted(9000),
      });
      expect(told).to.deep.equal(['unmasked', 'masked']);
      expect([state, mask_intervals]).to.deep.equal([
        'masked',
        [{ start_ms: 5000, end_ms: 9000 }, { start_ms: 12_000 }],
      ]);
      expect(audit.slice(-2).map(({ result }) => result)).to.deep.equal(['connection_lost', 'ok']);
    });
  });
});
