/** The webhooks of accounts, the log of their attempts, and the key that signs them. */
import { createPrivateKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import type { WebhookSettings } from '../generated/webhook.js';
import type { Deleted, Documents, Entry } from './documents.js';
import { Mirror } from './mirror.js';

/** A webhook as it is stored. */
export interface Webhook {
  /** Without the secret. */
  settings: WebhookSettings;
  /** For `hmac-sha256`. */
  secret?: string;
  /** Why the service has disabled it. */
  disable_reason?: string;
}

/** One attempt to tell a webhook something. */
export interface Attempt {
  /** Epoch, milliseconds. */
  at: number;
  event: string;
  /** The notice's. */
  event_id: string;
  /** The recording that it was about; a test is about none. */
  recording_id?: string;
  /** From 1 on. */
  attempt: number;
  result: 'success' | 'failure';
  status?: number;
  /** A stable code. */
  error?: string;
}

/** What came of a webhook's attempts. */
export interface WebhookLog {
  /** Notices in a row that could not be told at all. */
  given_up: number;
  /** The newest first. */
  attempts: Attempt[];
}

const SIGNING_KEY = 'webhook-signing-key';
/** Attempts that are kept of each webhook. */
const MAX_ATTEMPTS = 100;

export class WebhookStore {
  readonly #documents: Documents;
  readonly #mirror: Mirror<Webhook>;

  constructor(documents: Documents) {
    this.#documents = documents;
    this.#mirror = new Mirror(documents, 'webhook/', () => undefined);
  }

  load(): Promise<void> {
    return this.#mirror.load();
  }

  take(entry: Entry<object> | Deleted): void {
    this.#mirror.take(entry);
  }

  get(account: string, id: string): Webhook | undefined {
    return this.#mirror.get(keyOf(account, id));
  }

  list(account: string): [id: string, webhook: Webhook][] {
    const prefix = keyOf(account, '');
    return this.#mirror
      .all()
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, webhook]): [string, Webhook] => [key.slice(prefix.length), webhook])
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Resolves with the id. */
  async create(account: string, webhook: Webhook): Promise<string> {
    const id = randomBytes(16).toString('hex');
    await this.#mirror.update(keyOf(account, id), () => webhook);
    return id;
  }

  /**
   * Stores what `change` makes of the newest version, and resolves with it, or with undefined where there is none; what
   * `change` throws is passed on, and nothing is stored.
   */
  change(account: string, id: string, change: (current: Webhook) => Webhook): Promise<Webhook | undefined> {
    return this.#mirror.revise(keyOf(account, id), change);
  }

  /** Whether there was one. */
  async delete(account: string, id: string): Promise<boolean> {
    const deleted = await this.#mirror.remove(keyOf(account, id));
    await this.#documents.remove(logId(account, id));
    return deleted;
  }

  async log(account: string, id: string): Promise<WebhookLog> {
    return (await this.#documents.get<WebhookLog>(logId(account, id)))?.value ?? EMPTY;
  }

  /** Stores what `change` makes of the log, the last {@link MAX_ATTEMPTS} of it; that of a deleted webhook stays deleted. */
  async changeLog(account: string, id: string, change: (log: WebhookLog) => WebhookLog): Promise<WebhookLog> {
    if (!this.get(account, id)) return EMPTY;
    const { value } = await this.#documents.update<WebhookLog>(logId(account, id), (current = EMPTY) => {
      const { attempts, ...log } = change(current);
      return { ...log, attempts: attempts.slice(0, MAX_ATTEMPTS) };
    });
    return value;
  }

  /** The Ed25519 key that signs what webhooks are sent, made at the first start. */
  async signingKey(): Promise<KeyObject> {
    const made = generateKeyPairSync('ed25519')
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString();
    const { pem } = await this.#documents.settle(SIGNING_KEY, { pem: made });
    return createPrivateKey(pem);
  }
}

const EMPTY: WebhookLog = { given_up: 0, attempts: [] };

function keyOf(account: string, id: string): string {
  return [account, id].map(encodeURIComponent).join('/');
}

function logId(account: string, id: string): string {
  return `webhook-log/${keyOf(account, id)}`;
}
