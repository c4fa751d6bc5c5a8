/** The ids of shipments in the outbox: what is sent, and for whom. */

export type ShipmentOf =
  | { kind: 'upload'; account: string; recording: string }
  | { kind: 'webhook'; account: string; webhook: string };

export function uploadId({ account_id, id }: { account_id: string; id: string }): string {
  return idOf('upload', account_id, id);
}

/** What the ids of all uploads of an account begin with. */
export function uploadsOf(account: string): string {
  return idOf('upload', account, '');
}

export function webhookId(account: string, webhook: string, notice: string): string {
  return idOf('webhook', account, webhook, notice);
}

export function parseId(id: string): ShipmentOf {
  const [kind, account = '', of = ''] = id.split('/').map(decodeURIComponent);
  return kind === 'upload' ? { kind, account, recording: of } : { kind: 'webhook', account, webhook: of };
}

function idOf(...parts: string[]): string {
  return parts.map(encodeURIComponent).join('/');
}
