/** What happens to a recording, told to whoever delivers it or tells others of it. */
import type { RecordingDocument } from '../generated/recording.js';
import { uuidDigits } from '../uuid.js';

/** Something that happened to a recording; the last two are the delivery's own part. */
export interface Happening {
  /** 32 hex digits that begin with the time: the same however often it is told. */
  id: string;
  type:
    | 'started'
    | 'masked'
    | 'unmasked'
    | 'stopped'
    | 'completed'
    | 'discarded'
    | 'failed'
    | 'delivered'
    | 'transcribed';
  /** Epoch, milliseconds. */
  at: number;
}

export interface RecordingEvent extends Happening {
  /** The document as it is after what happened, stored already. */
  recording: RecordingDocument;
}

/** `at` in epoch milliseconds. */
export function happening(type: Happening['type'], at: number): Happening {
  return { id: uuidDigits(at), type, at };
}
