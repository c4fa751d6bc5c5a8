/** The recordings that run as a shared database has them, for those who do not act for their switches. */
import type { RecordingDocument } from '../generated/recording.js';
import { ByParty } from '../recording/parties.js';
import { isRunning } from '../recording/state.js';
import type { Deleted, Entry } from './documents.js';
import { RECORDING, recordingId } from './recording-ids.js';
import type { Stored } from './recordings.js';

export class RunningRecordings {
  readonly #byId = new Map<string, { doc: RecordingDocument }>();
  readonly #byParty = new ByParty<{ doc: RecordingDocument }>();

  /** Those that run when the database is opened. */
  load(docs: RecordingDocument[]): void {
    for (const doc of docs) this.#put(recordingId(doc), doc);
  }

  /** Takes a document in that somebody has written. */
  take({ id, value }: Entry<object> | Deleted): void {
    if (id.startsWith(RECORDING)) this.#put(id, (value as Stored | undefined)?.recording);
  }

  /** Those of a call. */
  ofCall(legs: readonly { uuid: string }[]): RecordingDocument[] {
    return this.#byParty.ofCall(legs).map(({ doc }) => doc);
  }

  #put(id: string, doc: RecordingDocument | undefined): void {
    const before = this.#byId.get(id);
    if (before) this.#byParty.delete(before);
    this.#byId.delete(id);
    if (!doc || !isRunning(doc)) return;
    const running = { doc };
    this.#byId.set(id, running);
    this.#byParty.add(running);
  }
}
