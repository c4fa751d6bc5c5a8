/** What became of a recording that went on while nobody listened, told from what the switch still knows. Pure. */
import type { AuditEntry, RecordingDocument } from '../generated/recording.js';
import type { LegData } from '../switch/events.js';
import type { Happening } from './events.js';
import { audited, masked, paused, unheld, unmasked } from './state.js';

export interface Meanwhile {
  /** Epoch, milliseconds. */
  at: number;
  to: (doc: RecordingDocument, at: number) => RecordingDocument;
  /** What is told of it. */
  told?: Happening['type'];
}

/** Its party has begun to hold, or has let go, or both. Of several holds the length is known, not where each was. */
export function holdsMeanwhile(
  { internal }: Pick<RecordingDocument, 'internal'>,
  leg: Pick<LegData, 'heldSince' | 'lastHeld' | 'heldMs'>,
  now: number,
): Meanwhile[] {
  // A document of an older service says only what is not in the audio.
  const { held_since = 0, leg_held_ms = internal.held_ms, pauses } = internal;
  const { heldSince, heldMs = 0, lastHeld = held_since } = leg;
  const wasHeld = pauses.includes('hold');
  // Of what the leg has been held, that which the document does not have yet.
  const missed = Math.max(0, heldMs - leg_held_ms);
  const hold = (at: number): Meanwhile => ({ at, to: (doc) => paused(doc, 'hold', at) });
  const release = (at: number): Meanwhile => ({ at, to: (doc) => unheld(doc, heldMs, at) });
  if (heldSince === undefined) {
    if (!wasHeld && missed === 0) return [];
    // It may have begun before the recording did.
    const began = wasHeld ? Math.min(held_since, lastHeld) : lastHeld;
    return [...(wasHeld ? [] : [hold(began)]), release(Math.min(now, began + missed))];
  }
  if (missed === 0) return [hold(heldSince)];
  // It has let go, and holds again.
  const began = wasHeld ? held_since : heldSince - missed;
  return [...(wasHeld ? [] : [hold(began)]), release(Math.min(heldSince, began + missed)), hold(heldSince)];
}

/** What the switch has noted of the masks of a recording: `maskNote` and `clearNote` of `segments.ts`. */
export interface MaskNotes {
  mask: string;
  clear: string;
  /** The switch's `uptime ms` as it was asked for them. */
  uptimeMs: number;
}

/**
 * Masked inside the switch, or by a service that was killed before it wrote it down. Or unmasked by such a one, for somebody
 * who was never told: it is masked again since.
 */
export function masksMeanwhile(
  { state, internal }: Pick<RecordingDocument, 'state' | 'internal'>,
  { mask, clear, uptimeMs }: MaskNotes,
  now: number,
): Meanwhile[] {
  const { started_at, mask_since } = internal;
  const since = momentNoted(mask, uptimeMs, now);
  if (state !== 'masked') {
    if (since === undefined) return [];
    return [{ at: Math.max(since, started_at), to: changedBy('mask', 'code', 'ok'), told: 'masked' }];
  }
  const clearAt = momentNoted(clear, uptimeMs, now) ?? 0;
  if (clearAt <= (mask_since ?? started_at)) return [];
  return [
    { at: clearAt, to: changedBy('unmask', 'service', 'connection_lost'), told: 'unmasked' },
    { at: Math.max(since ?? now, clearAt), to: changedBy('mask', 'service', 'ok'), told: 'masked' },
  ];
}

function changedBy(action: 'mask' | 'unmask', by: AuditEntry['by'], result: string): Meanwhile['to'] {
  const change = action === 'mask' ? masked : unmasked;
  return (doc, at) => audited(change(doc, at), { action, at: new Date(at).toISOString(), by, result });
}

/**
 * The moment that a note says, epoch milliseconds; `undefined` where it says none. It is `@` and that moment, or the switch's
 * own `uptime ms`. What is not known counts from the beginning.
 */
function momentNoted(note: string, uptimeMs: number, now: number): number | undefined {
  if (!/^@?\d+$/.test(note)) return undefined;
  // thirteen digits are milliseconds, whatever is behind them
  const moment = note.startsWith('@') ? Number(note.slice(1, 14)) : now - (uptimeMs - Number(note));
  return Number.isFinite(moment) && moment <= now ? Math.round(moment) : 0;
}
