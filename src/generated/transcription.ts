/* Generated from schemas/transcription.json by npm run types. */

/**
 * Asks for the text of a recording.
 */
export interface TranscriptionRequest {
  /**
   * such as en-US; where none is given, the one that it was started with, else the endpoint finds out
   */
  locale?: string;
}
