/**
 * The ids of what is stored of recordings. A recording's own id begins with the time, so that `recording/{account}/{id}`
 * answers for an account; two indexes of empty documents, whose ids say all, answer for a user
 * (`owned/{account}/{user}/{id}`) and for a restarted service (`unfinished/{account}/{id}`). What happened to a recording
 * and is still to be told is `news/{account}/{id}/{happening}`.
 */
import type { RecordingDocument } from '../generated/recording.js';

export const RECORDING = 'recording/';
export const OWNED = 'owned/';
export const UNFINISHED = 'unfinished/';
export const NEWS = 'news/';

/** What follows those, of any names; where the last one is empty, what the ids of all begin with. */
export function keyOf(...parts: string[]): string {
  return parts.map(encodeURIComponent).join('/');
}

/** The id of a recording's document. */
export function recordingId({ account_id, id }: RecordingDocument): string {
  return RECORDING + keyOf(account_id, id);
}

/** Of a thing that happened to it; where that is empty, what the ids of all begin with. */
export function newsId({ account_id, id }: RecordingDocument, happening: string): string {
  return NEWS + keyOf(account_id, id, happening);
}

/** By which a recording is found as one of `user`. */
export function ownedId({ account_id, id }: RecordingDocument, user: string): string {
  return OWNED + keyOf(account_id, user, id);
}
