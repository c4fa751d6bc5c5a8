/** How a recording is sent to its `url`: Kazoo's way (kz_att_http.erl, kazoo.md), but never named by the call. Pure. */
import type { RecordingDocument } from '../generated/recording.js';

/** Kazoo's query parameters of an upload; what the recording does not have is sent empty. */
const PARAMETERS = [
  'from',
  'to',
  'caller_id_name',
  'caller_id_number',
  'call_id',
  'cdr_id',
  'interaction_id',
  'account_id',
] as const;

/** Milliseconds that any upload gets, beside those that its size needs at the slowest line that is waited for. */
const LEAST_MS = 60_000;
const SLOWEST_BYTES_PER_MS = 16;

/** What the file is called where it arrives. */
export function uploadName({ id, media_type }: RecordingDocument): string {
  return `call_recording_${id}.${media_type}`;
}

/** `url`, with the name as the last part of its path, and Kazoo's parameters after those that it has. */
export function uploadUrl(doc: RecordingDocument, url: string): string {
  const target = new URL(url);
  target.pathname = `${target.pathname.replace(/\/+$/, '')}/${uploadName(doc)}`;
  const parameters = new URLSearchParams(PARAMETERS.map((name) => [name, doc[name] ?? '']));
  // Not through searchParams, which writes anew what may be signed.
  target.search = [target.search.slice(1), parameters.toString()].filter(Boolean).join('&');
  return target.href;
}

/** `size` in bytes; `sha256` of the file, base64. */
export function uploadHeaders(doc: RecordingDocument, size: number, sha256: string): Record<string, string> {
  const digest = `sha-256=:${sha256}:`; // RFC 9530
  return {
    'Content-Type': doc.content_type,
    'Content-Length': String(size),
    'Content-Disposition': `attachment; filename="${uploadName(doc)}"`,
    'Content-Digest': digest,
    'Repr-Digest': digest,
    'Idempotency-Key': doc.id,
    'User-Agent': 'metaflows',
  };
}

/** Milliseconds that sending `size` bytes may take. */
export function uploadLimitMs(size: number): number {
  return LEAST_MS + Math.ceil(size / SLOWEST_BYTES_PER_MS);
}
