/** The verdicts on what is heard in the files. Pure. */
import type { Span } from '../support/tones.js';
import { SECRET_WORD } from './conversation.js';
import type { CallJournal, FaultJournal, Word } from './journal.js';
import { judged, type Observed, type Verdict } from './observed.js';

/** How far the document may be from the file, milliseconds. */
const EXACT_MS = 250;
/** What a switch that crashes has not written yet, milliseconds. */
const UNWRITTEN_MS = 3000;
const TOUCH_MS = 100;
/** Fewer samples of silence are a switch that is busy. */
const MASK_AT_LEAST_MS = 300;

export function noSecretIsHeard({
  calls,
  recordings,
  heard,
}: Pick<Observed, 'calls' | 'recordings' | 'heard'>): Verdict {
  const files = recordings.filter(({ id }) => heard.has(id));
  const said = calls.flatMap(({ words }) => words.filter(({ kind }) => kind === 'secret'));
  const verdict = judged('secrets said while masked, in no file', files, ({ id }) => {
    const at = heard.get(id)?.words.get(SECRET_WORD);
    return at === undefined ? undefined : `${id} has one at ${at} ms`;
  });
  return { ...verdict, looked: said.length };
}

/** Silence and intervals are the same, but for {@link EXACT_MS} at their ends. */
export function masksAreWhereTheDocumentSays({
  calls,
  recordings,
  heard,
  faults,
}: Pick<Observed, 'calls' | 'recordings' | 'heard' | 'faults'>): Verdict {
  const all = recordings.filter(({ id, state }) => state === 'completed' && heard.has(id));
  // What a full disk swallowed is missing in the file, and nobody knows where.
  const ended = all.filter(({ call_id }) => {
    const call = calls.find(({ legs }) => legs.includes(call_id));
    return !faults.some(
      ({ kind, from, to }) => kind === 'disk_full' && call && from < call.endedAt && to > call.beganAt,
    );
  });
  let forgotten = 0;
  const verdict = judged('masks are silent where the document says', ended, (recording) => {
    const { id } = recording;
    const { silent, ms } = heard.get(id)!;
    const intervals = merged(
      recording.mask_intervals.map(({ start_ms, end_ms = ms }) => ({ startMs: start_ms, endMs: end_ms })),
    );
    const spans = merged(silent.filter(({ startMs, endMs }) => endMs - startMs >= MASK_AT_LEAST_MS));
    const loud = intervals.find((interval) => !covers(spans, shrunk(interval)));
    const isUnsaid = spans.some((span) => !covers(intervals, shrunk(span)));
    const isForgotten = isUnsaid && isMaskLost(recording, calls, faults);
    if (isForgotten) forgotten++;
    if (!loud && (!isUnsaid || isForgotten)) return;
    return `${id}: says ${show(intervals)}, is silent in ${show(spans)} of ${Math.round(ms)} ms`;
  });
  const intervals = (of: typeof all) =>
    of.reduce((sum, { mask_intervals }) => sum + mask_intervals.length, 0);
  return { ...verdict, looked: intervals(ended), excused: intervals(all) - intervals(ended) + forgotten };
}

/** The switch masked by itself, no service heard of it, and what it had noted went with its crash. */
function isMaskLost(
  { call_id }: Observed['recordings'][number],
  calls: CallJournal[],
  faults: FaultJournal[],
): boolean {
  const call = calls.find(({ legs }) => legs.includes(call_id));
  return faults.some(
    ({ kind, from }) =>
      kind === 'switch_crash' &&
      call?.asked.some(
        ({ action, outcome, at }) =>
          action === 'mask' && outcome === 'nothing' && at < from && from < call.endedAt,
      ),
  );
}

/** Each word that was said in clear is in a recording of the call. */
export function plainWordsAreHeard({
  calls,
  recordings,
  heard,
  faults,
}: Pick<Observed, 'calls' | 'recordings' | 'heard' | 'faults'>): Verdict {
  const said = calls.flatMap((call) =>
    call.words
      .filter(({ kind, to }) => kind === 'plain' && to < call.endedAt)
      .map((word) => ({ call, word })),
  );
  const owed = said.filter(({ word }) => !isExcused(word, faults));
  const verdict = judged('words said in clear are in the file', owed, ({ call, word }) => {
    const own = recordings.filter(({ call_id }) => call.legs.includes(call_id));
    // everyRecordingEnded sees to it that it was short
    if (own.some(({ state }) => state === 'discarded')) return;
    return own.some(({ id }) => heard.get(id)?.words.has(word.hz))
      ? undefined
      : `call ${call.id}: ${word.hz} Hz said at ${word.from}, in none of ${own.map(({ id }) => id).join(', ')}`;
  });
  return { ...verdict, excused: said.length - owed.length };
}

/** What a switch or a disk lost is no fault of the service. */
function isExcused({ from, to }: Word, faults: FaultJournal[]): boolean {
  return faults.some(
    (fault) =>
      (fault.kind === 'switch_crash' && fault.from < to + UNWRITTEN_MS && fault.to > from) ||
      (fault.kind === 'disk_full' && fault.from < to + UNWRITTEN_MS && fault.to > from),
  );
}

/** Spans in order, those that all but touch as one. */
function merged(spans: readonly Span[]): Span[] {
  const all: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.startMs - b.startMs)) {
    const last = all.at(-1);
    if (last && span.startMs - last.endMs <= TOUCH_MS) last.endMs = Math.max(last.endMs, span.endMs);
    else all.push({ ...span });
  }
  return all;
}

function shrunk({ startMs, endMs }: Span): Span {
  return { startMs: startMs + EXACT_MS, endMs: endMs - EXACT_MS };
}

function covers(spans: readonly Span[], { startMs, endMs }: Span): boolean {
  return endMs <= startMs || spans.some((span) => span.startMs <= startMs && span.endMs >= endMs);
}

function show(spans: readonly Span[]): string {
  return `[${spans.map(({ startMs, endMs }) => `${Math.round(startMs)}–${Math.round(endMs)}`).join(', ')}]`;
}
