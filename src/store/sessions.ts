/**
 * Tokens that stand for another one for an hour, as what Kazoo's logins answer with (token_auth_expiry in
 * crossbar_auth.erl): stored as hashes, so that they are good at every instance that shares the database. They end with
 * the token that they stand for.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Deleted, Documents, Entry } from './documents.js';

const LIFETIME_MS = 3_600_000;
const PREFIX = 'session/';

interface Session {
  /**
   * SHA-256, hex, of this token together with the hash of the other: whoever reads it can use neither, nor try what a
   * token that somebody has made up may be.
   */
  hash: string;
  token_id: string;
  /** Epoch, milliseconds. */
  until: number;
}

/** The hash of a token that there is. */
type HashOf = (tokenId: string) => string | undefined;

export class Sessions {
  readonly #documents: Documents;
  readonly #hashOf: HashOf;
  readonly #known = new Map<string, Session>();

  constructor(documents: Documents, hashOf: HashOf) {
    this.#documents = documents;
    this.#hashOf = hashOf;
  }

  async load(): Promise<void> {
    for await (const entry of this.#documents.all<Session>(PREFIX)) this.take(entry);
  }

  /** Takes a document of any kind in; one of this kind is made once, and deleted once. */
  take({ id, value }: Entry<object> | Deleted): void {
    if (!id.startsWith(PREFIX)) return;
    const key = id.slice(PREFIX.length);
    if (value) this.#known.set(key, value as Session);
    else this.#known.delete(key);
  }

  /** `at` in epoch milliseconds. Those that have ended are deleted. */
  async issue(token_id: string, at: number): Promise<string> {
    const ended = [...this.#known].filter(([, { until }]) => until <= at);
    await Promise.all(ended.map(([id]) => this.#documents.remove(PREFIX + id)));
    for (const [id] of ended) this.#known.delete(id);
    const id = randomBytes(8).toString('hex');
    const text = `mfs_${id}_${randomBytes(32).toString('base64url')}`;
    const session: Session = {
      hash: digest(text, this.#hashOf(token_id)).toString('hex'),
      token_id,
      until: at + LIFETIME_MS,
    };
    await this.#documents.create(PREFIX + id, session);
    this.#known.set(id, session);
    return text;
  }

  /** The id of the token that `text` stands for at `at`, if it does. */
  tokenOf(text: string, at: number): string | undefined {
    const [, id = ''] = /^mfs_([0-9a-f]{16})_/.exec(text) ?? [];
    const session = this.#known.get(id);
    if (!session) return undefined;
    const { hash, token_id, until } = session;
    const isIt = timingSafeEqual(
      Uint8Array.from(digest(text, this.#hashOf(token_id))),
      Uint8Array.from(Buffer.from(hash, 'hex')),
    );
    return isIt && at < until ? token_id : undefined;
  }
}

function digest(text: string, hash = ''): Buffer {
  return createHash('sha256').update(`${text} ${hash}`).digest();
}
