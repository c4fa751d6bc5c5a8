/**
 * The states of one recording, and what each step does to its document. Pure: time comes in as an argument
 * (epoch, milliseconds).
 *
 *                      mask
 *    RECORD_START    ┌────────►┐
 *   ────────────► recording  masked ──┐
 *                    │ ▲◄──────┘      │
 *                    │     unmask     │      the audio ended: a stop, a limit, the last leg hung up
 *                    └────────┬───────┘
 *                             ▼
 *          completed   discarded (shorter than record_min_sec)   failed (no usable audio)
 *
 * A mask ends with an unmask, with mask_time_limit or with the recording, and in no other way: not with a segment.
 * Beside its state a recording may be paused: while its party holds, while a mask cuts, in the gap between two segments,
 * and while it waits for an answer or a bridge nothing is written, and offsets into the audio stand still. An illegal step
 * throws. With a stop_reason, still `recording` or `masked`: the audio has ended, and its file is to come from the switch.
 */
import type { RecordCallData } from '../generated/record_call.js';
import type { AuditEntry, RecordingDocument, RecordingInternals } from '../generated/recording.js';

export type State = RecordingDocument['state'];
export type Pause = RecordingInternals['pauses'][number];

const NEXT: Record<State, readonly State[]> = {
  recording: ['masked', 'completed', 'discarded', 'failed'],
  masked: ['recording', 'completed', 'discarded', 'failed'],
  completed: [],
  discarded: [],
  failed: [],
};

/** Whether it has not ended yet. */
export function isRunning({ state }: Pick<RecordingDocument, 'state'>): boolean {
  return NEXT[state].length > 0;
}

/** A step that the drawing above does not have: a mistake in this service, never in what a user did. */
export class IllegalStep extends Error {
  override readonly name = 'IllegalStep';
}

function step(doc: RecordingDocument, state: State): RecordingDocument {
  if (!NEXT[doc.state].includes(state)) throw new IllegalStep(`${doc.state} to ${state}`);
  return { ...doc, state };
}

/** Where in the audio, in milliseconds, a moment of the call lies. */
export function offsetAt(doc: RecordingDocument, at: number): number {
  const { started_at, held_ms, held_since } = doc.internal;
  const until = held_since === undefined ? at : Math.min(at, held_since);
  return Math.max(0, Math.round(until - started_at - held_ms));
}

/** When, epoch milliseconds, what lies at an offset into the audio was said, if nothing was held since. */
export function momentOf(doc: RecordingDocument, offsetMs: number): number {
  const { started_at, held_ms } = doc.internal;
  return started_at + held_ms + offsetMs;
}

/** Nothing is written from `at` on. */
export function paused(doc: RecordingDocument, pause: Pause, at: number): RecordingDocument {
  const { pauses, held_since = at } = doc.internal;
  if (pauses.includes(pause)) return doc;
  return { ...doc, internal: { ...doc.internal, pauses: [...pauses, pause], held_since } };
}

/** This reason for writing nothing is over; others may go on. */
export function resumed(doc: RecordingDocument, pause: Pause, at: number): RecordingDocument {
  const { held_since, ...internal } = doc.internal;
  if (held_since === undefined || !internal.pauses.includes(pause)) return doc;
  const pauses = internal.pauses.filter((other) => other !== pause);
  if (pauses.length > 0) return { ...doc, internal: { ...internal, pauses, held_since } };
  const held_ms = internal.held_ms + Math.max(0, at - held_since);
  return { ...doc, internal: { ...internal, pauses, held_ms } };
}

/**
 * The recorded party has let go; by now all its holds on the leg come to `heldMs`, where that is known. Where they had come to
 * it before, this hold is counted: its events were waiting when the leg was asked for.
 */
export function unheld(doc: RecordingDocument, heldMs: number | undefined, at: number): RecordingDocument {
  const { leg_held_ms = 0, held_since = at } = doc.internal;
  if (heldMs === undefined) return resumed(doc, 'hold', at);
  const going = resumed(doc, 'hold', heldMs > leg_held_ms ? at : held_since);
  return { ...going, internal: { ...going.internal, leg_held_ms: Math.max(heldMs, leg_held_ms) } };
}

/** Masked from `at` on; a recording that is masked already stays as it is. */
export function masked(doc: RecordingDocument, at: number): RecordingDocument {
  if (doc.state === 'masked') return doc;
  const mask_intervals = [...doc.mask_intervals, { start_ms: offsetAt(doc, at) }];
  const begun = { ...step(doc, 'masked'), mask_intervals, internal: { ...doc.internal, mask_since: at } };
  return cuts(doc) ? paused(begun, 'mask', at) : begun;
}

/** In clear again from `at` on; a recording that is not masked stays as it is. */
export function unmasked(doc: RecordingDocument, at: number): RecordingDocument {
  if (doc.state === 'recording') return doc;
  const { mask_since, ...internal } = doc.internal;
  const clear = { ...step(doc, 'recording'), mask_intervals: closed(doc, offsetAt(doc, at)), internal };
  return cuts(doc) ? resumed(clear, 'mask', at) : clear;
}

/** Whether a mask cuts its span out of the audio. */
export function cuts(doc: RecordingDocument): boolean {
  return doc.internal.data['mask_mode'] === 'cut';
}

/** The segment that ran has ended, and the call goes on. */
export function segmentEnded(doc: RecordingDocument, at: number): RecordingDocument {
  const end = offsetAt(doc, at);
  const segments = doc.segments.map((segment, index) =>
    index === doc.segments.length - 1
      ? { ...segment, duration_ms: Math.max(0, end - segment.start_ms) }
      : segment,
  );
  return paused({ ...doc, segments }, 'gap', at);
}

/** Another segment runs, on `leg`, whose party holds or does not; its holds before came to `heldMs`. */
export function segmentStarted(
  doc: RecordingDocument,
  { leg, file, isHeld, heldMs }: { leg: string; file: string; isHeld: boolean; heldMs: number },
  at: number,
): RecordingDocument {
  const held = isHeld ? paused(doc, 'hold', at) : resumed(doc, 'hold', at);
  const going = resumed(resumed(held, 'wait', at), 'gap', at);
  return {
    ...going,
    segments: [...going.segments, { call_id: leg, file, start_ms: offsetAt(going, at) }],
    internal: { ...going.internal, leg, leg_held_ms: heldMs },
  };
}

/** The last segment had no audio: as if the gap before it had never ended. Nothing was held since it began. */
export function segmentLost(doc: RecordingDocument): RecordingDocument {
  const start = doc.segments.at(-1)?.start_ms ?? 0;
  const mask_intervals = doc.mask_intervals.map(({ start_ms, end_ms }) => ({
    start_ms: Math.min(start_ms, start),
    ...(end_ms !== undefined && { end_ms: Math.min(end_ms, start) }),
  }));
  return paused({ ...doc, segments: doc.segments.slice(0, -1), mask_intervals }, 'gap', momentOf(doc, start));
}

/** Nothing more is recorded, `entry` says why: what is left is to make a file of it. A second time changes nothing. */
export function stoppedFor(
  doc: RecordingDocument,
  reason: Ending['reason'],
  entry: AuditEntry,
  at: number,
): RecordingDocument {
  if (doc.stop_reason !== undefined) return doc;
  return { ...audited(segmentEnded(doc, at), entry), stop_reason: reason };
}

/** What came of the audio. */
export interface Ending {
  state: 'completed' | 'discarded' | 'failed';
  reason: NonNullable<RecordingDocument['stop_reason']>;
  /** Milliseconds of audio. */
  durationMs: number;
  /** Milliseconds of each segment; missing where no file was seen. */
  segmentsMs?: number[];
  /** Milliseconds that trimming cut off at the beginning. */
  cutMs?: number;
  /** Bytes. */
  size?: number;
  /** Hex. */
  sha256?: string;
  failure?: string;
}

/** The recording is over. */
export function ended(doc: RecordingDocument, ending: Ending): RecordingDocument {
  const { held_since, mask_since, ...internal } = doc.internal;
  const { durationMs, segmentsMs, cutMs = 0 } = ending;
  const within = (ms: number) => Math.min(durationMs, Math.max(0, ms - cutMs));
  const inFile = (ms: number) => within(segmentsMs ? fileOffset(doc.segments, segmentsMs, ms) : ms);
  return {
    ...step(doc, ending.state),
    stop_reason: ending.reason,
    duration_ms: durationMs,
    duration: Math.floor(durationMs / 1000),
    mask_intervals: closed(doc, Infinity).map(({ start_ms, end_ms = start_ms }) => ({
      start_ms: inFile(start_ms),
      end_ms: inFile(end_ms),
    })),
    segments: placed(doc.segments, segmentsMs ?? [durationMs], within),
    ...(ending.size !== undefined && { size: ending.size }),
    ...(ending.sha256 !== undefined && { sha256: ending.sha256 }),
    ...(ending.failure !== undefined && { failure: ending.failure }),
    internal: { ...internal, pauses: [] },
  };
}

/** A document whose recording is to be sent somewhere says so from the moment when it is complete. */
export function withDelivery(doc: RecordingDocument): RecordingDocument {
  if (doc.state !== 'completed') return doc;
  const { transcribe, transcribe_locale: locale } = doc.internal.data as RecordCallData;
  return {
    ...doc,
    ...(doc.url !== undefined && { delivery: 'pending' }),
    ...(transcribe && { transcription: { status: 'pending', ...(locale !== undefined && { locale }) } }),
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

/** Where an offset lies in what the segments came to: one of them may be shorter than it was, or missing. */
function fileOffset(segments: RecordingDocument['segments'], durations: number[], ms: number): number {
  const index = segments.findLastIndex(({ start_ms }) => start_ms <= ms);
  const before = durations.slice(0, Math.max(0, index)).reduce((sum, duration) => sum + duration, 0);
  return before + Math.min(ms - (segments[index]?.start_ms ?? 0), durations[index] ?? 0);
}

/** Segments lie one after the other, each as long as its file. */
function placed(
  segments: RecordingDocument['segments'],
  durations: number[],
  within: (ms: number) => number,
): RecordingDocument['segments'] {
  let start = 0;
  return segments.map((segment, index) => {
    const [from, to] = [start, start + (durations[index] ?? 0)];
    start = to;
    return { ...segment, start_ms: within(from), duration_ms: within(to) - within(from) };
  });
}
