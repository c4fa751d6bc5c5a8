/** The recordings of an account or a user, listed by time, page by page. */
import type { RecordingDocument } from '../generated/recording.js';
import { newRecordingId } from '../recording/files.js';
import type { Documents } from './documents.js';
import { keyOf, OWNED, RECORDING, UNFINISHED } from './recording-ids.js';
import type { Stored } from './recordings.js';

/** Documents that are looked at for one page: whoever looks for few among many gets a short page, and goes on. */
const MAX_SCANNED = 2000;
/** Documents that are read at a time where some are passed over. */
const BATCH = 200;

/** Which recordings, by when their ids were made. */
export interface RecordingQuery {
  /** Only those of this user. */
  user?: string | undefined;
  /** Only those that go on. */
  running?: boolean;
  /** Epoch, milliseconds, both inclusive. */
  from?: number | undefined;
  to?: number | undefined;
  limit: number;
  /** The `next_start_key` of the page before. */
  startKey?: string | undefined;
  /** Others are passed over. */
  matches?: (recording: RecordingDocument) => boolean;
}

/** One page, newest first; `next_start_key` is missing on the last one. */
export interface RecordingPage {
  recordings: RecordingDocument[];
  next_start_key?: string;
}

/** Pages neither miss nor double a recording while others arrive; one may be short, or empty, with more to follow. */
export async function recordingPage(
  documents: Documents,
  account: string,
  query: RecordingQuery,
): Promise<RecordingPage> {
  const { limit, matches } = query;
  const recordings: RecordingDocument[] = [];
  let next = query.startKey;
  for (let scanned = 0; scanned < MAX_SCANNED && recordings.length < limit;) {
    // Of no more than the page has room for: the next page begins behind the last one that was looked at.
    const room = matches ? BATCH : limit - recordings.length;
    const { found, following } = await find(documents, account, { ...query, startKey: next, limit: room });
    next = following;
    for (const [index, recording] of found.entries()) {
      if (matches?.(recording) === false) continue;
      if (recordings.push(recording) === limit) {
        next = found[index + 1]?.id ?? next;
        break;
      }
    }
    scanned += room;
    if (next === undefined) break;
  }
  return { recordings, ...(next !== undefined && { next_start_key: next }) };
}

/** As many as `limit` says; `following` is the id of the one behind them. */
async function find(
  documents: Documents,
  account: string,
  { user, running, from, to, startKey, limit }: RecordingQuery,
): Promise<{ found: RecordingDocument[]; following: string | undefined }> {
  const bounds = [startKey, to === undefined ? undefined : `${timePart(to)}\uffff`];
  const range = {
    lowest: from === undefined ? undefined : timePart(from),
    highest: bounds.filter((bound) => bound !== undefined).sort()[0],
    limit: limit + 1,
  };
  const prefix = RECORDING + keyOf(account, '');
  if (user === undefined && !running) {
    const entries = await documents.entries<Stored>(prefix, range);
    const found = entries.map(({ value }) => value.recording);
    return { found: found.slice(0, limit), following: found[limit]?.id };
  }
  // Those that go on are few, however many there have been.
  const index = running ? UNFINISHED + keyOf(account, '') : OWNED + keyOf(account, user ?? '', '');
  const ids = await documents.ids(index, range);
  const entries = await documents.getAll<Stored>(ids.slice(0, limit).map((id) => prefix + id));
  const found = entries.map(({ value }) => value.recording);
  return {
    found: found.filter((each) => user === undefined || each.owner_id === user),
    following: ids[limit],
  };
}

/** What the ids that are made at `at` begin with: the month and twelve hex digits of milliseconds. */
function timePart(at: number): string {
  return newRecordingId(at).slice(0, 'YYYYMM-'.length + 12);
}
