/* Generated from schemas/recording.json by npm run types. */

/**
 * A recording as it is stored: what the API shows, and under `internal` what the service needs to carry on.
 */
export interface RecordingDocument {
  /**
   * YYYYMM-<32 hex digits>, as Kazoo's; the digits begin with the time, so ids sort by it
   */
  id: string;
  account_id: string;
  /**
   * the user whose metaflow or token started it
   */
  owner_id?: string;
  device_id?: string;
  state: 'recording' | 'masked' | 'completed' | 'discarded' | 'failed';
  /**
   * media_name, or the file's name: what people see, never a path
   */
  name: string;
  description?: string;
  label?: string;
  content_type: 'audio/wav' | 'audio/mpeg';
  media_type: 'wav' | 'mp3';
  media_source: 'recorded';
  source_type: 'call';
  from: string;
  to: string;
  request: string;
  /**
   * of the owner's leg, as the switch sees it
   */
  direction: 'inbound' | 'outbound';
  /**
   * Gregorian seconds: Unix + 62167219200
   */
  start: number;
  /**
   * whole seconds of audio
   */
  duration: number;
  /**
   * milliseconds of audio
   */
  duration_ms: number;
  caller_id_name: string;
  caller_id_number: string;
  callee_id_name: string;
  callee_id_number: string;
  /**
   * the channel uuid of the leg that was named or whose party pressed
   */
  call_id: string;
  cdr_id?: string;
  /**
   * the same for all legs of a call, also after a transfer
   */
  interaction_id?: string;
  /**
   * single: mono; dual: one party on the left, the other on the right
   */
  channels?: 'single' | 'dual';
  origin: string;
  url?: string;
  method?: 'put' | 'post';
  /**
   * what became of sending the file to `url`; absent where it is to be sent nowhere
   */
  delivery?: 'pending' | 'delivered' | 'failed';
  custom_channel_vars?: {
    [k: string]: unknown;
  };
  /**
   * bytes of the finished file
   */
  size?: number;
  /**
   * offsets into the audio, milliseconds; end_ms is absent while the mask is on
   */
  mask_intervals: MaskInterval[];
  /**
   * one per file made while the call moved between legs
   */
  segments: Segment[];
  /**
   * why the audio ended: there as soon as it has, also while the file is still to come from the switch
   */
  stop_reason?:
    'code' | 'api' | 'time_limit' | 'hangup' | 'silence' | 'end_key' | 'switch_lost' | 'switch' | 'no_audio';
  /**
   * why it failed, or, where it is completed, why a segment is missing or came late: a stable code
   */
  failure?: string;
  audit: AuditEntry[];
  internal: RecordingInternals;
  client_state?: string;
  /**
   * of the finished file, hex
   */
  sha256?: string;
  /**
   * it may not be deleted, by nobody
   */
  legal_hold?: true;
  transcription?: Transcription;
}
export interface MaskInterval {
  start_ms: number;
  end_ms?: number;
}
export interface Segment {
  /**
   * the leg it was recorded on
   */
  call_id: string;
  /**
   * below the recordings folder
   */
  file: string;
  /**
   * offset into the whole audio
   */
  start_ms: number;
  duration_ms?: number;
}
export interface AuditEntry {
  action: 'start' | 'mask' | 'unmask' | 'stop';
  at: string;
  by: 'code' | 'api' | 'service';
  user_id?: string;
  /**
   * the leg that pressed
   */
  call_id?: string;
  token_id?: string;
  /**
   * ok, or a stable error code
   */
  result: string;
}
export interface RecordingInternals {
  switch: string;
  /**
   * the leg that carries the recorder now
   */
  leg: string;
  /**
   * below the recordings folder
   */
  file: string;
  /**
   * epoch, ms: where the audio's offset 0 lies
   */
  started_at: number;
  limit_s: number;
  min_s: number;
  /**
   * what pauses took out of the audio so far
   */
  held_ms: number;
  /**
   * epoch, ms: nothing is written since then
   */
  held_since?: number;
  /**
   * the legs of the call, as it was last bridged
   */
  parties: string[];
  /**
   * why nothing is written now: the recorded party holds, a mask that cuts, no segment runs, it waits for an answer or a bridge
   */
  pauses: ('hold' | 'mask' | 'gap' | 'wait')[];
  /**
   * the module data that it was started with
   */
  data: {
    [k: string]: unknown;
  };
  /**
   * epoch, ms: when the mask that is on began
   */
  mask_since?: number;
  /**
   * what the holds of the recorded party that are over came to, those before the recording too, as far as is known here
   */
  leg_held_ms?: number;
  /**
   * the leg whose party is on the left
   */
  left?: string;
  /**
   * of an adopted recording, as the switch sees it, absolute; one outside the recordings folder has no file below it
   */
  path?: string;
  /**
   * it began by itself
   */
  automatic?: boolean;
}
export interface Transcription {
  status: 'pending' | 'completed' | 'failed';
  /**
   * that was asked for, else what the endpoint found
   */
  locale?: string;
  /**
   * nothing of masked spans
   */
  text?: string;
  segments?: TranscriptSegment[];
  /**
   * why it failed: a stable code
   */
  error?: string;
}
export interface TranscriptSegment {
  start_ms: number;
  end_ms: number;
  text: string;
}
