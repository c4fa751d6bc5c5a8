/** What accounts, users and devices each have of one kind, as it was stored: metaflows, call_recording. */
import type { Logger } from 'winston';
import type { Deleted, Documents, Entry } from './documents.js';
import { Mirror } from './mirror.js';

/** Whose: the account's own, or a user's or a device's of it. */
export interface Scope {
  account: string;
  user?: string;
  device?: string;
}

/** What applies to a leg, nearest last; merging is for whoever goes by it. */
export interface ForLeg<T> {
  account?: T;
  device?: T;
  user?: T;
}

/** What is deleted leaves a document without a value, so that a seed does not bring it back. */
interface ScopedDocument<T> {
  value?: T;
}

export class ScopedStore<T extends object> {
  readonly #mirror: Mirror<ScopedDocument<T>>;
  readonly #listeners = new Set<(scope: Scope) => void>();

  /** `kind` begins the documents' ids. */
  constructor(documents: Documents, kind: string, log: Logger) {
    this.#mirror = new Mirror(documents, `${kind}/`, (key) => {
      for (const listener of this.#listeners) {
        try {
          listener(scopeOf(key));
        } catch (error) {
          log.error('a listener to changes failed', { kind, error });
        }
      }
    });
  }

  load(): Promise<void> {
    return this.#mirror.load();
  }

  take(entry: Entry<object> | Deleted): void {
    this.#mirror.take(entry);
  }

  get(scope: Scope): T | undefined {
    return this.#mirror.get(keyOf(scope))?.value;
  }

  async put(scope: Scope, value: T): Promise<void> {
    await this.change(scope, () => value);
  }

  /**
   * Stores what `change` makes of the newest value, and resolves with it; what `change` throws is passed on,
   * and nothing is stored.
   */
  async change(scope: Scope, change: (current: T | undefined) => T): Promise<T> {
    const { value } = await this.#mirror.update(keyOf(scope), (document) => ({
      value: change(document?.value),
    }));
    return value as T;
  }

  /** Afterwards there is none; a seed does not bring it back. */
  async delete(scope: Scope): Promise<void> {
    await this.#mirror.update(keyOf(scope), () => ({}));
  }

  /** Stores a user's first value; resolves with false where the store has, or has ever had, one. */
  async seed(account: string, user: string, value: T): Promise<boolean> {
    let seeded = false;
    await this.#mirror.update(keyOf({ account, user }), (document) => {
      seeded = document === undefined;
      return document ?? { value };
    });
    return seeded;
  }

  forLeg(account: string, user?: string, device?: string): ForLeg<T> {
    const ofAccount = this.get({ account });
    const ofDevice = device === undefined ? undefined : this.get({ account, device });
    const ofUser = user === undefined ? undefined : this.get({ account, user });
    return {
      ...(ofAccount && { account: ofAccount }),
      ...(ofDevice && { device: ofDevice }),
      ...(ofUser && { user: ofUser }),
    };
  }

  /** Calls `listener` after each change, also one by another process; returns how to stop it. */
  onChange(listener: (scope: Scope) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function keyOf({ account, user, device }: Scope): string {
  const of = user === undefined ? (device === undefined ? [] : ['device', device]) : ['user', user];
  return [account, ...of].map(encodeURIComponent).join('/');
}

function scopeOf(key: string): Scope {
  const [account = '', kind, id = ''] = key.split('/').map(decodeURIComponent);
  return { account, ...(kind === 'user' && { user: id }), ...(kind === 'device' && { device: id }) };
}
