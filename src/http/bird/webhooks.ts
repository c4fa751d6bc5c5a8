/** Bird's webhooks: its envelope, and its signature (docs.bird.com, Verifying a webhook subscription). */
import { createHash, createHmac } from 'node:crypto';
import type { Notice } from '../../delivery/notice.js';
import type { WebhookFormat } from '../../delivery/webhook.js';
import { dashed } from '../../uuid.js';
import type { Links } from '../links.js';
import { shownRecording } from './recordings.js';

/** Its documents name no event of recordings: told is when one begins and what became of it, and of its text. */
const TOLD = ['started', 'completed', 'discarded', 'failed', 'transcribed'].map(
  (type) => `recording.${type}`,
);

export function birdWebhooks(links: Links): WebhookFormat {
  return {
    body: (notice) => envelope(notice, links),
    signature: ({ id, url, body, at, secret = '' }) => {
      const timestamp = String(Math.floor(at / 1000));
      const checksum = createHash('sha256').update(body).digest();
      const signed = Buffer.concat([Buffer.from(`${timestamp}\n${url}\n`), checksum]);
      return {
        'messagebird-request-id': dashed(id),
        'messagebird-request-timestamp': timestamp,
        'messagebird-signature': createHmac('sha256', secret).update(signed).digest('base64'),
      };
    },
  };
}

function envelope({ event, recording }: Notice, links: Links): object | undefined {
  if (event === 'webhook.test') return { service: 'channels', event, payload: {} };
  if (!recording || !TOLD.includes(event)) return undefined;
  return { service: 'channels', event: 'voice.recording', payload: shownRecording(recording, links) };
}
