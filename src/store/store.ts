/** The database: metaflows, call_recording, tokens, recordings and what is to be sent, in PouchDB, embedded or a CouchDB's. */
import { randomBytes } from 'node:crypto';
import type { Logger } from 'winston';
import { MetaflowsError } from '../errors.js';
import type { Parcel } from '../delivery/parcels.js';
import type { CallRecording } from '../generated/call_recording.js';
import type { Metaflows } from '../generated/metaflows.js';
import { AuditStore } from './audit.js';
import { Changes } from './changes.js';
import { Documents, reasonOf, type Deleted, type Entry } from './documents.js';
import { folderDatabase } from './folder.js';
import { OnceStore } from './once.js';
import { OutboxStore } from './outbox.js';
import { RecordingStore } from './recordings.js';
import { RetentionStore } from './retention.js';
import { RunningRecordings } from './running.js';
import { ScopedStore } from './scoped.js';
import { TokenStore } from './tokens.js';
import { WebhookStore } from './webhooks.js';

/** Milliseconds: the nodes of a CouchDB cluster tell each other at once what they have taken. */
const SETTLES_MS = 1000;

/** Of older versions, in which only the audit knew of instances. */
const INSTANCE = 'audit-instance';

export interface Store {
  /**
   * Which of those who may use this database this process is. A folder has one user at a time, whose lock proves that
   * the one before is dead: it keeps its id from start to start. Who uses a CouchDB has a new one at each start.
   */
  readonly instance: string;
  /** Whether other instances may use the database too. */
  readonly isShared: boolean;
  /** Whether the database answers; a folder always does. */
  readonly connected: boolean;
  readonly metaflows: ScopedStore<Metaflows>;
  readonly callRecording: ScopedStore<CallRecording>;
  readonly tokens: TokenStore;
  readonly recordings: RecordingStore;
  /** Empty where nobody else uses the database. */
  readonly running: RunningRecordings;
  readonly webhooks: WebhookStore;
  readonly outbox: OutboxStore<Parcel>;
  readonly once: OnceStore;
  readonly audit: AuditStore;
  readonly retention: RetentionStore;
  /** Resolves when every change under way is stored and the database is closed. */
  close(): Promise<void>;
}

/**
 * Opens the database: a folder, or the `http(s)://` URL of a CouchDB database that others may use too; either is made
 * where it is missing. A change is acknowledged when PouchDB has it: the operating system's then, so that it survives
 * `kill -9`. Rejects with `database_unopenable`.
 */
export async function openStore(location: string, log: Logger): Promise<Store> {
  const remote = /^https?:/.test(location);
  const { db, end } = await open(location, remote);
  const documents = new Documents(db, remote ? SETTLES_MS : 0);
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
  const outbox = new OutboxStore<Parcel>(documents);
  const take = (entry: Entry<object> | Deleted) => {
    for (const each of [metaflows, callRecording, tokens, webhooks, retention, outbox, running, recordings])
      each.take(entry);
  };
  const running = new RunningRecordings();
  if (remote) running.load(await recordings.unfinished());
  const changes = 'changes' in db ? new Changes({ db, since, take, log }) : undefined;
  return {
    instance,
    isShared: remote,
    get connected() {
      return changes?.connected ?? true;
    },
    metaflows,
    callRecording,
    tokens,
    recordings,
    running,
    webhooks,
    outbox,
    once: new OnceStore(documents),
    audit,
    retention,
    async close() {
      changes?.close();
      await recordings.idle();
      await documents.idle();
      await db.close();
      await end();
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

/** PouchDB is a tenth of what a start costs, and with a folder it is in another thread alone. */
async function couch(url: string) {
  const { couchDatabase } = await import('./couch.js');
  return couchDatabase(url);
}

/** A database that answers; `end` comes after it is closed. */
async function open(location: string, remote: boolean) {
  try {
    const { db, end } = remote ? await couch(location) : await folderDatabase(location);
    await db.info().catch(async (error: unknown) => {
      await end();
      throw error;
    });
    return { db, end };
  } catch (error) {
    const place = remote ? new URL(location).host : location;
    throw new MetaflowsError('database_unopenable', `${place}: ${reasonOf(error)}`, { cause: error });
  }
}
