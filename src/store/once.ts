/**
 * What was done of late under a name of a client's choosing, so that it is not done twice: one document for each
 * owner of such names, `done/{owner}`, which forgets by itself.
 */
import { createHash } from 'node:crypto';
import type { Documents } from './documents.js';

interface Done {
  /** Until when each name counts, by its hash: epoch, milliseconds. */
  until: Record<string, number>;
}

export class OnceStore {
  readonly #documents: Documents;
  readonly #now: () => number;
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(documents: Documents, now: () => number = Date.now) {
    this.#documents = documents;
    this.#now = now;
  }

  /**
   * Does `work`, unless the same was done within `ms` milliseconds. Whoever asks while it is under way shares what
   * comes of it; what failed was not done. Resolves when the store knows of it.
   */
  once(owner: string, name: string, ms: number, work: () => Promise<void>): Promise<void> {
    const id = `done/${encodeURIComponent(owner)}`;
    // A name is of any length, and may be one that objects have already.
    const hash = createHash('sha256').update(name).digest('base64url');
    const key = `${id}/${hash}`;
    let doing = this.#underWay.get(key);
    if (!doing) {
      doing = this.#do(id, hash, ms, work).finally(() => this.#underWay.delete(key));
      this.#underWay.set(key, doing);
    }
    return doing;
  }

  async #do(id: string, hash: string, ms: number, work: () => Promise<void>): Promise<void> {
    const done = new Map(Object.entries((await this.#documents.get<Done>(id))?.value.until ?? {}));
    if ((done.get(hash) ?? 0) > this.#now()) return;
    await work();
    await this.#documents.update<Done>(id, (current) => {
      const now = this.#now();
      const going = Object.entries(current?.until ?? {}).filter(([, until]) => until > now);
      return { until: Object.fromEntries([...going, [hash, now + ms]]) };
    });
  }
}
