/* Generated from schemas/recordings-query.json by npm run types. */

/**
 * Gregorian seconds, from the year 1970 to 9999
 */
export type Gregorian = number;

/**
 * Which recordings to list; what else a query holds is for others.
 */
export interface RecordingsQuery {
  /**
   * whose recording
   */
  user?: string;
  /**
   * the channel uuid of any leg of the call
   */
  call_id?: string;
  /**
   * of a party: from, to, request, caller or callee id, whole
   */
  number?: string;
  state?: 'recording' | 'masked' | 'completed' | 'discarded' | 'failed';
  label?: string;
  created_from?: Gregorian;
  created_to?: Gregorian;
  page_size?: number;
  start_key?: string;
  [k: string]: unknown;
}
