/* Generated from schemas/telnyx-record-command.json by npm run types. */

/**
 * The body of Telnyx's record_stop, record_pause and record_resume.
 */
export interface TelnyxRecordCommand {
  /**
   * base64; comes back in every later webhook
   */
  client_state?: string;
  /**
   * the same one again on the same call, within 60 s, does nothing
   */
  command_id?: string;
  /**
   * the recording that is meant, where it has to be that one
   */
  recording_id?: string;
  [k: string]: unknown;
}
