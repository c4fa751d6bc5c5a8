/**
 * The documents of recordings, and what happened to them and is still to be told. News and index documents are written
 * before the recording: one without its recording means a crash in between, and is passed over.
 */
import { MetaflowsError } from '../errors.js';
import type { RecordingDocument } from '../generated/recording.js';
import type { Happening, RecordingEvent } from '../recording/events.js';
import { isRunning } from '../recording/state.js';
import { Turns } from '../turns.js';
import type { Deleted, Documents, Entry } from './documents.js';
import { OUTBOX } from './outbox.js';
import { keyOf, NEWS, newsId, ownedId, RECORDING, recordingId, UNFINISHED } from './recording-ids.js';
import { recordingPage, type RecordingPage, type RecordingQuery } from './recording-pages.js';
import { shipmentsOf } from './shipments.js';

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
            ...(isRunning(recording) ? [UNFINISHED + key] : []),
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
        await this.#documents.remove(UNFINISHED + key);
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
    return (await this.#documents.get<Stored>(RECORDING + keyOf(account, id)))?.value.recording;
  }

  /** As {@link recordingPage}. */
  list(account: string, query: RecordingQuery): Promise<RecordingPage> {
    return recordingPage(this.#documents, account, query);
  }

  /** The accounts that have recordings. */
  async *accounts(): AsyncGenerator<string> {
    // One look-up for each: the next account's newest recording comes right before the first of this one's.
    for (let highest: string | undefined; ;) {
      const [key] = await this.#documents.ids(RECORDING, { highest, limit: 1 });
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
      const key = RECORDING + keyOf(account, id);
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
    const keys = await this.#documents.ids(UNFINISHED);
    const entries = await this.#documents.getAll<Stored>(keys.map((key) => RECORDING + key));
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

  /** Resolves when no change is under way. */
  idle(): Promise<void> {
    return this.#turns.idle();
  }
}
