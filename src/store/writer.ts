/**
 * Writes documents together: what is to be written while a write is under way goes with the next one. A write costs much
 * the same for one document as for many, on disk and over HTTP; nobody waits for anything that is not being written.
 */
import type { Database } from './folder.js';

/** A document to write; without a `_rev` it is a new one. */
export type Draft = PouchDB.Core.PutDocument<object> & { _id: string };

interface Waiting {
  doc: Draft;
  resolve: (rev: string | undefined) => void;
  reject: (error: unknown) => void;
}

export class Writer {
  readonly #db: Database;
  #waiting: Waiting[] = [];
  #writing = false;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Resolves with the new revision when the document is stored, by a majority of the nodes where there are several, or with
   * undefined where another writer came first. Rejects with whatever PouchDB does.
   */
  put(doc: Draft): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ doc, resolve, reject });
      if (!this.#writing) void this.#write();
    });
  }

  async #write(): Promise<void> {
    this.#writing = true;
    // All that one turn asks for goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      // Two versions of one document would be a conflict: the second waits for the next write.
      const ids = new Set<string>();
      const [now, later]: [Waiting[], Waiting[]] = [[], []];
      for (const each of this.#waiting) {
        (ids.has(each.doc._id) ? later : now).push(each);
        ids.add(each.doc._id);
      }
      this.#waiting = later;
      try {
        const results = await this.#db.bulkDocs(now.map(({ doc }) => doc));
        now.forEach(({ doc, resolve, reject }, index) => {
          const result = results[index];
          if (isAccepted(result)) this.#takeBack(doc, result.rev).then(resolve, reject);
          else if (result && !('error' in result)) resolve(result.rev);
          else if (result?.status === 409) resolve(undefined);
          else reject(result);
        });
      } catch (error) {
        for (const { reject } of now) reject(error);
      }
    }
    this.#writing = false;
  }

  /** Rejects where there is no other version that came first: nodes are away then. */
  async #takeBack({ _id, _deleted }: Draft, rev: string): Promise<undefined> {
    // What is deleted gives way to what is not by itself.
    if (_deleted === true) return;
    await this.#db.remove(_id, rev);
    await this.#db.get(_id);
  }
}

/**
 * `accepted`: fewer than a majority of a cluster's nodes took it (`force_reply` in CouchDB's fabric_doc_update.erl). Those
 * that did not had another's version already, which a majority may have taken: the cluster would keep one of the two.
 */
function isAccepted(result: object | undefined): result is { rev: string } {
  return result !== undefined && 'accepted' in result;
}
