/* Generated from schemas/ozeki-record.json by npm run types. */

/**
 * The parameters of Ozeki's Record command, numbers and upper case read; nothing is said of who asks.
 */
export interface OzekiRecord {
  CallId: string;
  /**
   * seconds
   */
  Duration?: number;
  FinishDigits?: string;
  FinishedUrl?: string;
  /**
   * mp3 where none is given
   */
  Format?: 'mp3' | 'wav';
  /**
   * seconds
   */
  Inactivity?: number;
  RecordPath?: string;
}
