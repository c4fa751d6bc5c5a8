/** Who may do what: tokens, stored as hashes alone. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Deleted, Documents, Entry } from './documents.js';
import { Mirror } from './mirror.js';
import { Sessions } from './sessions.js';

/** `admin`: all of its account; `user`: what is one user's; `viewer`: reads all of its account. */
export type Role = 'admin' | 'user' | 'viewer';

/** What a token stands for; `account` null is every account. */
export interface Grant {
  account: string | null;
  role: Role;
  /** The one user of role `user`. */
  user?: string;
}

/** Somebody who has shown a token. */
export interface Principal extends Grant {
  tokenId: string;
}

export interface TokenSummary extends Grant {
  id: string;
  /** ISO 8601. */
  created_at: string;
}

/** How Kazoo's user_auth hashes `name:password`. */
export type LoginMethod = 'md5' | 'sha';

interface Hashes {
  /** SHA-256, hex. Enough, unsalted and fast, for a secret of 256 random bits. */
  hash: string;
  /** SHA-256, hex, of each hash that a login sends: what is stored is no credential. Missing on older tokens. */
  logins?: Record<LoginMethod, string>;
}

interface TokenDocument extends Grant, Hashes {
  created_at: string;
}

const ADMIN: Principal = { tokenId: 'admin', account: null, role: 'admin' };
const ADMIN_DOCUMENT = 'admin-token';

export class TokenStore {
  readonly #documents: Documents;
  readonly #mirror: Mirror<TokenDocument>;
  readonly #sessions: Sessions;
  readonly #listeners = new Set<() => void>();
  #admin: Hashes | undefined;

  constructor(documents: Documents) {
    this.#documents = documents;
    this.#mirror = new Mirror(documents, 'token/', (id) => {
      if (!this.#mirror.get(id)) for (const listener of [...this.#listeners]) listener();
    });
    this.#sessions = new Sessions(documents, (id) =>
      id === ADMIN.tokenId ? this.#admin?.hash : this.#mirror.get(id)?.hash,
    );
  }

  async load(): Promise<void> {
    await Promise.all([this.#mirror.load(), this.#sessions.load()]);
  }

  take(entry: Entry<object> | Deleted): void {
    this.#mirror.take(entry);
    this.#sessions.take(entry);
  }

  /** Makes a token. Its text is in this answer and nowhere else. */
  async create(grant: Grant): Promise<TokenSummary & { token: string }> {
    const id = randomBytes(8).toString('hex');
    const token = newToken(id);
    const kept = { ...grantOf(grant), created_at: new Date().toISOString() };
    await this.#mirror.update(id, () => ({ ...kept, ...hashesOf(token, nameOf(grant)) }));
    return { id, token, ...kept };
  }

  /** Every token but the admin's own, the oldest first. */
  list(): TokenSummary[] {
    return this.#mirror
      .all()
      .map(([id, document]) => ({ id, ...grantOf(document), created_at: document.created_at }))
      .sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
  }

  /** Whether there was such a token. */
  delete(id: string): Promise<boolean> {
    return this.#mirror.remove(id);
  }

  /** Calls `listener` when any of those who share the database has deleted a token, until what it returns is called. */
  onDeleted(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Whose token this is, if anybody's: one of those, or one that {@link session} gave, at `at` (epoch, milliseconds). */
  find(token: string, at = Date.now()): Principal | undefined {
    const session = this.#sessions.tokenOf(token, at);
    if (session !== undefined) return this.#principal(session);
    const hash = digest(token);
    if (isHash(hash, this.#admin?.hash)) return ADMIN;
    const [, tokenId = ''] = /^mf_([0-9a-f]{16})_/.exec(token) ?? [];
    return isHash(hash, this.#mirror.get(tokenId)?.hash) ? this.#principal(tokenId) : undefined;
  }

  /** Whose hash of `name:token` this is, in an account; the name is the user's, or the role where there is none. */
  findLogin(account: string, credentials: string, method: LoginMethod): Principal | undefined {
    const hash = digest(credentials.toLowerCase());
    if (isHash(hash, this.#admin?.logins?.[method])) return ADMIN;
    const [id] =
      this.#mirror
        .all()
        .find(
          ([, token]) =>
            isHash(hash, token.logins?.[method]) && (token.account === null || token.account === account),
        ) ?? [];
    return id === undefined ? undefined : this.#principal(id);
  }

  /** A token that stands for that of `principal` for an hour, from `at` on (epoch, milliseconds). */
  session({ tokenId }: Principal, at = Date.now()): Promise<string> {
    return this.#sessions.issue(tokenId, at);
  }

  /**
   * Says which token is the admin's from now on: `configured`, which is not stored, or else the one that was
   * made at the first start; `made` is its text when that is now.
   */
  async ensureAdminToken(configured?: string): Promise<{ made?: string }> {
    if (configured !== undefined) {
      this.#admin = hashesOf(configured, nameOf(ADMIN));
      return {};
    }
    const made = newToken(ADMIN.tokenId);
    const hashes = hashesOf(made, nameOf(ADMIN));
    const value = await this.#documents.settle<Hashes>(ADMIN_DOCUMENT, hashes);
    this.#admin = value;
    return value.hash === hashes.hash ? { made } : {};
  }

  #principal(tokenId: string): Principal | undefined {
    if (tokenId === ADMIN.tokenId) return ADMIN;
    const found = this.#mirror.get(tokenId);
    return found && { tokenId, ...grantOf(found) };
  }
}

function newToken(id: string): string {
  return `mf_${id}_${randomBytes(32).toString('base64url')}`;
}

function grantOf({ account, role, user }: Grant): Grant {
  return { account, role, ...(user !== undefined && { user }) };
}

/** What somebody who logs in with a token is called. */
function nameOf({ user, role }: Grant): string {
  return user ?? role;
}

function hashesOf(token: string, name: string): Required<Hashes> {
  const login = (algorithm: 'md5' | 'sha1') =>
    toHex(digest(createHash(algorithm).update(`${name}:${token}`).digest('hex')));
  return { hash: toHex(digest(token)), logins: { md5: login('md5'), sha: login('sha1') } };
}

function digest(token: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(token).digest());
}

function toHex(hash: Uint8Array): string {
  return Buffer.from(hash).toString('hex');
}

/** Whether it is the one that is stored, in hex; in the same time whatever differs. */
function isHash(hash: Uint8Array, stored: string | undefined): boolean {
  return stored !== undefined && timingSafeEqual(hash, new Uint8Array(Buffer.from(stored, 'hex')));
}
