/* Generated from schemas/telnyx-record-start.json by npm run types. */

/**
 * The body of Telnyx's record_start, with its limits; what it does not know it ignores.
 */
export interface TelnyxRecordStart {
  /**
   * dual: the first leg on channel A, the rest on B
   */
  channels: 'single' | 'dual';
  format: 'wav' | 'mp3';
  /**
   * base64; comes back in every later webhook
   */
  client_state?: string;
  /**
   * the same one again on the same call, within 60 s, does nothing
   */
  command_id?: string;
  play_beep?: boolean;
  /**
   * seconds; 0 or none: the site's ceiling
   */
  max_length?: number;
  /**
   * seconds of silence, once speech was heard; 0 or none: never
   */
  timeout_secs?: number;
  /**
   * both where none is given; one alone is mono
   */
  recording_track?: 'both' | 'inbound' | 'outbound';
  trim?: 'trim-silence';
  /**
   * instead of the leg's id; the Unix time is added
   */
  custom_file_name?: string;
  /**
   * false where none is given
   */
  transcription?: boolean;
  /**
   * a language tag, or auto_detect
   */
  transcription_language?: string;
  [k: string]: unknown;
}
