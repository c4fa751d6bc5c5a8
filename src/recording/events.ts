/** What happens to a recording, told to whoever delivers it or tells others of it. */
import type { RecordingDocument } from '../generated/recording.js';

export interface RecordingEvent {
  type: 'started' | 'masked' | 'unmasked' | 'stopped' | 'completed' | 'discarded' | 'failed';
  /** The document as it is after what happened, stored already. */
  recording: RecordingDocument;
  /** Epoch, milliseconds. */
  at: number;
}
