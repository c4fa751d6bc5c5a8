/* Generated from schemas/channel-action.json by npm run types. */

export type MetaflowNode = RecordCallNode | HangupNode | NoneNode;

/**
 * Runs a metaflow node on a live leg.
 */
export interface ChannelAction {
  action: 'metaflow';
  data: MetaflowNode;
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
