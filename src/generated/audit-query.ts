/* Generated from schemas/audit-query.json by npm run types. */

/**
 * Which lines of the audit to list; what else a query holds is for others.
 */
export interface AuditQuery {
  page_size?: number;
  start_key?: string;
  [k: string]: unknown;
}
