/** The metaflows of accounts, users and devices, each as it was stored. */
import type { Logger } from 'winston';
import type { Metaflows } from '../generated/metaflows.js';
import type { Deleted, Documents, Entry } from './documents.js';
import { Mirror } from './mirror.js';

/** Whose metaflows: the account's own, or a user's or a device's of it. */
export interface Scope {
  account: string;
  user?: string;
  device?: string;
}

/** What applies to a leg, nearest last; merging is for whoever matches codes. */
export interface LegMetaflows {
  account?: Metaflows;
  device?: Metaflows;
  user?: Metaflows;
}

/** Deleted metaflows leave a document without any, so that a seed does not bring them back. */
interface MetaflowsDocument {
  metaflows?: Metaflows;
}

export class MetaflowsStore {
  readonly #mirror: Mirror<MetaflowsDocument>;
  readonly #listeners = new Set<(scope: Scope) => void>();

  constructor(documents: Documents, log: Logger) {
    this.#mirror = new Mirror(documents, 'metaflows/', (key) => {
      for (const listener of this.#listeners) {
        try {
          listener(scopeOf(key));
        } catch (error) {
          log.error('a listener to metaflows failed', { error });
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

  get(scope: Scope): Metaflows | undefined {
    return this.#mirror.get(keyOf(scope))?.metaflows;
  }

  async put(scope: Scope, metaflows: Metaflows): Promise<void> {
    await this.change(scope, () => metaflows);
  }

  /**
   * Stores what `change` makes of the newest metaflows, and resolves with it; what `change` throws is passed on,
   * and nothing is stored.
   */
  async change(scope: Scope, change: (current: Metaflows | undefined) => Metaflows): Promise<Metaflows> {
    let stored: Metaflows = {};
    await this.#mirror.update(keyOf(scope), (document) => {
      stored = change(document?.metaflows);
      return { metaflows: stored };
    });
    return stored;
  }

  /** Afterwards there are none; a seed does not bring them back. */
  async delete(scope: Scope): Promise<void> {
    await this.#mirror.update(keyOf(scope), () => ({}));
  }

  /** Stores a user's first metaflows; resolves with false where the store has, or has ever had, some. */
  async seed(account: string, user: string, metaflows: Metaflows): Promise<boolean> {
    let seeded = false;
    await this.#mirror.update(keyOf({ account, user }), (document) => {
      seeded = document === undefined;
      return document ?? { metaflows };
    });
    return seeded;
  }

  forLeg(account: string, user?: string, device?: string): LegMetaflows {
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
