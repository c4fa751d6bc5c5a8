/** Whether it kept its word: pure functions over what was observed, each with what it looked at and what was wrong. */
import { timeOfUuid } from '../../src/uuid.js';
import { masksAreWhereTheDocumentSays, noSecretIsHeard, plainWordsAreHeard } from './audible.js';
import type { FaultJournal } from './journal.js';
import { judged, type Observed, type Verdict } from './observed.js';

/** What is shorter is discarded where it is to be, milliseconds. */
export const SHORT_MS = 3000;
/** How long a recording that begins may not be stored yet, milliseconds. */
const UNSTORED_MS = 1000;
/** How long a service that is back may not have read what the switch has noted, milliseconds. */
const UNREAD_MS = 2000;
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

/** All verdicts. One that had nothing to look at would hold whatever the service does: that is wrong too. */
export function judge(observed: Observed): Verdict[] {
  return VERDICTS.map((verdict) => {
    const { violations, ...rest } = verdict(observed);
    return {
      ...rest,
      violations: rest.looked > 0 ? violations : [...violations, 'there was nothing to look at'],
    };
  });
}

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
  faults,
}: Pick<Observed, 'recordings' | 'files' | 'sums' | 'faults'>): Verdict {
  const kept = new Set(
    recordings.flatMap(({ state, segments }) => {
      if (state === 'discarded') return [];
      return state === 'failed'
        ? segments.map(({ file }) => file)
        : segments.slice(0, 1).map(({ file }) => file);
    }),
  );
  const unknown = files.filter((file) => !kept.has(file));
  const orphans = unknown.filter((file) => !isBeginningLost(file, faults)).map((file) => `file ${file}`);
  const without = recordings
    .filter(({ id, state }) => state === 'completed' && !sums.has(id))
    .map(({ id }) => `document ${id} has no file`);
  const wrong = recordings
    .filter(({ id, sha256 }) => sha256 !== undefined && sums.has(id) && sums.get(id) !== sha256)
    .map(({ id }) => `the file of ${id} is not the one that the document is of`);
  return {
    what: 'files without document, documents without file',
    looked: files.length + recordings.length,
    excused: unknown.length - orphans.length,
    violations: [...orphans, ...without, ...wrong],
  };
}

/** The service was killed while the recording began, and with the switch went the only note of it before it could be read. */
function isBeginningLost(file: string, faults: FaultJournal[]): boolean {
  const digits = /-([0-9a-f]{32})\.wav$/.exec(file)?.[1];
  if (digits === undefined) return false;
  const began = timeOfUuid(digits);
  const kills = faults.filter(
    ({ kind, from }) => kind.startsWith('kill') && from >= began && from < began + UNSTORED_MS,
  );
  return faults.some(
    ({ kind, from }) =>
      kind === 'switch_crash' && kills.some((kill) => from >= kill.from && from < kill.to + UNREAD_MS),
  );
}

export function everyEventIsTold({ recordings, told }: Pick<Observed, 'recordings' | 'told'>): Verdict {
  const events = recordings.flatMap(({ id, state, audit }) =>
    ['started', ...maskEvents(audit), 'stopped', state].map((event) => ({ id, event })),
  );
  return judged('events are told to the webhook', events, ({ id, event }) =>
    told.get(id)?.has(`recording.${event}`) ? undefined : `${id}: ${event}`,
  );
}

/** Each change is told; whoever masks what is masked, or unmasks what is not, changes nothing. */
function maskEvents(audit: Observed['recordings'][number]['audit']): string[] {
  let isMasked = false;
  return audit.flatMap(({ action, result }) => {
    const masks = action === 'mask';
    if (result !== 'ok' || (!masks && action !== 'unmask') || masks === isMasked) return [];
    isMasked = masks;
    return masks ? 'masked' : 'unmasked';
  });
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
