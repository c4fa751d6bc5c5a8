import { fromGregorian } from '../time.js';
import type { RecordingDocument } from '../../../src/generated/recording.js';

/** A recording as the API shows it. */
export type Recording = Omit<RecordingDocument, 'internal'>;

/** Whether it still goes on. */
export function isRunning({ state }: Pick<Recording, 'state'>): boolean {
  return state === 'recording' || state === 'masked';
}

/** Milliseconds: of one that goes on, until `at` (epoch). */
export function lengthOf(recording: Recording, at: number): number {
  return isRunning(recording) ? at - fromGregorian(recording.start) : recording.duration_ms;
}

/** Milliseconds that are masked until `at` (epoch), those of a mask that is on too. */
export function maskedMs({ mask_intervals, audit, state }: Recording, at: number): number {
  const closed = mask_intervals.reduce((sum, { start_ms, end_ms = start_ms }) => sum + end_ms - start_ms, 0);
  const began = audit.findLast(({ action, result }) => action === 'mask' && result === 'ok');
  return closed + (state === 'masked' && began ? Math.max(0, at - Date.parse(began.at)) : 0);
}
