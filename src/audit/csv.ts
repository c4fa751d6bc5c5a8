/** Audit lines as CSV (RFC 4180) that a spreadsheet can open without running anything. Pure. */
import { hashOf, type AuditLine } from './chain.js';

const COLUMNS = [
  'at',
  'action',
  'result',
  'by',
  'user_id',
  'call_id',
  'token_id',
  'account_id',
  'recording_id',
  'owner_id',
  'webhook_id',
  'before',
  'after',
  'instance',
  'seq',
  'previous',
] as const satisfies (keyof AuditLine)[];

/** With a row of names first, and each line's own hash last. */
export function csvOf(lines: readonly AuditLine[]): string {
  return rowOf([...COLUMNS, 'hash']) + csvRowsOf(lines);
}

/** The same, without the names. */
export function csvRowsOf(lines: readonly AuditLine[]): string {
  return lines
    .map((line) => rowOf([...COLUMNS.map((column) => textOf(line[column])), hashOf(line)]))
    .join('');
}

function textOf(value: AuditLine[(typeof COLUMNS)[number]] = ''): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function rowOf(values: readonly string[]): string {
  return `${values.map(cell).join(',')}\r\n`;
}

/** What begins like a formula gets an apostrophe, by which spreadsheets know a text (OWASP, CSV injection). */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r\n＝＋－＠]/u.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
