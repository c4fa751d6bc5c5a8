/**
 * What other instances write into the same CouchDB, for as long as it is open. A connection that breaks, or says
 * nothing any more, is made again, and goes on behind the last change that was taken in.
 */
import type { Logger } from 'winston';
import { entryOf, type Deleted, type Entry } from './documents.js';

/** Milliseconds until a database that is away is asked again: a CouchDB that restarts is back in seconds. */
const RETRY_MS = 1000;
/** Milliseconds after which CouchDB says, where there are no changes, that it is still there: `SILENCE_MS` of `couch.ts` ends the connection else. */
const HEARTBEAT_MS = 2000;
/** Changes that are asked for at a time. */
const BATCH = 500;

export interface ChangesOptions {
  db: PouchDB.Database;
  /** Behind which change it begins. */
  since: number | string;
  take: (entry: Entry<object> | Deleted) => void;
  log: Logger;
}

export class Changes {
  #changes: PouchDB.Core.Changes<object> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #since: number | string;
  #connected = true;
  #closed = false;

  constructor(private readonly options: ChangesOptions) {
    this.#since = options.since;
    this.follow();
  }

  /** Whether the database answers, as far as is known: a silent one is found out within seconds. */
  get connected(): boolean {
    return this.#connected;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#changes?.cancel();
  }

  private follow(): void {
    const { db, take } = this.options;
    this.#changes = db
      .changes<object>({
        live: true,
        since: this.#since,
        include_docs: true,
        heartbeat: HEARTBEAT_MS,
        batch_size: BATCH,
      })
      .on('change', ({ id, seq, deleted, doc, changes: [change] }) => {
        this.#since = seq;
        if (deleted && change) take({ id, rev: change.rev, ...(doc && { left: doc }) });
        else if (doc) take(entryOf(doc));
      })
      .on('error', (error: unknown) => this.broke(error));
  }

  private broke(error: unknown): void {
    if (this.#closed) return;
    if (this.#connected) this.options.log.warn('the database is away', { error });
    this.#connected = false;
    this.#retry = setTimeout(() => void this.resume(), RETRY_MS);
  }

  private async resume(): Promise<void> {
    try {
      await this.options.db.allDocs({ limit: 1 });
    } catch (error) {
      this.broke(error);
      return;
    }
    if (this.#closed) return;
    this.#connected = true;
    this.options.log.info('the database is back');
    this.follow();
  }
}
