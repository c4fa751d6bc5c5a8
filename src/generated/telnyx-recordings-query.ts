/* Generated from schemas/telnyx-recordings-query.json by npm run types. */

/**
 * The query of Telnyx's GET /v2/recordings. A filter that is not here is refused: to ignore it would answer with more than was asked for.
 */
export interface TelnyxRecordingsQuery {
  /**
   * 1 where none is given
   */
  'page[number]'?: number;
  /**
   * 20 where none is given
   */
  'page[size]'?: number;
  'filter[call_control_id]'?: string;
  'filter[call_leg_id]'?: string;
  'filter[call_session_id]'?: string;
  'filter[connection_id]'?: string;
  'filter[from]'?: string;
  'filter[to]'?: string;
  'filter[created_at][gte]'?: string;
  'filter[created_at][lte]'?: string;
  'filter[start_time][gte]'?: string;
  'filter[start_time][lte]'?: string;
  'filter[end_time][gte]'?: string;
  'filter[end_time][lte]'?: string;
}
