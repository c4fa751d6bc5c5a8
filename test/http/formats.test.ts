import { createHash, createHmac, generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import Telnyx from 'telnyx';
import { recordingNotice } from '../../src/delivery/notice.js';
import { webhookRequest } from '../../src/delivery/webhook.js';
import type { WebhookSettings } from '../../src/generated/webhook.js';
import { webhookFormats } from '../../src/http/formats.js';
import { uuidOf } from '../../src/http/library.js';
import { Links } from '../../src/http/links.js';
import { validate } from '../../src/schemas.js';
import { happening, type Happening } from '../../src/recording/events.js';
import { recordingDocument } from '../support/recordings.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const URI = 'https://example.com/hook?of=us';

describe('webhooks as other systems word and sign them', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const formats = webhookFormats(new Links(privateKey, () => 'https://api.example'));
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

  const requestFor = (format: 'telnyx' | 'bird', type: Happening['type'], changes: object = {}) => {
    const doc = { ...recordingDocument({ data: { channels: 'dual' } }), ...changes };
    const notice = recordingNotice({ ...happening(type, Date.now()), recording: doc });
    const settings: WebhookSettings = { name: 'x', uri: URI, hook: 'recording', format };
    const webhook = { settings, ...(format === 'bird' && { secret }) };
    const { headers, body } = webhookRequest(webhook, notice, privateKey, Date.now(), formats[format]);
    return { doc, notice, headers, body: String(body) };
  };

  it('tell of nothing that the system knows nothing of', () => {
    const types = [
      'started',
      'masked',
      'unmasked',
      'stopped',
      'completed',
      'discarded',
      'failed',
      'delivered',
      'transcribed',
    ];
    const toldBy = (format: 'telnyx' | 'bird') =>
      types.filter((type) => {
        const { notice } = requestFor(format, type as Happening['type']);
        return formats[format]!.body(notice) !== undefined;
      });
    expect(toldBy('telnyx')).to.deep.equal(['completed', 'failed', 'transcribed']);
    expect(toldBy('bird')).to.deep.equal(['started', 'completed', 'discarded', 'failed', 'transcribed']);
  });

  it('say call.recording.error as Telnyx does, so that its client takes it', async () => {
    const { doc, notice, headers, body } = requestFor('telnyx', 'failed', { client_state: 'Yg==' });
    const client = new Telnyx({ apiKey: 'x' });
    const key = Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url').toString('base64');
    const event = (await client.webhooks.unwrap(body, { headers, key })) as { data: { id: string } };
    expect(event.data.id).to.match(UUID);
    expect(event).to.deep.equal({
      data: {
        record_type: 'event',
        event_type: 'call.recording.error',
        id: event.data.id,
        occurred_at: notice.timestamp,
        payload: {
          call_control_id: doc.call_id,
          call_leg_id: doc.call_id,
          call_session_id: doc.interaction_id,
          connection_id: 'example.com',
          client_state: 'Yg==',
          reason: 'Internal server error',
        },
      },
    });
  });

  it('say call.recording.transcription.saved as Telnyx does', () => {
    const transcription = { status: 'completed', text: 'Good morning, how may I help you?' };
    const { doc, body } = requestFor('telnyx', 'transcribed', { transcription });
    const { data } = JSON.parse(body) as { data: { event_type: string; payload: object } };
    expect(data.event_type).to.equal('call.recording.transcription.saved');
    expect(data.payload).to.deep.equal({
      call_control_id: doc.call_id,
      call_leg_id: doc.call_id,
      call_session_id: doc.interaction_id,
      connection_id: 'example.com',
      client_state: null,
      recording_id: uuidOf(doc),
      recording_transcription_id: uuidOf(doc),
      transcription_text: 'Good morning, how may I help you?',
      status: 'completed',
    });
  });

  it('are signed as Bird’s are, over their URL too', () => {
    const { doc, headers, body } = requestFor('bird', 'completed');
    const { 'messagebird-signature': signature, 'messagebird-request-timestamp': at } = headers;
    const checksum = createHash('sha256').update(body).digest();
    const signed = Buffer.concat([Buffer.from(`${at}\n${URI}\n`), checksum]);
    expect(signature).to.equal(createHmac('sha256', secret).update(signed).digest('base64'));
    expect(headers['messagebird-request-id']).to.match(UUID);
    const { payload } = JSON.parse(body) as { payload: { id: string } };
    expect(payload.id).to.equal(uuidOf(doc));
  });

  it('can be tested', () => {
    const notice = { event: 'webhook.test', id: '0'.repeat(32), timestamp: '', account_id: 'a' };
    for (const format of Object.values(formats)) expect(format.body(notice)).to.be.an('object');
  });

  for (const [what, settings, ok] of [
    ['telnyx', { format: 'telnyx' }, true],
    ['telnyx by ed25519', { format: 'telnyx', signature: 'ed25519' }, true],
    ['telnyx by HMAC', { format: 'telnyx', signature: 'hmac-sha256' }, false],
    ['telnyx by GET', { format: 'telnyx', http_verb: 'get' }, false],
    ['bird by HMAC', { format: 'bird', signature: 'hmac-sha256', secret }, true],
    ['bird without a signature', { format: 'bird' }, false],
    ['bird by GET', { format: 'bird', signature: 'hmac-sha256', http_verb: 'get' }, false],
    ['another system', { format: 'genesys' }, false],
  ] as const) {
    it(`are ${ok ? '' : 'not '}set up as ${what}`, () => {
      const result = validate('webhook', { name: 'x', uri: URI, hook: 'recording', ...settings });
      expect(result.ok).to.equal(ok);
    });
  }
});
