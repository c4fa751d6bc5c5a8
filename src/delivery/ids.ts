/** The ids of shipments in the outbox: what is sent, and for whom. */
import type { RecordingDocument } from '../generated/recording.js';

export type ShipmentOf =
  | { kind: 'upload' | 'callback'; account: string; recording: string }
  | { kind: 'webhook'; account: string; webhook: string };

export function uploadId({ account_id, id }: { account_id: string; id: string }): string {
  return idOf('upload', account_id, id);
}

/** What the ids of all uploads of an account begin with. */
export function uploadsOf(account: string): string {
  return idOf('upload', account, '');
}

/** What tells a recording's own `callback`. */
export function callbackId({ account_id, id }: { account_id: string; id: string }): string {
  return idOf('callback', account_id, id);
}

/** What is to be sent of a recording as it is now. */
export function shipmentsOf(doc: RecordingDocument): string[] {
  const isTold = doc.state === 'completed' && doc.internal.data['callback'] !== undefined;
  return [...(doc.delivery === 'pending' ? [uploadId(doc)] : []), ...(isTold ? [callbackId(doc)] : [])];
}

export function webhookId(account: string, webhook: string, notice: string): string {
  return idOf('webhook', account, webhook, notice);
}

export function parseId(id: string): ShipmentOf {
  const [kind, account = '', of = ''] = id.split('/').map(decodeURIComponent);
  return kind === 'upload' || kind === 'callback'
    ? { kind, account, recording: of }
    : { kind: 'webhook', account, webhook: of };
}

function idOf(...parts: string[]): string {
  return parts.map(encodeURIComponent).join('/');
}
