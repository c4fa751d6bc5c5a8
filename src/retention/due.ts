/** Whether an account's recording has been kept for long enough. Pure. */
import type { RecordingDocument } from '../generated/recording.js';
import { GREGORIAN_OFFSET_S } from '../recording/document.js';
import { isRunning } from '../recording/state.js';

export const DAY_MS = 86_400_000;

/** `days` since it began, at `now` (epoch, milliseconds); never while it runs, is held, or is still to be delivered. */
export function isDue(doc: RecordingDocument, days: number, now: number): boolean {
  const began = (doc.start - GREGORIAN_OFFSET_S) * 1000;
  const isKept = isRunning(doc) || doc.legal_hold === true || doc.delivery === 'pending';
  return !isKept && began + days * DAY_MS <= now;
}
