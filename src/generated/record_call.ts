/* Generated from schemas/record_call.json by npm run types. */

/**
 * What the record_call module is told; Kazoo's keys, in Kazoo's order of values.
 */
export interface RecordCallData {
  /**
   * start where none is given
   */
  action?: 'mask' | 'unmask' | 'start' | 'stop' | 'toggle';
  callback?: Callback;
  /**
   * dual, the default: caller left, callee right
   */
  channels?: 'single' | 'dual';
  /**
   * kept in the document and told in every webhook
   */
  client_state?: string;
  /**
   * accepted because Kazoo's schema has it; the leg that pressed always wins
   */
  dtmf_leg?: string;
  /**
   * each of these digits, pressed on the leg that was named or whose code it is, ends the recording
   */
  end_key?: string;
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
  /**
   * shown to people, never a path
   */
  media_name?: string;
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
 * who is told, in which system's words, that the recording is complete
 */
export interface Callback {
  system: 'ozeki';
  url: string;
  /**
   * what the receiver calls this service
   */
  base_url: string;
}
