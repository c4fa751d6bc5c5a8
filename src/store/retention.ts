/** For how long accounts keep their recordings. */
import type { RetentionSettings } from '../generated/retention.js';
import type { Deleted, Documents, Entry } from './documents.js';
import { Mirror } from './mirror.js';

export class RetentionStore {
  readonly #mirror: Mirror<RetentionSettings>;

  constructor(documents: Documents) {
    this.#mirror = new Mirror(documents, 'retention/', () => undefined);
  }

  load(): Promise<void> {
    return this.#mirror.load();
  }

  take(entry: Entry<object> | Deleted): void {
    this.#mirror.take(entry);
  }

  /** Undefined where an account keeps its recordings for ever. */
  get(account: string): RetentionSettings | undefined {
    return this.#mirror.get(encodeURIComponent(account));
  }

  /** The accounts that do not. */
  accounts(): string[] {
    return this.#mirror.all().map(([key]) => decodeURIComponent(key));
  }

  /** Resolves with what there was before. */
  async put(account: string, settings: RetentionSettings): Promise<RetentionSettings | undefined> {
    let before: RetentionSettings | undefined;
    await this.#mirror.update(encodeURIComponent(account), (current) => {
      before = current;
      return settings;
    });
    return before;
  }

  async delete(account: string): Promise<void> {
    await this.#mirror.remove(encodeURIComponent(account));
  }
}
