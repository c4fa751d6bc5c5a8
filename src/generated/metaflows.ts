/* Generated from schemas/metaflows.json by npm run types. */

/**
 * This interface was referenced by `undefined`'s JSON-Schema definition
 * via the `patternProperty` "^[0-9*#]{1,16}$".
 */
export type MetaflowNode = RecordCallNode | HangupNode | NoneNode;

/**
 * The feature codes of an account, a device or a user. A key that is absent is inherited.
 */
export interface Metaflows {
  /**
   * the digit that begins a code; * where none is given
   */
  binding_digit?: '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9' | '0' | '*' | '#';
  /**
   * milliseconds between two digits of an ambiguous code; 3000 where none is given
   */
  digit_timeout?: number;
  /**
   * whose presses count; self where none is given
   */
  listen_on?: 'both' | 'self' | 'peer';
  /**
   * codes without their binding digit
   */
  numbers?: {
    [k: string]: MetaflowNode;
  };
  /**
   * codes as regular expressions in RE2 syntax, unanchored, tried in order after the numbers
   */
  patterns?: {
    [k: string]: MetaflowNode;
  };
}
export interface RecordCallNode {
  module: 'record_call';
  data?: RecordCallData;
  children?: Children;
}
/**
 * What the record_call module is told; Kazoo's keys, in Kazoo's order of values.
 */
export interface RecordCallData {
  /**
   * start where none is given
   */
  action?: 'mask' | 'unmask' | 'start' | 'stop' | 'toggle';
  /**
   * accepted because Kazoo's schema has it; the leg that pressed always wins
   */
  dtmf_leg?: string;
  format?: 'mp3' | 'wav';
  /**
   * shown to people
   */
  label?: string;
  /**
   * shown to people, never a path
   */
  media_name?: string;
  method?: 'put' | 'post';
  origin?: string;
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
   * seconds; 0 or none is the site's ceiling
   */
  time_limit?: number;
  url?: string;
}
/**
 * record_call goes on with the child named _
 */
export interface Children {
  _?: MetaflowNode;
}
/**
 * Hangs up the leg that pressed.
 */
export interface HangupNode {
  module: 'hangup';
  data?: Nothing;
  children?: Nothing;
}
/**
 * Only {}: what stood in it would silently do nothing.
 */
export interface Nothing {}
/**
 * Switches an inherited code off.
 */
export interface NoneNode {
  module: 'none';
  data?: Nothing;
  children?: Nothing;
}
