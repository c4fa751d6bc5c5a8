/** Recordings by the legs of their calls. */
import type { RecordingDocument } from '../generated/recording.js';

export class ByParty<T extends { doc: RecordingDocument }> {
  private readonly byLeg = new Map<string, Set<T>>();

  /** Finds `recording` by the parties of its document, which must be the same when it is {@link delete}d. */
  add(recording: T): void {
    for (const uuid of recording.doc.internal.parties) {
      const ofLeg = this.byLeg.get(uuid) ?? new Set();
      this.byLeg.set(uuid, ofLeg.add(recording));
    }
  }

  delete(recording: T): void {
    for (const uuid of recording.doc.internal.parties) {
      const ofLeg = this.byLeg.get(uuid);
      ofLeg?.delete(recording);
      if (ofLeg?.size === 0) this.byLeg.delete(uuid);
    }
  }

  /** The recordings of the call that a leg is, or was last, a party of. */
  of(uuid: string): T[] {
    return [...(this.byLeg.get(uuid) ?? [])];
  }

  ofCall(legs: readonly { uuid: string }[]): T[] {
    return [...new Set(legs.flatMap(({ uuid }) => this.of(uuid)))];
  }
}
