/** Who may do what: tokens, stored as hashes alone. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Deleted, Documents, Entry } from './documents.js';
import { Mirror } from './mirror.js';

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

interface TokenDocument extends Grant {
  created_at: string;
  /** SHA-256, hex. Enough, unsalted and fast, for a secret of 256 random bits. */
  hash: string;
}

const ADMIN: Principal = { tokenId: 'admin', account: null, role: 'admin' };
const ADMIN_DOCUMENT = 'admin-token';

export class TokenStore {
  readonly #documents: Documents;
  readonly #mirror: Mirror<TokenDocument>;
  #admin: Uint8Array | undefined;

  constructor(documents: Documents) {
    this.#documents = documents;
    this.#mirror = new Mirror(documents, 'token/', () => undefined);
  }

  load(): Promise<void> {
    return this.#mirror.load();
  }

  take(entry: Entry<object> | Deleted): void {
    this.#mirror.take(entry);
  }

  /** Makes a token. Its text is in this answer and nowhere else. */
  async create(grant: Grant): Promise<TokenSummary & { token: string }> {
    const id = randomBytes(8).toString('hex');
    const token = newToken(id);
    const kept = { ...grantOf(grant), created_at: new Date().toISOString() };
    await this.#mirror.update(id, () => ({ ...kept, hash: toHex(digest(token)) }));
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

  /** Whose token this is, if anybody's. */
  find(token: string): Principal | undefined {
    const hash = digest(token);
    if (this.#admin && timingSafeEqual(hash, this.#admin)) return ADMIN;
    const [, tokenId = ''] = /^mf_([0-9a-f]{16})_/.exec(token) ?? [];
    const found = this.#mirror.get(tokenId);
    return found && timingSafeEqual(hash, fromHex(found.hash)) ? { tokenId, ...grantOf(found) } : undefined;
  }

  /**
   * Says which token is the admin's from now on: `configured`, which is not stored, or else the one that was
   * made at the first start; `made` is its text when that is now.
   */
  async ensureAdminToken(configured?: string): Promise<{ made?: string }> {
    if (configured !== undefined) {
      this.#admin = digest(configured);
      return {};
    }
    const made = newToken(ADMIN.tokenId);
    const hash = toHex(digest(made));
    const { value } = await this.#documents.update<{ hash: string }>(
      ADMIN_DOCUMENT,
      (known) => known ?? { hash },
    );
    this.#admin = fromHex(value.hash);
    return value.hash === hash ? { made } : {};
  }
}

function newToken(id: string): string {
  return `mf_${id}_${randomBytes(32).toString('base64url')}`;
}

function grantOf({ account, role, user }: Grant): Grant {
  return { account, role, ...(user !== undefined && { user }) };
}

function digest(token: string): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(token).digest());
}

function toHex(hash: Uint8Array): string {
  return Buffer.from(hash).toString('hex');
}

function fromHex(hash: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hash, 'hex'));
}
