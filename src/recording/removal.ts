/** Deletes recordings, file and document; the audit keeps that there was one, and who deleted it. */
import { eventOf, type Audit, type AuditEvent } from '../audit/events.js';
import { isMetaflowsError, MetaflowsError } from '../errors.js';
import type { RecordingDocument } from '../generated/recording.js';
import { isRunning } from './state.js';

export interface RemovalOptions {
  recordings: {
    /** Deletes the document, after `before`, where `permits` its newest version; nothing changes it from then on. */
    delete(
      account: string,
      id: string,
      permits: (doc: RecordingDocument) => boolean,
      before: (doc: RecordingDocument) => Promise<void>,
    ): Promise<boolean>;
  };
  files: { removeAll(files: string[]): Promise<void> };
  audit: Audit;
}

/** Who deletes it. */
export type Deleter = Pick<AuditEvent, 'by' | 'token_id' | 'user_id'>;

export class Removal {
  constructor(private readonly options: RemovalOptions) {}

  /**
   * Whether it was deleted: not where there is none any more, nor where `due` says no. Rejects with
   * `recording_running` and `legal_hold`. Both what is begun and what came of it are accounted for, so that a crash in
   * between hides nothing.
   */
  async remove(
    { account_id, id }: RecordingDocument,
    deleter: Deleter,
    due: (doc: RecordingDocument) => boolean = () => true,
  ): Promise<boolean> {
    const { recordings, files, audit } = this.options;
    let found: RecordingDocument | undefined;
    const account = async (result: string) => {
      if (!found) return;
      const at = new Date().toISOString();
      await audit(eventOf(found, { ...deleter, action: 'deletion', at, result }));
    };
    try {
      const permits = (doc: RecordingDocument) => {
        if (!due(doc)) return false;
        found = doc;
        if (isRunning(doc)) throw new MetaflowsError('recording_running');
        if (doc.legal_hold) throw new MetaflowsError('legal_hold');
        return true;
      };
      const deleted = await recordings.delete(account_id, id, permits, async (doc) => {
        await account('begun');
        // The audio first: a document without audio can be deleted again, audio without a document is never found.
        await files.removeAll([doc.internal.file, ...doc.segments.map(({ file }) => file)]);
      });
      if (deleted) await account('ok');
      return deleted;
    } catch (error) {
      await account(isMetaflowsError(error) ? error.code : 'internal_error');
      throw error;
    }
  }
}
