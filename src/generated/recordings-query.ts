/* Generated from schemas/recordings-query.json by npm run types. */

/**
 * Gregorian seconds, from the year 1970 to 9999
 */
export type Gregorian = number;

/**
 * Which recordings to list; what else a query holds is for others.
 */
export interface RecordingsQuery {
  created_from?: Gregorian;
  created_to?: Gregorian;
  page_size?: number;
  start_key?: string;
  [k: string]: unknown;
}
