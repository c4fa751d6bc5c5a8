/** Telnyx's webhooks: its envelope, and its signature, which its own SDK checks. */
import { sign } from 'node:crypto';
import type { Notice } from '../../delivery/notice.js';
import type { WebhookFormat } from '../../delivery/webhook.js';
import { endedAt, startedAt, uuidOf, type PublicRecording } from '../library.js';
import { dashed } from '../../uuid.js';
import type { Links } from '../links.js';
import { session } from './recordings.js';

type Payload = (recording: PublicRecording, links: Links) => object;

const EVENTS: Record<string, [type: string, payload: Payload]> = {
  'recording.completed': [
    'call.recording.saved',
    (doc, links) => ({
      ...session(doc),
      client_state: doc.client_state ?? null,
      recording_id: uuidOf(doc),
      channels: doc.channels,
      recording_started_at: startedAt(doc),
      recording_ended_at: endedAt(doc),
      recording_urls: { mp3: null, wav: null, [doc.media_type]: links.audio(doc) },
      // Telnyx's own are null too for all accounts that have not asked for them.
      public_recording_urls: { mp3: null, wav: null },
    }),
  ],
  'recording.transcribed': [
    'call.recording.transcription.saved',
    (doc) => ({
      ...session(doc),
      client_state: doc.client_state ?? null,
      recording_id: uuidOf(doc),
      // A recording has one text.
      recording_transcription_id: uuidOf(doc),
      transcription_text: doc.transcription?.text ?? '',
      status: 'completed',
    }),
  ],
  'recording.failed': [
    'call.recording.error',
    // The one of its four reasons that does not blame the credentials of a storage.
    (doc) => ({
      ...session(doc),
      client_state: doc.client_state ?? null,
      reason: 'Internal server error',
    }),
  ],
};

export function telnyxWebhooks(links: Links): WebhookFormat {
  return {
    body: (notice) => envelope(notice, links),
    signature: ({ at, body, key }) => {
      const timestamp = String(Math.floor(at / 1000));
      const signature = sign(null, Buffer.from(`${timestamp}|${body}`), key).toString('base64');
      return { 'telnyx-timestamp': timestamp, 'telnyx-signature-ed25519': signature };
    },
  };
}

function envelope({ event, id, timestamp, recording }: Notice, links: Links): object | undefined {
  const told = EVENTS[event];
  if (event !== 'webhook.test' && !(told && recording)) return undefined;
  return {
    data: {
      record_type: 'event',
      event_type: told?.[0] ?? event,
      id: dashed(id),
      occurred_at: timestamp,
      payload: told && recording ? told[1](recording, links) : {},
    },
  };
}
