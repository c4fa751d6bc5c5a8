/**
 * The documents of recordings, listed by time. Ids begin with the time, so that
 * `recording/{account}/{id}` answers for an account; two indexes of empty documents, whose ids say all, answer for
 * a user (`owned/{account}/{user}/{id}`) and for a restarted service (`unfinished/{account}/{id}`). Index
 * documents are written before the recording: one without its recording means a crash in between, and is passed
 * over. So is what happened to a recording and is still to be told: `news/{account}/{id}/{happening}`.
 */
import { MetaflowsError } from '../errors.js';
import type { RecordingDocument } from '../generated/recording.js';
import type { Happening, RecordingEvent } from '../recording/events.js';
import { newRecordingId } from '../recording/files.js';
import { isRunning } from '../recording/state.js';
import { Turns } from '../turns.js';
import type { Deleted, Documents, Entry } from './documents.js';
import { OUTBOX } from './outbox.js';
import { shipmentsOf } from './shipments.js';

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

/** What the ids of news begin with. */
const NEWS = 'news/';
/** Documents that are looked at for one page: whoever looks for few among many gets a short page, and goes on. */
const MAX_SCANNED = 2000;
/** Documents that are read at a time where some are passed over. */
const BATCH = 200;

/** One page, newest first; `next_start_key` is missing on the last one. */
export interface RecordingPage {
  recordings: RecordingDocument[];
  next_start_key?: string;
}

/** A recording's document as it lies there. */
export interface Stored {
  recording: RecordingDocument;
  /** How many things have happened to it. */
  happenings?: number;
  /** Nobody changes it any more: its audio is being removed, or a crash came meanwhile. */
  deleting?: boolean;
}

/** Of a recording whose document does not count as many, it has not happened: a crash came before the document. */
interface News extends RecordingEvent {
  /** From 1 on. */
  number: number;
}

/** What is left of news that was told: nothing of what was said in the call, or by whom. */
interface Told {
  account: string;
  /** The recording's. */
  id: string;
  event: Happening;
}

export class RecordingStore {
  readonly #documents: Documents;
  readonly #listeners = new Set<(event: RecordingEvent) => void>();
  readonly #turns = new Turns();
  readonly #marked = new Set<string>();

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  /**
   * The last call wins, also when it comes before an earlier one has ended. With it is stored what `happened`, in this
   * order, until it is {@link told}. Where another process has written it meanwhile, rejects with `not_acting` unless
   * `mayStill`.
   */
  save(
    recording: RecordingDocument,
    happened: readonly Happening[] = [],
    mayStill: () => boolean = () => true,
  ): Promise<void> {
    const key = keyOf(recording.account_id, recording.id);
    return this.#turns.take(key, async () => {
      const marks = this.#marked.has(key)
        ? []
        : [
            ...(isRunning(recording) ? [`unfinished/${key}`] : []),
            ...(recording.owner_id === undefined ? [] : [ownedId(recording, recording.owner_id)]),
          ];
      // A hold is not the recorder's, whose document may be older.
      const { legal_hold, ...own } = recording;
      const change = (current = recording): RecordingDocument => ({
        ...own,
        ...(current.legal_hold && { legal_hold: true }),
      });
      await this.#write(recording, happened, change, { marks, mayStill });
      this.#marked.add(key);
      if (!isRunning(recording)) {
        await this.#documents.remove(`unfinished/${key}`);
        this.#marked.delete(key);
      }
    });
  }

  /**
   * Stores what `change` makes of the newest version of a recording, and resolves with it; undefined where there is none,
   * or it is being deleted.
   * Of one that has not ended only `legal_hold` may be changed: all else is the recorder's. `happened` as with {@link save}.
   */
  async change(
    account: string,
    id: string,
    change: (recording: RecordingDocument) => RecordingDocument,
    happened: readonly Happening[] = [],
  ): Promise<RecordingDocument | undefined> {
    return this.#turns.take(keyOf(account, id), async () => {
      const recording = await this.get(account, id);
      return recording && this.#write(recording, happened, (current = recording) => change(current));
    });
  }

  /** What has happened on the switches that are ours and nobody was told, of each recording in order. */
  async untold(isOurs: (switchId: string) => boolean): Promise<RecordingEvent[]> {
    const untold: News[] = [];
    for await (const { value } of this.#documents.all<News>(NEWS)) {
      const { recording, number } = value;
      if (!isOurs(recording.internal.switch)) continue;
      // In its turn: what is being stored just now has its news before its document.
      await this.#turns.take(keyOf(recording.account_id, recording.id), async () => {
        const stored = await this.#documents.get<Stored>(recordingId(recording));
        if (number <= (stored?.value.happenings ?? 0)) untold.push(value);
        else await this.#documents.remove(newsId(recording, value.id));
      });
    }
    return untold
      .sort((a, b) => a.number - b.number)
      .map(({ id, type, at, recording }) => ({ id, type, at, recording }));
  }

  /** It is kept no more; those who share the database are told that it happened. */
  async told({ id, type, at, recording }: RecordingEvent): Promise<void> {
    const { account_id: account } = recording;
    await this.#documents.remove(newsId(recording, id), {
      told: { account, id: recording.id, event: { id, type, at } },
    });
  }

  /** Calls `listener` with what any of those who share the database has told, with the recording as it is by then. */
  onTold(listener: (event: RecordingEvent) => void): void {
    this.#listeners.add(listener);
  }

  /** Takes in what any of them has stored. */
  take(entry: Entry<object> | Deleted): void {
    const told = 'left' in entry ? (entry.left as { told?: Told }).told : undefined;
    if (!told || !entry.id.startsWith(NEWS)) return;
    const { account, id, event } = told;
    // In order, also where one is read faster than the one before.
    void this.#turns
      .take(`told/${account}`, async () => {
        const recording = await this.get(account, id);
        if (recording) for (const listener of this.#listeners) listener({ ...event, recording });
      })
      .catch(() => undefined);
  }

  async get(account: string, id: string): Promise<RecordingDocument | undefined> {
    return (await this.#documents.get<Stored>(`recording/${keyOf(account, id)}`))?.value.recording;
  }

  /** Pages neither miss nor double a recording while others arrive; one may be short, or empty, with more to follow. */
  async list(account: string, query: RecordingQuery): Promise<RecordingPage> {
    const { limit, matches } = query;
    const recordings: RecordingDocument[] = [];
    let next = query.startKey;
    for (let scanned = 0; scanned < MAX_SCANNED && recordings.length < limit;) {
      // Of no more than the page has room for: the next page begins behind the last one that was looked at.
      const room = matches ? BATCH : limit - recordings.length;
      const { found, following } = await this.#find(account, { ...query, startKey: next, limit: room });
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

  /** The accounts that have recordings. */
  async *accounts(): AsyncGenerator<string> {
    // One look-up for each: the next account's newest recording comes right before the first of this one's.
    for (let highest: string | undefined; ;) {
      const [key] = await this.#documents.ids('recording/', { highest, limit: 1 });
      if (key === undefined) return;
      const [account = ''] = key.split('/');
      yield decodeURIComponent(account);
      highest = `${account}/`;
    }
  }

  /**
   * Deletes the document where `permits` its newest version, after `before` has done with it what is to be done; where
   * that rejects, or `permits` throws, nothing is deleted. From the permission on nothing changes the recording, by
   * another process neither. Whether it was deleted.
   */
  delete(
    account: string,
    id: string,
    permits: (recording: RecordingDocument) => boolean = () => true,
    before: (recording: RecordingDocument) => Promise<void> = () => Promise.resolve(),
  ): Promise<boolean> {
    return this.#turns.take(keyOf(account, id), async () => {
      const key = `recording/${keyOf(account, id)}`;
      let recording: RecordingDocument | undefined;
      await this.#documents.change<Stored>(key, (current) => {
        recording = current && permits(current.recording) ? current.recording : undefined;
        return current && recording ? { ...current, deleting: true } : current;
      });
      if (!recording) return false;
      try {
        await before(recording);
      } catch (error) {
        await this.#documents
          .revise<Stored>(key, ({ deleting, ...current }) => current)
          .catch(() => undefined);
        throw error;
      }
      await this.#documents.remove(key);
      for (const shipment of shipmentsOf(recording)) await this.#documents.remove(OUTBOX + shipment);
      const untold = newsId(recording, '');
      for (const news of await this.#documents.ids(untold)) await this.#documents.remove(untold + news);
      if (recording.owner_id !== undefined) {
        await this.#documents.remove(ownedId(recording, recording.owner_id));
      }
      return true;
    });
  }

  /** Those that were recording or masked when their documents were last saved. */
  async unfinished(): Promise<RecordingDocument[]> {
    const keys = await this.#documents.ids('unfinished/');
    const entries = await this.#documents.getAll<Stored>(keys.map((key) => `recording/${key}`));
    return entries.map(({ value }) => value.recording).filter(isRunning);
  }

  async #write(
    recording: RecordingDocument,
    happened: readonly Happening[],
    change: (current: RecordingDocument | undefined) => RecordingDocument,
    { marks = [], mayStill = () => true }: { marks?: string[]; mayStill?: () => boolean } = {},
  ): Promise<RecordingDocument | undefined> {
    let isDisputed = false;
    const { value } = await this.#documents.update<Stored>(
      recordingId(recording),
      (current) => {
        if (isDisputed && !mayStill()) throw new MetaflowsError('not_acting', recording.internal.switch);
        isDisputed = true;
        return current?.deleting
          ? current
          : {
              recording: change(current?.recording),
              happenings: (current?.happenings ?? 0) + happened.length,
            };
      },
      ({ recording: after, happenings = 0 }) => {
        const news = happened.map((each, index): [id: string, news: News] => {
          const number = happenings - happened.length + index + 1;
          return [newsId(recording, each.id), { ...each, recording: after, number }];
        });
        return Promise.all([
          this.#documents.mark(marks),
          ...news.map(([id, each]) => this.#documents.create(id, each)),
        ]);
      },
    );
    return value.deleting ? undefined : value.recording;
  }

  /** As many as `limit` says; `following` is the id of the one behind them. */
  async #find(
    account: string,
    { user, running, from, to, startKey, limit }: RecordingQuery,
  ): Promise<{ found: RecordingDocument[]; following: string | undefined }> {
    const bounds = [startKey, to === undefined ? undefined : `${timePart(to)}\uffff`];
    const range = {
      lowest: from === undefined ? undefined : timePart(from),
      highest: bounds.filter((bound) => bound !== undefined).sort()[0],
      limit: limit + 1,
    };
    const prefix = `recording/${keyOf(account, '')}`;
    if (user === undefined && !running) {
      const entries = await this.#documents.entries<Stored>(prefix, range);
      const found = entries.map(({ value }) => value.recording);
      return { found: found.slice(0, limit), following: found[limit]?.id };
    }
    // Those that go on are few, however many there have been.
    const index = running ? `unfinished/${keyOf(account, '')}` : `owned/${keyOf(account, user ?? '', '')}`;
    const ids = await this.#documents.ids(index, range);
    const entries = await this.#documents.getAll<Stored>(ids.slice(0, limit).map((id) => prefix + id));
    const found = entries.map(({ value }) => value.recording);
    return {
      found: found.filter((each) => user === undefined || each.owner_id === user),
      following: ids[limit],
    };
  }

  /** Resolves when no change is under way. */
  idle(): Promise<void> {
    return this.#turns.idle();
  }
}

function keyOf(...parts: string[]): string {
  return parts.map(encodeURIComponent).join('/');
}

/** The id of a recording's document. */
export function recordingId({ account_id, id }: RecordingDocument): string {
  return `recording/${keyOf(account_id, id)}`;
}

function newsId({ account_id, id }: RecordingDocument, happening: string): string {
  return `${NEWS}${keyOf(account_id, id, happening)}`;
}

function ownedId({ account_id, id }: RecordingDocument, user: string): string {
  return `owned/${keyOf(account_id, user, id)}`;
}

/** What the ids that are made at `at` begin with: the month and twelve hex digits of milliseconds. */
function timePart(at: number): string {
  return newRecordingId(at).slice(0, 'YYYYMM-'.length + 12);
}
