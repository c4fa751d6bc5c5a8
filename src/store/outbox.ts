/** What is to be sent, until it has arrived: `outbox/{shipment id}`. */
import type { Documents } from './documents.js';

/** What the ids of these documents begin with. */
export const OUTBOX = 'outbox/';

export class OutboxStore<T extends object> {
  readonly #documents: Documents;

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

  async remove(id: string): Promise<void> {
    await this.#documents.remove(OUTBOX + id);
  }

  /** Those whose ids begin with `prefix`. */
  async *list(prefix = ''): AsyncGenerator<[id: string, shipment: T]> {
    for await (const { id, value } of this.#documents.all<T>(OUTBOX + prefix))
      yield [id.slice(OUTBOX.length), value];
  }
}
