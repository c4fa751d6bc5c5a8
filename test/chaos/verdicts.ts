/** Whether it kept its word: pure functions over what was observed, each with what it looked at and what was wrong. */
import type { Span } from '../support/tones.js';
import type { ShownRecording } from './api.js';
import type { Heard } from './audio.js';
import type { Holdings } from './child.js';
import { SECRET_WORD } from './conversation.js';
import type { CallJournal, FaultJournal, PostJournal, Word } from './journal.js';

export interface Verdict {
  what: string;
  /** How many things it was looked for in. */
  looked: number;
  /** Of those, how many a fault of the switch or the disk made nobody's fault. */
  excused?: number;
  violations: string[];
}

/** All that was seen from outside. */
export interface Observed {
  calls: CallJournal[];
  faults: FaultJournal[];
  posts: PostJournal[];
  recordings: ShownRecording[];
  /** What the files have, by recording. */
  heard: ReadonlyMap<string, Heard>;
  /** SHA-256 of the files, by recording. */
  sums: ReadonlyMap<string, string>;
  /** Every file below the recordings folder. */
  files: string[];
  /** The marker of the metaflows that are stored, by user. */
  stored: ReadonlyMap<string, number | undefined>;
  uploads: ReadonlyMap<string, string>;
  told: ReadonlyMap<string, ReadonlySet<string>>;
  /** Lines of the log that have what none may have. */
  tellingLines: string[];
  mishaps: string[];
  before: Holdings;
  after: Holdings;
}

/** What is shorter is discarded where it is to be, milliseconds. */
export const SHORT_MS = 3000;
/** How far the document may be from the file, milliseconds. */
export const EXACT_MS = 250;
/** What a switch that crashes has not written yet, milliseconds. */
const UNWRITTEN_MS = 3000;
const TOUCH_MS = 100;
/** Fewer samples of silence are a switch that is busy. */
const MASK_AT_LEAST_MS = 300;
/** What may stay of the heap and of handles: caches, and connections that are kept for the next request. */
const HEAP_MORE = 24 * 2 ** 20;
const HANDLES_MORE = 4;

export const VERDICTS: readonly ((observed: Observed) => Verdict)[] = [
  everyRecordingEnded,
  everyStartIsARecording,
  nobodyElseRecords,
  noSecretIsHeard,
  masksAreWhereTheDocumentSays,
  plainWordsAreHeard,
  postsAreThere,
  noOrphans,
  everyEventIsTold,
  everyUploadArrived,
  logsAreClean,
  serviceIsWell,
  nothingStays,
];

export function everyRecordingEnded({ recordings }: Pick<Observed, 'recordings'>): Verdict {
  return judged(
    'recordings ended, failed ones with a reason',
    recordings,
    ({ id, state, failure, duration_ms }) => {
      if (state === 'completed' || (state === 'discarded' && duration_ms < SHORT_MS)) return;
      return state === 'failed' && failure ? undefined : `${id} is ${state}`;
    },
  );
}

/** A start that was confirmed is of a recording: of the call, and where the API named it, of that one. */
export function everyStartIsARecording({
  calls,
  recordings,
}: Pick<Observed, 'calls' | 'recordings'>): Verdict {
  const starts = calls.flatMap((call) =>
    call.asked
      .filter(({ action, outcome }) => action === 'start' && outcome === 'done')
      .map((asked) => ({ call, asked })),
  );
  return judged('confirmed starts have a recording', starts, ({ call, asked }) => {
    const own = recordings.filter(({ call_id }) => call.legs.includes(call_id));
    const named = asked.recording === undefined || own.some(({ id }) => id === asked.recording);
    return own.length > 0 && named ? undefined : `call ${call.id}, leg ${asked.leg}`;
  });
}

export function nobodyElseRecords({ calls, recordings }: Pick<Observed, 'calls' | 'recordings'>): Verdict {
  const starts = calls.flatMap(({ asked }) => asked.filter(({ action }) => action === 'start'));
  return judged('recordings that somebody asked for', recordings, ({ id, call_id }) => {
    const asked = starts.filter(({ leg }) => leg === call_id).length;
    const there = recordings.filter((other) => other.call_id === call_id).length;
    return there <= asked ? undefined : `${id}: ${there} of leg ${call_id}, asked for ${asked} times`;
  });
}

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
  const verdict = judged('masks are silent where the document says', ended, (recording) => {
    const { id } = recording;
    const { silent, ms } = heard.get(id)!;
    const intervals = merged(
      recording.mask_intervals.map(({ start_ms, end_ms = ms }) => ({ startMs: start_ms, endMs: end_ms })),
    );
    const spans = merged(silent.filter(({ startMs, endMs }) => endMs - startMs >= MASK_AT_LEAST_MS));
    const loud = intervals.find((interval) => !covers(spans, shrunk(interval)));
    const unsaid = isMaskLost(recording, calls, faults)
      ? undefined
      : spans.find((span) => !covers(intervals, shrunk(span)));
    if (!loud && !unsaid) return;
    return `${id}: says ${show(intervals)}, is silent in ${show(spans)} of ${Math.round(ms)} ms`;
  });
  const intervals = (of: typeof all) =>
    of.reduce((sum, { mask_intervals }) => sum + mask_intervals.length, 0);
  return { ...verdict, looked: intervals(ended), excused: intervals(all) - intervals(ended) };
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

/** What is stored is the last that was acknowledged, or one that came after it. */
export function postsAreThere({ posts, stored }: Pick<Observed, 'posts' | 'stored'>): Verdict {
  const users = [...new Set(posts.map(({ user }) => user))];
  const verdict = judged('acknowledged POSTs are there', users, (user) => {
    const own = posts.filter((post) => post.user === user);
    const last = own.findLastIndex(({ acknowledged }) => acknowledged);
    const possible = own.slice(Math.max(0, last)).map(({ marker }) => marker);
    const there = stored.get(user);
    if (there === undefined && last < 0) return;
    return there !== undefined && possible.includes(there)
      ? undefined
      : `user ${user} has ${there}, not ${possible.join(' or ')}`;
  });
  return { ...verdict, looked: posts.filter(({ acknowledged }) => acknowledged).length };
}

/** Each file is a document's, and each completed document has its file. */
export function noOrphans({
  recordings,
  files,
  sums,
}: Pick<Observed, 'recordings' | 'files' | 'sums'>): Verdict {
  const kept = new Set(
    recordings.flatMap(({ state, segments }) => {
      if (state === 'discarded') return [];
      return state === 'failed'
        ? segments.map(({ file }) => file)
        : segments.slice(0, 1).map(({ file }) => file);
    }),
  );
  const orphans = files.filter((file) => !kept.has(file)).map((file) => `file ${file}`);
  const without = recordings
    .filter(({ id, state }) => state === 'completed' && !sums.has(id))
    .map(({ id }) => `document ${id} has no file`);
  const wrong = recordings
    .filter(({ id, sha256 }) => sha256 !== undefined && sums.has(id) && sums.get(id) !== sha256)
    .map(({ id }) => `the file of ${id} is not the one that the document is of`);
  return {
    what: 'files without document, documents without file',
    looked: files.length + recordings.length,
    violations: [...orphans, ...without, ...wrong],
  };
}

export function everyEventIsTold({ recordings, told }: Pick<Observed, 'recordings' | 'told'>): Verdict {
  const events = recordings.flatMap(({ id, state, audit }) => {
    const ok = (action: string) => audit.some((entry) => entry.action === action && entry.result === 'ok');
    return [
      { id, event: 'started' },
      ...(ok('mask') ? [{ id, event: 'masked' }] : []),
      ...(ok('unmask') ? [{ id, event: 'unmasked' }] : []),
      { id, event: 'stopped' },
      { id, event: state },
    ];
  });
  return judged('events are told to the webhook', events, ({ id, event }) =>
    told.get(id)?.has(`recording.${event}`) ? undefined : `${id}: ${event}`,
  );
}

export function everyUploadArrived({
  recordings,
  uploads,
}: Pick<Observed, 'recordings' | 'uploads'>): Verdict {
  const due = recordings.filter(({ state, url }) => state === 'completed' && url !== undefined);
  return judged('uploads arrived intact', due, ({ id, delivery, sha256 }) => {
    if (delivery !== 'delivered') return `${id}: delivery is ${delivery}`;
    return uploads.get(id) === sha256 ? undefined : `${id}: another file arrived, or none`;
  });
}

export function logsAreClean({ tellingLines }: Pick<Observed, 'tellingLines'>): Verdict {
  return { what: 'digits and tokens in no log line', looked: 1, violations: tellingLines };
}

export function serviceIsWell({ mishaps }: Pick<Observed, 'mishaps'>): Verdict {
  return { what: 'ends by itself, errors that nobody caught', looked: 1, violations: mishaps };
}

/** Sockets, timers and memory are back to where they were before the first call. */
export function nothingStays({ before, after }: Pick<Observed, 'before' | 'after'>): Verdict {
  const violations = Object.entries(after.counts)
    .map(([type, count]) => ({ type, count, more: count - (before.counts[type] ?? 0) }))
    .filter(({ more }) => more > HANDLES_MORE)
    .map(({ type, count, more }) => `${type}: ${count}, ${more} more than before`);
  if (after.heap - before.heap > HEAP_MORE) {
    violations.push(`heap: ${after.heap} bytes, before it was ${before.heap}`);
  }
  return {
    what: 'sockets, timers and memory as before',
    looked: Object.keys(after.counts).length,
    violations,
  };
}

function judged<T>(what: string, all: readonly T[], wrong: (one: T) => string | undefined): Verdict {
  return { what, looked: all.length, violations: all.map(wrong).filter((each) => each !== undefined) };
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
