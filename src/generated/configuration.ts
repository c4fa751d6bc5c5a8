/* Generated from schemas/configuration.json by npm run types. */

export type Names = string[];
export type Names1 = string[];
export type Names2 = string[];
export type Names3 = string[];
export type Names4 = string[];
/**
 * verto and loopback legs belong to nobody unless named here
 */
export type Names5 = string[];

/**
 * The JSON file that METAFLOWS_CONFIG names. Each METAFLOWS_… environment variable is also a key here, by its name in lower case without the prefix; the environment wins.
 */
export interface Configuration {
  /**
   * event sockets, separated by commas: esl://:password@host:port, or the word embedded
   */
  switches?: string;
  http_host?: string;
  http_port?: number;
  /**
   * where clients reach the HTTP API, for links in what they are told; its own address where none is given
   */
  public_url?: string;
  admin_token?: string;
  database?: string;
  recordings_dir?: string;
  recordings_mount?: string;
  /**
   * how finished files reach this service: it sees the switch's folder, or the switch sends them to it over HTTP (http_put of mod_http_cache)
   */
  transport?: 'mount' | 'push';
  /**
   * this service's base URL as the switch sees it; needed with push
   */
  push_url?: string;
  flows_dir?: string;
  delivery_deny?: string;
  delivery_allow?: string;
  /**
   * origins of other sites whose pages may call the API, separated by commas
   */
  cors_origins?: string;
  log_level?: 'error' | 'warn' | 'info' | 'http' | 'verbose' | 'debug' | 'silly';
  identity?: IdentityVariables;
  digits?: DigitSettings;
  tones?: Tones;
  limits?: Limits;
  recording?: RecordingSettings;
  transcription?: TranscriptionSettings;
  genesys?: GenesysSettings;
}
/**
 * Channel variables that say whose a leg is; the first non-empty one wins.
 */
export interface IdentityVariables {
  inbound_account?: Names;
  inbound_user?: Names1;
  outbound_account?: Names2;
  outbound_user?: Names3;
  device?: Names4;
  trusted_endpoints?: Names5;
}
export interface DigitSettings {
  /**
   * absorb: numbers are bound inside the switch, so that the far end does not hear them; listen: DTMF events only
   */
  capture?: 'absorb' | 'listen';
  /**
   * the realm in which the dialplan binds digits of its own on legs that were there before the service was; without it such legs are only listened to
   */
  realm?: string;
}
/**
 * What the presser alone hears, beep excepted, as a tone_stream; empty: nothing.
 */
export interface Tones {
  done?: string;
  refused?: string;
  failed?: string;
  /**
   * five seconds before a mask ends by itself
   */
  warning?: string;
  /**
   * what both parties hear for play_beep and beep_interval
   */
  beep?: string;
}
export interface Limits {
  /**
   * seconds: the site's ceiling for one recording
   */
  time_limit?: number;
  /**
   * for each client address
   */
  requests_per_minute?: number;
  /**
   * no recording is started where the recordings folder's disk has less room
   */
  min_free_bytes?: number;
}
export interface RecordingSettings {
  /**
   * whether a recording goes on when its leg has left the call
   */
  follow_transfer?: boolean;
  /**
   * whether users may stop a recording that began by itself
   */
  stop_automatic?: boolean;
  /**
   * whether users may stop a recording that the dialplan or another program started
   */
  stop_adopted?: boolean;
  /**
   * whether such a recording, where it lies below the recordings folder, is sent to the url of its owner's call_recording
   */
  deliver_adopted?: boolean;
  /**
   * as the switch sees it: below it lie the files that accounts may play for consent; empty: tones alone
   */
  sounds_dir?: string;
}
/**
 * Where recordings are made text of, in OpenAI's way; nowhere unless set.
 */
export interface TranscriptionSettings {
  /**
   * of the endpoint: https://…/v1/audio/transcriptions
   */
  url: string;
  api_key?: string;
  model: string;
}
export interface GenesysSettings {
  /**
   * the path at which CometD clients subscribe
   */
  notifications?: string;
}
