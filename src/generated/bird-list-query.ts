/* Generated from schemas/bird-list-query.json by npm run types. */

/**
 * The query of Bird's lists.
 */
export interface BirdListQuery {
  /**
   * 10 where none is given
   */
  limit?: number;
  /**
   * the nextPageToken of the page before
   */
  pageToken?: string;
}
