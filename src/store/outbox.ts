/** What is to be sent, until it has arrived: `outbox/{shipment id}`. */
import type { Deleted, Documents, Entry } from './documents.js';

/** What the ids of these documents begin with. */
export const OUTBOX = 'outbox/';

export class OutboxStore<T extends { since: number }> {
  readonly #documents: Documents;
  readonly #listeners = new Set<(id: string, shipment: T) => void>();

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  async get(id: string): Promise<T | undefined> {
    return (await this.#documents.get<T>(OUTBOX + id))?.value;
  }

  /** Resolves with false, and stores nothing, where there is one already. */
  create(id: string, shipment: T): Promise<boolean> {
    return this.#documents.create(OUTBOX + id, shipment);
  }

  async put(id: string, shipment: T): Promise<void> {
    await this.#documents.update<T>(OUTBOX + id, () => shipment);
  }

  /** Not where it was handed in again since it was `known`; see {@link DeliveryStore}. */
  async replace(id: string, known: T, next: T | undefined): Promise<boolean> {
    let isReplaced = false;
    await this.#documents.change<T>(OUTBOX + id, (current) => {
      isReplaced = current?.since === known.since;
      return isReplaced ? next : current;
    });
    return isReplaced;
  }

  async remove(id: string): Promise<void> {
    await this.#documents.remove(OUTBOX + id);
  }

  /** Takes in what any instance has stored. */
  take(entry: Entry<object> | Deleted): void {
    if (!entry.value || !entry.id.startsWith(OUTBOX)) return;
    for (const listener of this.#listeners) listener(entry.id.slice(OUTBOX.length), entry.value as T);
  }

  /** Calls `listener` with what any of the instances that share the database has stored. */
  onStored(listener: (id: string, shipment: T) => void): void {
    this.#listeners.add(listener);
  }

  /** Those whose ids begin with `prefix`. */
  async *list(prefix = ''): AsyncGenerator<[id: string, shipment: T]> {
    for await (const { id, value } of this.#documents.all<T>(OUTBOX + prefix))
      yield [id.slice(OUTBOX.length), value];
  }
}
