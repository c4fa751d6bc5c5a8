/** The recordings that run now, in memory, each with its document. */
import type { RecordingDocument } from '../generated/recording.js';
import type { Leg } from '../calls/calls.js';

/** What keeps recording documents; written for a document in the order of the calls. */
export interface RecordingStore {
  save(doc: RecordingDocument): Promise<void>;
  unfinished(): Promise<RecordingDocument[]>;
  get(account: string, id: string): Promise<RecordingDocument | undefined>;
}

/** One recording that runs. */
export interface Active {
  doc: RecordingDocument;
  /** The file as the switch sees it, absolute: what `uuid_record` and `uuid_buglist` call it. */
  readonly path: string;
  /** Ends the recording at its time limit. */
  limit?: NodeJS.Timeout;
  saving: Promise<void>;
}

export class ActiveRecordings {
  private readonly byId = new Map<string, Active>();
  private readonly byLeg = new Map<string, Set<Active>>();

  constructor(private readonly store: RecordingStore) {}

  get(id: string): Active | undefined {
    return this.byId.get(id);
  }

  all(): IterableIterator<Active> {
    return this.byId.values();
  }

  onLeg(uuid: string): Active[] {
    return [...(this.byLeg.get(uuid) ?? [])];
  }

  ofCall(legs: Leg[]): Active[] {
    return legs.flatMap((leg) => this.onLeg(leg.uuid));
  }

  add(doc: RecordingDocument, path: string): Active {
    const active: Active = { doc, path, saving: Promise.resolve() };
    this.byId.set(doc.id, active);
    const onLeg = this.byLeg.get(doc.internal.leg) ?? new Set();
    this.byLeg.set(doc.internal.leg, onLeg.add(active));
    return active;
  }

  /** Takes the next document of a recording; resolves when it is stored, rejects when it could not be. */
  save(active: Active, doc: RecordingDocument): Promise<void> {
    active.doc = doc;
    const saved = active.saving.then(() => this.store.save(doc));
    active.saving = saved.catch(() => undefined);
    return saved;
  }

  /** The recording runs no more: no command finds it from here on, its document may still be saved. */
  retire(active: Active): void {
    clearTimeout(active.limit);
    const { id, internal } = active.doc;
    this.byId.delete(id);
    const onLeg = this.byLeg.get(internal.leg);
    onLeg?.delete(active);
    if (onLeg?.size === 0) this.byLeg.delete(internal.leg);
  }

  /** Ends every timer; what runs goes on running in the switch. */
  close(): void {
    for (const active of this.byId.values()) clearTimeout(active.limit);
  }
}
