/**
 * What is to be sent, until it has arrived: `outbox/{shipment id}`. An empty document is an upload that nobody has
 * tried yet, written before the recording that it belongs to (`recordings.ts`).
 */
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

  async put(id: string, shipment: T): Promise<void> {
    await this.#documents.update<T>(OUTBOX + id, () => shipment);
  }

  async remove(id: string): Promise<void> {
    await this.#documents.remove(OUTBOX + id);
  }

  /** Those whose ids begin with `prefix`, the empty ones too. */
  async *list(prefix = ''): AsyncGenerator<[id: string, shipment: Partial<T>]> {
    for await (const { id, value } of this.#documents.all<T>(OUTBOX + prefix))
      yield [id.slice(OUTBOX.length), value];
  }
}
