/**
 * The documents of recordings, listed by time. Ids begin with the time, so that
 * `recording/{account}/{id}` answers for an account; two indexes of empty documents, whose ids say all, answer for
 * a user (`owned/{account}/{user}/{id}`) and for a restarted service (`unfinished/{account}/{id}`). Index
 * documents are written before the recording: one without its recording means a crash in between, and is passed
 * over. So are the outbox's entries (`outbox.ts`) of a recording that is to be delivered or told, empty as yet.
 */
import type { RecordingDocument } from '../generated/recording.js';
import { callbackId, shipmentsOf, uploadId } from '../delivery/ids.js';
import { newRecordingId } from '../recording/files.js';
import { Turns } from '../recording/turns.js';
import type { Documents } from './documents.js';
import { OUTBOX } from './outbox.js';

/** Which recordings, by when their ids were made. */
export interface RecordingQuery {
  /** Only those of this user. */
  user?: string | undefined;
  /** Epoch, milliseconds, both inclusive. */
  from?: number | undefined;
  to?: number | undefined;
  limit: number;
  /** The `next_start_key` of the page before. */
  startKey?: string | undefined;
}

/** One page, newest first; `next_start_key` is missing on the last one. */
export interface RecordingPage {
  recordings: RecordingDocument[];
  next_start_key?: string;
}

interface Stored {
  recording: RecordingDocument;
}

export class RecordingStore {
  readonly #documents: Documents;
  readonly #turns = new Turns();
  readonly #marked = new Set<string>();

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  /** The last call wins, also when it comes before an earlier one has ended. */
  save(recording: RecordingDocument): Promise<void> {
    const key = keyOf(recording.account_id, recording.id);
    return this.#turns.take(key, async () => {
      if (!this.#marked.has(key)) {
        await this.#documents.mark([
          ...(isUnfinished(recording) ? [`unfinished/${key}`] : []),
          ...(recording.owner_id === undefined ? [] : [ownedId(recording, recording.owner_id)]),
        ]);
        this.#marked.add(key);
      }
      await this.#documents.mark(shipmentsOf(recording).map((id) => OUTBOX + id));
      await this.#documents.update<Stored>(`recording/${key}`, () => ({ recording }));
      if (!isUnfinished(recording)) {
        await this.#documents.remove(`unfinished/${key}`);
        this.#marked.delete(key);
      }
    });
  }

  /**
   * Stores what `change` makes of the newest version of a recording that has ended, and resolves with it; undefined
   * where there is none.
   */
  async change(
    account: string,
    id: string,
    change: (recording: RecordingDocument) => RecordingDocument,
  ): Promise<RecordingDocument | undefined> {
    return this.#turns.take(keyOf(account, id), async () => {
      const recording = await this.get(account, id);
      if (!recording) return undefined;
      const { value } = await this.#documents.update<Stored>(
        `recording/${keyOf(account, id)}`,
        (current) => ({
          recording: change(current?.recording ?? recording),
        }),
      );
      return value.recording;
    });
  }

  async get(account: string, id: string): Promise<RecordingDocument | undefined> {
    return (await this.#documents.get<Stored>(`recording/${keyOf(account, id)}`))?.value.recording;
  }

  /** Pages neither miss nor double a recording while others arrive. */
  async list(account: string, query: RecordingQuery): Promise<RecordingPage> {
    const { user, from, to, limit, startKey } = query;
    const bounds = [startKey, to === undefined ? undefined : `${timePart(to)}\uffff`];
    const ids = await this.#documents.ids(
      user === undefined ? `recording/${keyOf(account, '')}` : `owned/${keyOf(account, user, '')}`,
      {
        lowest: from === undefined ? undefined : timePart(from),
        highest: bounds.filter((bound) => bound !== undefined).sort()[0],
        limit: limit + 1,
      },
    );
    const page = ids.slice(0, limit).map((id) => `recording/${keyOf(account, id)}`);
    const entries = await this.#documents.getAll<Stored>(page);
    const next = ids[limit];
    return {
      recordings: entries.map(({ value }) => value.recording),
      ...(next !== undefined && { next_start_key: next }),
    };
  }

  /** Whether there was one. */
  delete(account: string, id: string): Promise<boolean> {
    return this.#turns.take(keyOf(account, id), async () => {
      const recording = await this.get(account, id);
      if (!recording) return false;
      await this.#documents.remove(`recording/${keyOf(account, id)}`);
      await this.#documents.remove(OUTBOX + uploadId(recording));
      await this.#documents.remove(OUTBOX + callbackId(recording));
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
    return entries.map(({ value }) => value.recording).filter(isUnfinished);
  }

  /** Resolves when no change is under way. */
  idle(): Promise<void> {
    return this.#turns.idle();
  }
}

function keyOf(...parts: string[]): string {
  return parts.map(encodeURIComponent).join('/');
}

function ownedId({ account_id, id }: RecordingDocument, user: string): string {
  return `owned/${keyOf(account_id, user, id)}`;
}

function isUnfinished({ state }: RecordingDocument): boolean {
  return state === 'recording' || state === 'masked';
}

/** What the ids that are made at `at` begin with: the month and twelve hex digits of milliseconds. */
function timePart(at: number): string {
  return newRecordingId(at).slice(0, 'YYYYMM-'.length + 12);
}
