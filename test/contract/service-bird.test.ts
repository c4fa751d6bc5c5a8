import { createHash, createHmac } from 'node:crypto';
import { expect } from 'chai';
import type { LabCall } from '../support/lab-phones.js';
import { eventually, TestService, TOKEN } from '../support/lab-service.js';
import { Receiver, type Received } from '../support/delivery.js';
import { silentSpans, windows } from '../support/tones.js';
import { parseWav } from '../support/wav.js';
import { talk } from './commands.js';
import { useLab } from './shared-lab.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const CHANNEL = '880d8171-cbab-47bb-81b6-b1a0902da136';
const SIGNING_KEY = 'whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cywgbG9uZw==';

interface Accepted {
  command: Record<string, unknown>;
  recordingId: string;
}

type Recording = Record<string, unknown> & { url: string; status: string };

describe('contract: Bird’s API', () => {
  const lab = useLab();
  let service: TestService;
  let receiver: Receiver;
  let hook: string;
  let call: LabCall;

  before(async () => {
    service = await TestService.start(lab(), { DELIVERY_ALLOW: '127.0.0.1/32' });
    receiver = new Receiver();
    hook = `${await receiver.listen()}/bird`;
    const signed = { format: 'bird', signature: 'hmac-sha256', secret: SIGNING_KEY };
    const webhook = { name: 'bird', uri: hook, hook: 'recording', ...signed };
    expect((await service.ask('PUT', `/accounts/${lab().domain}/webhooks`, webhook)).status).to.equal(201);
  });
  after(async () => {
    await service.close();
    await receiver.close();
  });
  beforeEach(async () => {
    receiver.received.length = 0;
    call = await lab().phones.call('1001', '1002');
    await up(call.caller.uuid);
  });
  afterEach(() => lab().phones.hangupAll());

  const ask = (method: string, path: string, body?: object): Promise<Response> =>
    fetch(`${service.url}/workspaces/${lab().domain}${path}`, {
      method,
      headers: { Authorization: `AccessKey ${TOKEN}`, 'Content-Type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });

  /** Waits until the service knows that a leg is up. */
  const up = (uuid: string): Promise<unknown> =>
    eventually('leg', async () => {
      const { status, data } = await service.ask('GET', `/accounts/${lab().domain}/channels/${uuid}`);
      return (status === 200 && data.answered) || undefined;
    });

  const record = async (body?: object, leg = call.caller.uuid): Promise<Accepted> => {
    const response = await ask('POST', `/channels/${CHANNEL}/calls/${leg}/record`, body);
    expect(response.status).to.equal(202);
    return (await response.json()) as Accepted;
  };

  const recording = async (id: string): Promise<Recording> => {
    const response = await ask('GET', `/recordings/${id}`);
    expect(response.status).to.equal(200);
    return (await response.json()) as Recording;
  };

  const available = (id: string): Promise<Recording> =>
    eventually('recording', async () => {
      const found = await recording(id);
      return found.status === 'available' ? found : undefined;
    });

  it('does what its document’s request asks, answers as the document does, and ends at the key', async () => {
    const { command, recordingId } = await record({ endKey: '0', transcribeLocale: 'en-US' });
    expect(recordingId).to.match(UUID);
    expect(command.id).to.match(UUID);
    const doc = await service.recording(call.caller, 'recording');
    expect(command).to.deep.equal({
      id: command.id,
      callId: call.caller.uuid,
      callFlowId: doc.interaction_id,
      status: 'accepted',
      command: 'record',
      conditions: [{ variable: 'keys', operator: 'eq', value: '0' }],
    });
    expect((await recording(recordingId)).status).to.equal('accepted');
    await talk(700);
    await lab().phones.press(call.callee, '0');
    await talk(300);
    expect((await recording(recordingId)).status).to.equal('accepted');
    await lab().phones.press(call.caller, '10');

    const done = await available(recordingId);
    const { stop_reason, duration } = await service.recording(call.caller, 'completed');
    expect(stop_reason).to.equal('end_key');
    expect(done).to.deep.equal({
      id: recordingId,
      source: 'call',
      sourceId: call.caller.uuid,
      channelId: CHANNEL,
      status: 'available',
      direction: 'incoming',
      origin: 'call-command-record',
      duration,
      stereo: false,
      format: 'wav',
      transcription: false,
      url: done.url,
      createdAt: done.createdAt,
      updatedAt: done.endedAt,
      startedAt: done.createdAt,
      endedAt: done.endedAt,
    });
    for (const time of [done.createdAt, done.endedAt])
      expect(new Date(String(time)).toISOString()).to.equal(time);

    for (const url of [done.url, `${service.url}/workspaces/${lab().domain}/recordings/${recordingId}.wav`]) {
      const headers = url === done.url ? {} : { Authorization: `Bearer ${TOKEN}` };
      const audio = parseWav(Buffer.from(await (await fetch(url, { headers })).arrayBuffer()));
      expect(audio.channels).to.have.lengthOf(1);
      expect(windows(audio.channels[0]!, audio.rate)[3]).to.equal('440+880');
    }
  });

  it('is paused, goes on and is completed; the audio is right', async () => {
    const { recordingId } = await record();
    const path = `/channels/${CHANNEL}/calls/${call.caller.uuid}/recordings/${recordingId}`;
    const answers = [];
    for (const status of ['paused', 'ongoing', 'completed']) {
      await talk(600);
      const response = await ask('PATCH', path, { status });
      answers.push([response.status, ((await response.json()) as Recording).status]);
    }
    expect(answers).to.deep.equal([
      [202, 'paused'],
      [202, 'accepted'],
      [202, 'available'],
    ]);
    const { channels, rate, ms } = await service.audio(await service.recording(call.caller, 'completed'));
    expect(ms).to.be.within(1600, 2500);
    const [silence, ...more] = silentSpans(channels[0]!, rate, 200);
    expect(more).to.deep.equal([]);
    expect(silence!.endMs - silence!.startMs).to.be.within(450, 900);
    const ended = (await (await ask('GET', path)).json()) as Recording;
    expect(ended).to.include({ callId: call.caller.uuid, endCause: 'api', status: 'available' });
    expect((await ask('PATCH', path, { status: 'paused' })).status).to.equal(422);
  });

  it('ends at its maximum length, and is told of by a webhook that its key proves', async () => {
    const { recordingId } = await record({ maxLength: 1 });
    await available(recordingId);
    expect((await service.recording(call.caller, 'completed')).stop_reason).to.equal('time_limit');
    const told = await eventually('two webhooks', async () =>
      Promise.resolve(receiver.received.length === 2 ? receiver.received : undefined),
    );
    const payloads = told.map((request) => {
      expect(isGenuine(request, hook, SIGNING_KEY)).to.equal(true);
      expect(isGenuine(request, hook, 'another key')).to.equal(false);
      const { payload, ...envelope } = JSON.parse(request.body.toString()) as { payload: Recording };
      expect(envelope).to.deep.equal({ service: 'channels', event: 'voice.recording' });
      return payload;
    });
    expect(payloads.map(({ id, status }) => [id, status])).to.deep.equal([
      [recordingId, 'accepted'],
      [recordingId, 'available'],
    ]);
  });

  it('is left by somebody alone, and ends at so long a silence', async () => {
    const leg = await lab().phones.callAlone('1003', '5900');
    await up(leg.uuid);
    const { recordingId } = await record({ timeout: 1 }, leg.uuid);
    await talk(1000);
    await lab().phones.silence(leg, 5000);
    await available(recordingId);
    expect((await service.recording(leg, 'completed')).stop_reason).to.equal('silence');
  });

  it('begins with a beep, where one is asked for', async () => {
    const { recordingId } = await record({ beep: true });
    await talk(600);
    await lab().phones.hangup(call.caller);
    await available(recordingId);
    const { channels, rate } = await service.audio(await service.recording(call.caller, 'completed'));
    const heard = windows(channels[0]!, rate);
    expect(heard.slice(0, 4).some((each) => each !== '440+880')).to.equal(true);
    expect(heard.at(-2)).to.equal('440+880');
  });

  it('is listed and deleted', async () => {
    const { recordingId } = await record();
    await talk(300);
    expect((await ask('DELETE', `/recordings/${recordingId}`)).status).to.equal(422);
    await lab().phones.hangup(call.caller);
    await available(recordingId);
    const { results } = (await (await ask('GET', '/recordings?limit=1')).json()) as { results: Recording[] };
    expect(results.map(({ id }) => id)).to.deep.equal([recordingId]);
    expect((await ask('DELETE', `/recordings/${recordingId}`)).status).to.equal(204);
    expect((await ask('GET', `/recordings/${recordingId}`)).status).to.equal(404);
    const late = await ask('POST', `/channels/${CHANNEL}/calls/${call.caller.uuid}/record`);
    expect([late.status, await late.json()]).to.deep.equal([
      422,
      { code: 'InvalidState', message: 'The call has ended.' },
    ]);
  });
});

/** As docs.bird.com has it (Verifying a webhook subscription). */
function isGenuine({ headers, body }: Received, url: string, signingKey: string): boolean {
  const checksum = createHash('sha256').update(body).digest('binary');
  const payload = [headers['messagebird-request-timestamp'], url, checksum].join('\n');
  const expected = createHmac('sha256', Buffer.from(signingKey, 'latin1'))
    .update(Buffer.from(payload, 'latin1'))
    .digest();
  return expected.equals(Buffer.from(String(headers['messagebird-signature']), 'base64'));
}
