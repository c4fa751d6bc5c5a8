/* Generated from schemas/call_recording.json by npm run types. */

/**
 * Which calls of an account, a device or a user are recorded by themselves: Kazoo's call_recording document, and an account's consent.
 */
export interface CallRecording {
  any?: CallRecordingSource;
  inbound?: CallRecordingSource;
  outbound?: CallRecordingSource;
  consent?: Consent;
}
/**
 * by where the other party is: a user or device of the same account, or not
 */
export interface CallRecordingSource {
  any?: CallRecordingParameters;
  onnet?: CallRecordingParameters;
  offnet?: CallRecordingParameters;
}
export interface CallRecordingParameters {
  /**
   * whether such calls are recorded
   */
  enabled?: boolean;
  /**
   * dual, the default: caller left, callee right
   */
  channels?: 'single' | 'dual';
  /**
   * kept in the document and told in every webhook
   */
  client_state?: string;
  /**
   * whether it goes on when its leg has left the call; the site's setting where none is given
   */
  follow_transfer?: boolean;
  format?: 'mp3' | 'wav';
  /**
   * shown to people
   */
  label?: string;
  /**
   * silence, the default, keeps the timeline
   */
  mask_mode?: 'silence' | 'cut';
  /**
   * seconds after which a mask ends by itself
   */
  mask_time_limit?: number;
  method?: 'put' | 'post';
  origin?: string;
  /**
   * both parties hear a beep at the start, and it is in the recording
   */
  play_beep?: boolean;
  /**
   * seconds of the call; a shorter recording is discarded
   */
  record_min_sec?: number;
  record_on_answer?: boolean;
  record_on_bridge?: boolean;
  /**
   * Hz; FreeSWITCH ignores any other (switch_is_valid_rate in switch_utils.h)
   */
  record_sample_rate?: 8000 | 11025 | 12000 | 16000 | 22050 | 24000 | 32000 | 44100 | 48000;
  /**
   * of the recorded leg: inbound is what its party says; one alone is mono
   */
  recording_track?: 'both' | 'inbound' | 'outbound';
  /**
   * seconds of silence, once speech was heard, after which it ends; 0 or none: never
   */
  silence_timeout?: number;
  /**
   * seconds; 0 or none is the site's ceiling
   */
  time_limit?: number;
  transcribe?: boolean;
  transcribe_locale?: string;
  /**
   * silence at both ends is cut off; WAV only
   */
  trim?: 'trim-silence';
  url?: string;
}
/**
 * what both parties of every recorded call hear; an account's document alone has it
 */
export interface Consent {
  /**
   * at the start, and to whoever joins: tones, or a file below the site's sounds folder
   */
  play?: string;
  /**
   * seconds between two beeps, for as long as it is recorded
   */
  beep_interval?: number;
}
