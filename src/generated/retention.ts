/* Generated from schemas/retention.json by npm run types. */

/**
 * For how long an account keeps its recordings.
 */
export interface RetentionSettings {
  /**
   * since a recording began; it is deleted, file and document, in the hours after
   */
  days: number;
}
