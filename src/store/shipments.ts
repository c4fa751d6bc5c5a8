/** The ids of shipments in the outbox: what is sent, and for whom. */
import type { RecordingDocument } from '../generated/recording.js';

export type ShipmentOf =
  | { kind: 'upload' | 'transcription' | 'callback'; account: string; recording: string }
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

export function transcriptionId({ account_id, id }: { account_id: string; id: string }): string {
  return idOf('transcription', account_id, id);
}

/** Those of a recording that there may be. */
export function shipmentsOf(recording: RecordingDocument): string[] {
  return [uploadId(recording), transcriptionId(recording), callbackId(recording)];
}

export function webhookId(account: string, webhook: string, notice: string): string {
  return idOf('webhook', account, webhook, notice);
}

export function parseId(id: string): ShipmentOf {
  const [kind, account = '', of = ''] = id.split('/').map(decodeURIComponent);
  return kind === 'upload' || kind === 'transcription' || kind === 'callback'
    ? { kind, account, recording: of }
    : { kind: 'webhook', account, webhook: of };
}

function idOf(...parts: string[]): string {
  return parts.map(encodeURIComponent).join('/');
}
