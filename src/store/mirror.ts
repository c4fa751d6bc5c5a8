/** Documents of one kind, held in memory too, so that reading them takes no time. */
import type { Deleted, Documents, Entry } from './documents.js';

/** Keys are what follows `prefix` in the documents' ids. */
export class Mirror<T extends object> {
  readonly #documents: Documents;
  readonly #prefix: string;
  readonly #changed: (key: string) => void;
  readonly #entries = new Map<string, Entry<T> | Deleted>();

  /** `changed` is called whenever what `get` answers has changed. */
  constructor(documents: Documents, prefix: string, changed: (key: string) => void) {
    this.#documents = documents;
    this.#prefix = prefix;
    this.#changed = changed;
  }

  async load(): Promise<void> {
    for await (const entry of this.#documents.all<T>(this.#prefix)) this.take(entry);
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.value;
  }

  all(): [key: string, value: T][] {
    return [...this.#entries].flatMap(([key, { value }]) => (value ? [[key, value]] : []));
  }

  /** {@link Documents.update}; what was stored is what `get` answers when this resolves. */
  async update(key: string, change: (current: T | undefined) => T): Promise<T> {
    const entry = await this.#documents.update(this.#prefix + key, change);
    this.take(entry);
    return entry.value;
  }

  /** {@link Documents.revise}; what was stored is what `get` answers when this resolves. */
  async revise(key: string, change: (current: T) => T): Promise<T | undefined> {
    const entry = await this.#documents.revise(this.#prefix + key, change);
    if (entry) this.take(entry);
    return entry?.value;
  }

  /** Whether there was anything to delete. */
  async remove(key: string): Promise<boolean> {
    const entry = await this.#documents.remove(this.#prefix + key);
    if (entry) this.take(entry);
    return entry !== undefined;
  }

  /** Takes a document of any kind in, where it is of this kind and newer than what is known. */
  take(entry: Entry<object> | Deleted): void {
    if (!entry.id.startsWith(this.#prefix)) return;
    const key = entry.id.slice(this.#prefix.length);
    const known = this.#entries.get(key);
    if (known && !isNewer(entry.rev, known.rev)) return;
    this.#entries.set(key, entry as Entry<T> | Deleted);
    this.#changed(key);
  }
}

/** Of two histories of one length, which a cluster may have had for a moment, it tells last of the one that it keeps. */
function isNewer(rev: string, than: string): boolean {
  return rev !== than && Number.parseInt(rev) >= Number.parseInt(than);
}
