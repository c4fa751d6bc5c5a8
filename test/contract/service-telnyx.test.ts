import { expect } from 'chai';
import Telnyx, { type ClientOptions } from 'telnyx';
import type { LabCall } from '../support/lab-phones.js';
import { eventually, TestService, TOKEN } from '../support/lab-service.js';
import { Receiver } from '../support/delivery.js';
import { heardInTurn, silentSpans, windows } from '../support/tones.js';
import { parseWav } from '../support/wav.js';
import { talk } from './commands.js';
import { useLab } from './shared-lab.js';

/** The body of the request in Telnyx's document. */
const DOCUMENTS_OWN = {
  format: 'wav',
  channels: 'single',
  client_state: 'aGF2ZSBhIG5pY2UgZGF5ID1d',
  command_id: '891510ac-f3e4-11e8-af5b-de00688a4901',
  play_beep: true,
  max_length: 0,
  timeout_secs: 0,
} as const;

interface Event {
  data: { record_type: string; event_type: string; id: string; occurred_at: string; payload: Payload };
}

type Payload = Record<string, unknown> & {
  recording_id: string;
  recording_urls: { wav: string; mp3: null };
};

describe('contract: Telnyx’s API, with Telnyx’s own client', () => {
  const lab = useLab();
  let service: TestService;
  let receiver: Receiver;
  let client: Telnyx;
  let call: LabCall;

  before(async () => {
    service = await TestService.start(lab(), { DELIVERY_ALLOW: '127.0.0.1/32' });
    receiver = new Receiver();
    const uri = `${await receiver.listen()}/telnyx`;
    const hook = { name: 'telnyx', uri, hook: 'recording', format: 'telnyx' };
    expect((await service.ask('PUT', `/accounts/${lab().domain}/webhooks`, hook)).status).to.equal(201);
    const { data } = await service.ask('GET', '/webhooks/public-key');
    client = connect({ publicKey: String(data.key).replace('whpk_', '') });
  });
  after(async () => {
    await service.close();
    await receiver.close();
  });
  beforeEach(async () => {
    receiver.received.length = 0;
    call = await lab().phones.call('1001', '1002');
    await seen(call.caller.uuid);
  });
  afterEach(() => lab().phones.hangupAll());

  const connect = (options: ClientOptions = {}): Telnyx =>
    new Telnyx({ apiKey: TOKEN, baseURL: `${service.url}/v2`, maxRetries: 0, ...options });

  /** Waits until the service knows a leg that is up. */
  const seen = (uuid: string): Promise<unknown> =>
    eventually('leg', async () => {
      const { status, data } = await service.ask('GET', `/accounts/${lab().domain}/channels/${uuid}`);
      return (status === 200 && data.answered) || undefined;
    });

  /** The events of a type that have come, each proved by the client. */
  const told = async (type: string): Promise<Event[]> => {
    const events = await Promise.all(
      receiver.received.map(
        ({ body, headers }) =>
          client.webhooks.unwrap(body.toString(), {
            headers: headers as Record<string, string>,
          }) as Promise<Event>,
      ),
    );
    return events.filter(({ data }) => data.event_type === type);
  };
  const saved = (): Promise<Event> =>
    eventually('call.recording.saved', async () => (await told('call.recording.saved'))[0]);

  it('starts, pauses, resumes and stops; the audio is right; the saved recording is told, proved and fetched', async () => {
    const id = call.caller.uuid;
    const { actions } = client.calls;
    expect(await actions.startRecording(id, DOCUMENTS_OWN)).to.deep.equal({ data: { result: 'ok' } });
    await talk(700);
    expect(await actions.pauseRecording(id, {})).to.deep.equal({ data: { result: 'ok' } });
    await talk(700);
    expect(await actions.resumeRecording(id, {})).to.deep.equal({ data: { result: 'ok' } });
    await talk(700);
    const stop = { client_state: 'bGFzdA==' };
    expect(await actions.stopRecording(id, stop)).to.deep.equal({ data: { result: 'ok' } });

    const { data } = await saved();
    const doc = await service.recording(call.caller, 'completed');
    const { payload } = data;
    expect(data.record_type).to.equal('event');
    expect(new Date(data.occurred_at).toISOString()).to.equal(data.occurred_at);
    expect(payload).to.deep.equal({
      call_control_id: id,
      call_leg_id: id,
      call_session_id: doc.interaction_id,
      connection_id: lab().domain,
      client_state: 'bGFzdA==',
      recording_id: payload.recording_id,
      channels: 'single',
      recording_started_at: payload.recording_started_at,
      recording_ended_at: payload.recording_ended_at,
      recording_urls: { mp3: null, wav: payload.recording_urls.wav },
      public_recording_urls: { mp3: null, wav: null },
    });
    expect(doc).to.include({ stop_reason: 'api', origin: 'telnyx' });
    expect(doc.name).to.match(new RegExp(`^${id}-\\d{10}\\.wav$`));

    // As a client fetches it: no header, no token.
    const fetched = await fetch(payload.recording_urls.wav);
    expect(fetched.status).to.equal(200);
    const { channels, rate, ms } = parseWav(Buffer.from(await fetched.arrayBuffer()));
    expect(channels).to.have.lengthOf(1);
    expect(ms).to.be.within(1900, 2800);
    const [silence, ...more] = silentSpans(channels[0]!, rate, 200);
    expect(more).to.deep.equal([]);
    expect(silence!.endMs - silence!.startMs).to.be.within(550, 1000);
    const heard = heardInTurn(channels[0]!, rate).filter((each) => each !== 'other');
    expect(heard).to.include('440+880');
    expect(heard).to.include('silence');

    const { data: recording } = await client.recordings.retrieve(payload.recording_id);
    expect(recording).to.deep.include({
      id: payload.recording_id,
      record_type: 'recording',
      status: 'completed',
      source: 'call',
      initiated_by: 'StartCallRecordingAPI',
      call_control_id: id,
      call_leg_id: id,
      call_session_id: doc.interaction_id,
      connection_id: lab().domain,
      channels: 'single',
      duration_millis: doc.duration_ms,
      recording_started_at: payload.recording_started_at,
      recording_ended_at: payload.recording_ended_at,
    });
    const listed = [];
    for await (const each of client.recordings.list({ filter: { call_control_id: id } }))
      listed.push(each.id);
    expect(listed).to.deep.equal([payload.recording_id]);

    const gone = await client.recordings.delete(payload.recording_id);
    expect(gone.data?.id).to.equal(payload.recording_id);
    const again = await client.recordings.retrieve(payload.recording_id).catch((error: unknown) => error);
    expect(again).to.be.instanceOf(Telnyx.NotFoundError);
    expect((await fetch(payload.recording_urls.wav)).status).to.equal(404);
  });

  it('records the first leg on channel A and the other on B; a single track is mono', async () => {
    const { actions } = client.calls;
    await actions.startRecording(call.callee.uuid, {
      format: 'wav',
      channels: 'dual',
      custom_file_name: 'both',
    });
    await talk(600);
    await actions.stopRecording(call.callee.uuid, {});
    const dual = await service.recording(call.callee, 'completed');
    const { channels, rate } = await service.file(dual);
    expect(channels.map((samples) => windows(samples, rate)[3])).to.deep.equal(['440', '880']);
    expect(dual.name).to.match(/^both-\d{10}\.wav$/);
    await saved();

    receiver.received.length = 0;
    const inbound = { format: 'wav', channels: 'dual', recording_track: 'inbound' } as const;
    await actions.startRecording(call.callee.uuid, inbound);
    await talk(600);
    await actions.stopRecording(call.callee.uuid, {});
    const { data } = await saved();
    expect(data.payload.channels).to.equal('single');
    const fetched = await fetch(data.payload.recording_urls.wav);
    const mono = parseWav(Buffer.from(await fetched.arrayBuffer()));
    expect(mono.channels).to.have.lengthOf(1);
    expect(windows(mono.channels[0]!, mono.rate)[3]).to.equal('880');
  });

  it('does a command with the same id once, and says ok again', async () => {
    const { actions } = client.calls;
    const start = { ...DOCUMENTS_OWN, play_beep: false, command_id: 'once' };
    await actions.startRecording(call.caller.uuid, start);
    await talk(300);
    expect(await actions.startRecording(call.caller.uuid, start)).to.deep.equal({ data: { result: 'ok' } });
    const twice = await actions
      .startRecording(call.caller.uuid, { ...start, command_id: 'another' })
      .catch((error: unknown) => error);
    expect(twice).to.be.instanceOf(Telnyx.UnprocessableEntityError);
    const stop = { command_id: 'stop once' };
    await actions.stopRecording(call.caller.uuid, stop);
    expect(await actions.stopRecording(call.caller.uuid, stop)).to.deep.equal({ data: { result: 'ok' } });
    const recordings = (await service.recordings()).filter(({ call_id }) => call_id === call.caller.uuid);
    expect(recordings).to.have.lengthOf(1);
  });

  it('ends by itself at max_length', async () => {
    const limited = { format: 'wav', channels: 'single', max_length: 1 } as const;
    await client.calls.actions.startRecording(call.caller.uuid, limited);
    const doc = await service.recording(call.caller, 'completed');
    expect(doc.stop_reason).to.equal('time_limit');
    expect(doc.duration_ms).to.be.within(700, 1500);
  });

  it('records a call until it ends, and says of commands after that, that it has', async () => {
    await client.calls.actions.startRecording(call.caller.uuid, { format: 'wav', channels: 'single' });
    await talk(300);
    await lab().phones.hangup(call.caller);
    expect((await saved()).data.payload.client_state).to.equal(null);
    const late = await eventually('refusal', async () => {
      const error: unknown = await client.calls.actions
        .stopRecording(call.caller.uuid, {})
        .catch((reason: unknown) => reason);
      return error instanceof Telnyx.UnprocessableEntityError ? error.error : undefined;
    });
    expect(late).to.deep.equal({
      errors: [
        {
          code: '90018',
          title: 'Call has already ended',
          detail: "This call is no longer active and can't receive commands.",
          source: { pointer: '/call_control_id' },
          meta: {},
        },
      ],
    });
  });

  it('is refused by the client when somebody else has signed a webhook', async () => {
    await client.calls.actions.startRecording(call.caller.uuid, { format: 'wav', channels: 'single' });
    await talk(300);
    await client.calls.actions.stopRecording(call.caller.uuid, {});
    await saved();
    const [{ body, headers }] = receiver.received as [(typeof receiver.received)[0]];
    const forged = body.toString().replace('"event"', '"forged"');
    const error: unknown = await client.webhooks
      .unwrap(forged, { headers: headers as Record<string, string> })
      .catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error);
  });

  it('starts what Telnyx’s document asks for, as its curl has it, and answers as it does', async () => {
    const response = await fetch(`${service.url}/v2/calls/${call.caller.uuid}/actions/record_start`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json',
        Authorization: `Bearer ${TOKEN}`,
      },
      body: JSON.stringify(DOCUMENTS_OWN),
    });
    expect([response.status, await response.json()]).to.deep.equal([200, { data: { result: 'ok' } }]);
  });
});
