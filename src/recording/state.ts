/**
 * The states of one recording, and what each step does to its document. Pure: time comes in as an argument
 * (epoch, milliseconds).
 *
 *                      mask
 *    RECORD_START    ┌────────►┐
 *   ────────────► recording  masked ──┐
 *                    │ ▲◄──────┘      │
 *                    │     unmask     │      the audio ended: a stop, a time limit, a hangup
 *                    └────────┬───────┘
 *                             ▼
 *          completed   discarded (shorter than record_min_sec)   failed (no usable audio)
 *
 * A mask ends with an unmask or with the recording, and in no other way. An illegal step throws.
 */
import type { AuditEntry, RecordingDocument } from '../generated/recording.js';

export type State = RecordingDocument['state'];

const NEXT: Record<State, readonly State[]> = {
  recording: ['masked', 'completed', 'discarded', 'failed'],
  masked: ['recording', 'completed', 'discarded', 'failed'],
  completed: [],
  discarded: [],
  failed: [],
};

/** A step that the drawing above does not have: a mistake in this service, never in what a user did. */
export class IllegalStep extends Error {
  override readonly name = 'IllegalStep';
}

function step(doc: RecordingDocument, state: State): RecordingDocument {
  if (!NEXT[doc.state].includes(state)) throw new IllegalStep(`${doc.state} to ${state}`);
  return { ...doc, state };
}

/** Where in the audio, in milliseconds, a moment of the call lies: holds are not in the audio (freeswitch.md). */
export function offsetAt(doc: RecordingDocument, at: number): number {
  const { started_at, held_ms, held_since } = doc.internal;
  const until = held_since === undefined ? at : Math.min(at, held_since);
  return Math.max(0, Math.round(until - started_at - held_ms));
}

/** The recorded party holds: nothing is written from here on. */
export function held(doc: RecordingDocument, at: number): RecordingDocument {
  if (doc.internal.held_since !== undefined) return doc;
  return { ...doc, internal: { ...doc.internal, held_since: at } };
}

/** The recorded party is back. */
export function unheld(doc: RecordingDocument, at: number): RecordingDocument {
  const { held_since, ...internal } = doc.internal;
  if (held_since === undefined) return doc;
  return { ...doc, internal: { ...internal, held_ms: internal.held_ms + Math.max(0, at - held_since) } };
}

/** Masked from `at` on; a recording that is masked already stays as it is. */
export function masked(doc: RecordingDocument, at: number): RecordingDocument {
  if (doc.state === 'masked') return doc;
  return {
    ...step(doc, 'masked'),
    mask_intervals: [...doc.mask_intervals, { start_ms: offsetAt(doc, at) }],
  };
}

/** In clear again from `at` on; a recording that is not masked stays as it is. */
export function unmasked(doc: RecordingDocument, at: number): RecordingDocument {
  if (doc.state === 'recording') return doc;
  return { ...step(doc, 'recording'), mask_intervals: closed(doc, offsetAt(doc, at)) };
}

/** What came of the audio. */
export interface Ending {
  state: 'completed' | 'discarded' | 'failed';
  reason: NonNullable<RecordingDocument['stop_reason']>;
  /** Milliseconds of audio. */
  durationMs: number;
  /** Bytes. */
  size?: number;
  failure?: string;
}

/** The recording is over. */
export function ended(doc: RecordingDocument, ending: Ending): RecordingDocument {
  const { held_since: _, ...internal } = doc.internal;
  return {
    ...step(doc, ending.state),
    stop_reason: ending.reason,
    duration_ms: ending.durationMs,
    duration: Math.floor(ending.durationMs / 1000),
    mask_intervals: closed(doc, ending.durationMs),
    segments: doc.segments.map((segment) => ({ ...segment, duration_ms: ending.durationMs })),
    ...(ending.size !== undefined && { size: ending.size }),
    ...(ending.failure !== undefined && { failure: ending.failure }),
    internal,
  };
}

/** Adds what somebody did, or failed to do, to the record of it. */
export function audited(doc: RecordingDocument, entry: AuditEntry): RecordingDocument {
  return { ...doc, audit: [...doc.audit, entry] };
}

function closed(doc: RecordingDocument, endMs: number): RecordingDocument['mask_intervals'] {
  return doc.mask_intervals.map((interval) =>
    interval.end_ms === undefined ? { ...interval, end_ms: Math.max(interval.start_ms, endMs) } : interval,
  );
}
