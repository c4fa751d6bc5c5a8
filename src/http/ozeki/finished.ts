/** What FinishedUrl is told. Pure. */
import type { Outgoing } from '../../delivery/send.js';
import type { Callback } from '../../generated/record_call.js';
import type { RecordingDocument } from '../../generated/recording.js';

/** Milliseconds that a receiver gets to answer. */
const LIMIT_MS = 30_000;

/** Ozeki's RecordCompleted; what it calls the duration is nowhere documented. */
export function recordCompleted(doc: RecordingDocument, { url, base_url }: Callback): Outgoing {
  const path = `/v2/accounts/${encodeURIComponent(doc.account_id)}/recordings/${doc.id}`;
  const body = new URLSearchParams({
    NotificationName: 'RecordCompleted',
    CallId: doc.call_id,
    RecordURL: `${base_url}${path}?accept=${doc.content_type}`,
    Duration: String(doc.duration),
  }).toString();
  return {
    method: 'POST',
    url,
    headers: {
      'User-Agent': 'metaflows',
      'Content-Type': 'application/x-www-form-urlencoded',
      'Content-Length': String(Buffer.byteLength(body)),
    },
    body,
    limitMs: LIMIT_MS,
  };
}
