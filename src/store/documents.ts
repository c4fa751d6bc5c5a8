/** Documents in PouchDB: read, changed without losing another's change, listed by ranges of their ids. */
import { setTimeout } from 'node:timers/promises';
import { MetaflowsError } from '../errors.js';
import { Turns } from '../turns.js';
import type { Database } from './folder.js';
import { Writer, type Draft } from './writer.js';

/** Writers of one process take turns, so a conflict means another process; each wait is longer, and as long by chance. */
const ATTEMPTS = 10;
/** Documents of which the newest version is remembered: what runs now, on a busy site, changes again and again. */
const REMEMBERED = 10_000;
/** Documents that are read at a time where all of a kind are wanted. */
const PAGE = 1000;

/** A document as it is stored. */
export interface Entry<T> {
  id: string;
  rev: string;
  value: T;
}

/** What a deletion leaves. */
export interface Deleted {
  id: string;
  rev: string;
  value?: never;
  /** What {@link Documents.remove} left there. */
  left?: object;
}

/** Bounds are parts of ids after the prefix, both inclusive. */
export interface Range {
  lowest?: string | undefined;
  highest?: string | undefined;
  limit?: number | undefined;
  /** The lowest first. */
  ascending?: boolean;
}

type Change<T> = (current: T | undefined) => T | undefined;
/** Writes what has to be there before a document is; given what that will be. */
type First<T> = (value: T) => Promise<unknown>;

interface Changed<T> {
  current: Entry<T> | undefined;
  value: T | undefined;
}

/** Whatever PouchDB rejects with becomes a MetaflowsError `store_failed`. */
export class Documents {
  /** Whether what is written at the same moment is there all or not at all: a folder's `bulkDocs` is one batch of LevelDB. */
  readonly isWhole: boolean;
  readonly #db: Database;
  readonly #settlesMs: number;
  readonly #writer: Writer;
  readonly #turns = new Turns();
  /** As this process has written them, the oldest first. */
  readonly #written = new Map<string, Entry<object>>();

  /** `settlesMs`: milliseconds within which a database that takes two documents of the same id has chosen one; 0: a folder's. */
  constructor(db: Database, settlesMs = 0) {
    this.isWhole = settlesMs === 0;
    this.#db = db;
    this.#settlesMs = settlesMs;
    this.#writer = new Writer(db);
  }

  async get<T extends object>(id: string): Promise<Entry<T> | undefined> {
    try {
      return entryOf<T>(await this.#db.get(id));
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw failed(error);
    }
  }

  /**
   * Stores what `change` makes of the document's newest version. Changes of one document happen in the order of
   * the calls; `change` runs again where another process wrote in between, and what it throws changes nothing. What
   * `first` writes is there before the document is, or with it.
   */
  async update<T extends object>(
    id: string,
    change: (current: T | undefined) => T,
    first?: First<T>,
  ): Promise<Entry<T>> {
    return (await this.change(id, change, {}, first)) as Entry<T>;
  }

  /**
   * As {@link update}, and deletes the document where `change` returns nothing; where it returns what it was given,
   * nothing is stored.
   */
  change<T extends object>(
    id: string,
    change: Change<T>,
    left: object = {},
    first?: First<T>,
  ): Promise<Entry<T> | Deleted | undefined> {
    return this.#turns.take(id, async () => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const { current, value } = this.#remember(id, change) ?? (await this.#read(id, change));
        if (value === current?.value) return current;
        const content = value ?? { ...left, _deleted: true };
        const before = value && first?.(value);
        if (before && !this.isWhole) await before;
        const put = this.#put({ ...content, _id: id, ...(current && { _rev: current.rev }) });
        const [rev] = await Promise.all([put, before]);
        if (rev !== undefined) return value ? this.#remembered({ id, rev, value }) : { id, rev };
        await setTimeout(Math.random() * 2 ** attempt);
      }
      throw new MetaflowsError('store_failed', 'too many conflicting writers');
    });
  }

  /** As {@link update}; where there is no such document, stores nothing and resolves with undefined. */
  async revise<T extends object>(id: string, change: (current: T) => T): Promise<Entry<T> | undefined> {
    return (await this.change<T>(id, (current) => current && change(current))) as Entry<T> | undefined;
  }

  /** Stores a document that is never changed; resolves with false where there is one already. */
  async create(id: string, value: object): Promise<boolean> {
    return (await this.#put({ ...value, _id: id })) !== undefined;
  }

  /** The document that there is, else one of `value`; the same for all who ask at the same time. */
  async settle<T extends object>(id: string, value: T): Promise<T> {
    const known = await this.get<T>(id);
    if (known) return known.value;
    await this.create(id, value);
    await setTimeout(this.#settlesMs);
    return (await this.get<T>(id))?.value ?? value;
  }

  /** Deletes the document; resolves with undefined where there was none. Others are told what is `left` of it. */
  remove(id: string, left?: object): Promise<Deleted | undefined> {
    return this.change<never>(id, () => undefined, left);
  }

  /** Makes sure that empty documents with these ids are there: an index, whose ids say all. */
  async mark(ids: string[]): Promise<void> {
    await Promise.all(ids.map((_id) => this.#put({ _id })));
  }

  /** What follows `prefix` in the ids of the documents in the range, the highest first unless told otherwise. */
  async ids(prefix: string, range: Range = {}): Promise<string[]> {
    return (await this.#rows(prefix, range)).map(({ id }) => id.slice(prefix.length));
  }

  /** The documents in the range themselves, in the order of {@link ids}. */
  async entries<T extends object>(prefix: string, range: Range = {}): Promise<Entry<T>[]> {
    const rows = await this.#rows<T>(prefix, range, true);
    return rows.flatMap(({ doc }) => (doc ? [entryOf<T>(doc)] : []));
  }

  /** All documents whose ids begin with `prefix`, a page at a time. */
  async *all<T extends object>(prefix: string): AsyncGenerator<Entry<T>> {
    let highest: string | undefined;
    do {
      const page = await this.entries<T>(prefix, { highest, limit: PAGE + 1 });
      yield* page.slice(0, PAGE);
      highest = page[PAGE]?.id.slice(prefix.length);
    } while (highest !== undefined);
  }

  /** Those of the documents that there are, in the order of `ids`. */
  async getAll<T extends object>(ids: string[]): Promise<Entry<T>[]> {
    try {
      const { rows } = await this.#db.allDocs<T>({ keys: ids, include_docs: true });
      return rows.flatMap((row) => ('doc' in row && row.doc ? [entryOf<T>(row.doc)] : []));
    } catch (error) {
      throw failed(error);
    }
  }

  /** Resolves when no change is under way. */
  idle(): Promise<void> {
    return this.#turns.idle();
  }

  async #rows<T extends object>(
    prefix: string,
    { lowest = '', highest = '\uffff', limit, ascending = false }: Range,
    include_docs = false,
  ): Promise<PouchDB.Core.AllDocsResponse<T>['rows']> {
    // CouchDB answers a range that is upside down with an error.
    if (highest < lowest) return [];
    const [low, high] = [prefix + lowest, prefix + highest];
    const range = ascending
      ? { startkey: low, endkey: high }
      : { startkey: high, endkey: low, descending: true };
    try {
      const paged = limit === undefined ? range : { ...range, limit };
      return (await this.#db.allDocs<T>({ ...paged, include_docs })).rows;
    } catch (error) {
      throw failed(error);
    }
  }

  async #read<T extends object>(id: string, change: Change<T>): Promise<Changed<T>> {
    const current = await this.get<T>(id);
    return { current, value: change(current?.value) };
  }

  /**
   * What comes of the version that this process wrote last: a conflict says where another came after. Nothing, where that
   * would change nothing or is refused, for which another may be the reason.
   */
  #remember<T extends object>(id: string, change: Change<T>): Changed<T> | undefined {
    const current = this.#written.get(id) as Entry<T> | undefined;
    this.#written.delete(id);
    if (!current) return undefined;
    try {
      const value = change(current.value);
      return value === current.value ? undefined : { current, value };
    } catch {
      return undefined;
    }
  }

  /** Resolves with the new revision, or with undefined where another writer came first. */
  async #put(doc: Draft): Promise<string | undefined> {
    try {
      return await this.#writer.put(doc);
    } catch (error) {
      throw failed(error);
    }
  }

  #remembered<T extends object>(entry: Entry<T>): Entry<T> {
    this.#written.set(entry.id, entry);
    const [oldest] = this.#written.keys();
    if (this.#written.size > REMEMBERED && oldest !== undefined) this.#written.delete(oldest);
    return entry;
  }
}

/** A document without PouchDB's own keys. */
export function entryOf<T extends object>(
  doc: PouchDB.Core.IdMeta & PouchDB.Core.GetMeta & object,
): Entry<T> {
  const { _id, _rev, ...value } = doc;
  return { id: _id, rev: _rev, value: value as T };
}

/** Over HTTP PouchDB rejects with what CouchDB has answered: an object, and no Error. */
function isStatus(error: unknown, status: number): boolean {
  return error instanceof Object && 'status' in error && error.status === status;
}

function failed(error: unknown): MetaflowsError {
  if (error instanceof MetaflowsError) return error;
  return new MetaflowsError('store_failed', reasonOf(error), { cause: error });
}

/** What was wrong, such as ECONNREFUSED: node-fetch says in its sentence beside it where the database is. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Object)) return String(error);
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'message' in error ? String(error.message) : 'no reason was given';
}
