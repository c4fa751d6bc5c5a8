/** The database: metaflows, call_recording, tokens, recordings and what is to be sent, in PouchDB, embedded or a CouchDB's. */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import PouchDB from 'pouchdb';
import type { Logger } from 'winston';
import { MetaflowsError } from '../errors.js';
import type { Parcel } from '../delivery/delivery.js';
import type { CallRecording } from '../generated/call_recording.js';
import type { Metaflows } from '../generated/metaflows.js';
import { AuditStore } from './audit.js';
import { Documents, entryOf, type Deleted, type Entry } from './documents.js';
import { OnceStore } from './once.js';
import { OutboxStore } from './outbox.js';
import { RecordingStore } from './recordings.js';
import { RetentionStore } from './retention.js';
import { ScopedStore } from './scoped.js';
import { TokenStore } from './tokens.js';
import { WebhookStore } from './webhooks.js';

/** Milliseconds until a broken feed of changes is asked for again: a CouchDB that restarts is back in seconds. */
const FEED_RETRY_MS = 1000;

/** Of older versions, in which only the audit knew of instances. */
const INSTANCE = 'audit-instance';

export interface Store {
  /**
   * Which of those who may use this database this process is. A folder has one user at a time, whose lock proves that
   * the one before is dead: it keeps its id from start to start. Who uses a CouchDB has a new one at each start.
   */
  readonly instance: string;
  readonly metaflows: ScopedStore<Metaflows>;
  readonly callRecording: ScopedStore<CallRecording>;
  readonly tokens: TokenStore;
  readonly recordings: RecordingStore;
  readonly webhooks: WebhookStore;
  readonly outbox: OutboxStore<Parcel>;
  readonly once: OnceStore;
  readonly audit: AuditStore;
  readonly retention: RetentionStore;
  /** Resolves when every change under way is stored and the database is closed. */
  close(): Promise<void>;
}

/**
 * Opens the database: a folder, made where it is missing, or the `http(s)://` URL of a CouchDB database. A change
 * is acknowledged when PouchDB has it: the operating system's then, so that it survives `kill -9`. Rejects with
 * `database_unopenable`.
 */
export async function openStore(location: string, log: Logger): Promise<Store> {
  const remote = /^https?:/.test(location);
  const db = await open(location, remote);
  const documents = new Documents(db);
  const metaflows = new ScopedStore<Metaflows>(documents, 'metaflows', log);
  const callRecording = new ScopedStore<CallRecording>(documents, 'call_recording', log);
  const tokens = new TokenStore(documents);
  const recordings = new RecordingStore(documents);
  const webhooks = new WebhookStore(documents);
  const audit = new AuditStore(documents);
  const retention = new RetentionStore(documents);
  const { update_seq: since } = await db.info();
  await Promise.all([
    metaflows.load(),
    callRecording.load(),
    tokens.load(),
    webhooks.load(),
    retention.load(),
  ]);
  const instance = remote ? newInstance() : await keptInstance(documents);
  await audit.load(instance);
  const feed = new Feed(db, since, log, (entry) => {
    metaflows.take(entry);
    callRecording.take(entry);
    tokens.take(entry);
    webhooks.take(entry);
    retention.take(entry);
  });
  return {
    instance,
    metaflows,
    callRecording,
    tokens,
    recordings,
    webhooks,
    outbox: new OutboxStore(documents),
    once: new OnceStore(documents),
    audit,
    retention,
    async close() {
      feed.close();
      await recordings.idle();
      await documents.idle();
      await db.close();
    },
  };
}

function newInstance(): string {
  return randomBytes(8).toString('hex');
}

async function keptInstance(documents: Documents): Promise<string> {
  const { value } = await documents.update<{ id: string }>(
    INSTANCE,
    (known) => known ?? { id: newInstance() },
  );
  return value.id;
}

async function open(location: string, remote: boolean): Promise<PouchDB.Database> {
  try {
    if (!remote) await mkdir(location, { recursive: true });
    const db = new PouchDB(
      location,
      remote ? {} : { adapter: 'leveldb', auto_compaction: true, revs_limit: 10 },
    );
    await db.info();
    return db;
  } catch (error) {
    const place = remote ? new URL(location).host : location;
    const reason = error instanceof Error ? error.message : String(error);
    throw new MetaflowsError('database_unopenable', `${place}: ${reason}`, { cause: error });
  }
}

/** What other processes write into the same database, for as long as it is open. */
class Feed {
  #changes: PouchDB.Core.Changes<object> | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(
    private readonly db: PouchDB.Database,
    private since: number | string,
    private readonly log: Logger,
    private readonly take: (entry: Entry<object> | Deleted) => void,
  ) {
    this.follow();
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#changes?.cancel();
  }

  private follow(): void {
    this.#changes = this.db
      .changes<object>({ live: true, since: this.since, include_docs: true })
      .on('change', ({ id, seq, deleted, doc, changes: [change] }) => {
        this.since = seq;
        if (deleted && change) this.take({ id, rev: change.rev });
        else if (doc) this.take(entryOf(doc));
      })
      .on('error', (error: unknown) => {
        this.log.warn('the feed of changes broke', { error });
        this.#retry = setTimeout(() => this.follow(), FEED_RETRY_MS).unref();
      });
  }
}
