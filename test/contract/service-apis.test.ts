import { expect } from 'chai';
import type { LabCall } from '../support/lab-phones.js';
import { eventually } from '../support/lab-service.js';
import { CometDClient } from '../support/cometd.js';
import { Receiver } from '../support/delivery.js';
import { heardInTurn, silentSpans, windows } from '../support/tones.js';
import { talk } from './commands.js';
import { useLab, useService } from './shared-lab.js';

const ON_LOOPBACK = { DELIVERY_ALLOW: '127.0.0.1/32' };

describe('contract: the service, Genesys’s API', () => {
  const lab = useLab();
  const service = useService(lab);
  let call: LabCall;
  let token: string;

  before(async () => {
    token = await service().tokenOf('1001');
  });
  beforeEach(async () => {
    call = await lab().phones.call('1001', '1002');
    await service().connected(call.caller);
  });
  afterEach(() => lab().phones.hangupAll());

  const name = () => `1001@${lab().domain}`;
  const operate = async (operationName: string, uuid = call.caller.uuid): Promise<number> => {
    const response = await fetch(`${service().url}/api/v2/me/calls/${uuid}`, {
      method: 'POST',
      headers: { Authorization: `Basic ${Buffer.from(`${name()}:${token}`).toString('base64')}` },
      body: JSON.stringify({ operationName }),
    });
    return ((await response.json()) as { statusCode: number }).statusCode;
  };

  it('records, pauses, resumes and stops, and tells of each; the audio is right', async () => {
    const client = new CometDClient(`${service().url}/notifications`, name(), token);
    await client.handshake();
    await client.subscribe('/v2/me/calls');
    const codes: number[] = [];
    await talk(500); // until both are heard
    for (const verb of ['Start', 'Pause', 'Resume', 'Stop']) {
      codes.push(await operate(`${verb}CallRecording`));
      await talk(600);
    }
    expect(codes).to.deep.equal([0, 0, 0, 0]);

    const told = (await client.messages(4)).map(({ data }) => data as { call: Record<string, unknown> });
    await client.disconnect();
    expect(told.map((data) => data.call['recordingState'])).to.deep.equal([
      'Recording',
      'Paused',
      'Recording',
      'Stopped',
    ]);
    for (const data of told) {
      expect(data).to.deep.include({ notificationType: 'CallRecordingStateChange', phoneNumber: '1001' });
      expect(data.call).to.include({
        id: call.caller.uuid,
        state: 'Established',
        dnis: '1002',
        callType: 'Internal',
      });
      expect(data.call['participants']).to.have.nested.property('[0].phoneNumber', '1002');
      expect(data.call['duration']).to.match(/^\d+$/);
    }

    const doc = await service().recording(call.caller, 'completed');
    expect(doc).to.include({ owner_id: '1001', stop_reason: 'api', origin: 'genesys' });
    const { channels, rate } = await service().audio(doc);
    const [left, right] = channels.map((samples) => heardInTurn(samples, rate));
    expect(left).to.deep.equal(['440', 'silence', '440']);
    expect(right).to.deep.equal(['880', 'silence', '880']);
    const [pause, ...others] = silentSpans(channels[0]!, rate);
    expect(others).to.deep.equal([]);
    expect(pause!.endMs - pause!.startMs).to.be.within(500, 850);
  });

  it('knows the state of the call, and nobody else’s calls', async () => {
    expect(await operate('PauseCallRecording')).to.equal(2);
    expect(await operate('StopCallRecording')).to.equal(2);
    expect(await operate('StartCallRecording')).to.equal(0);
    expect(await operate('StartCallRecording')).to.equal(2);
    expect(await operate('ResumeCallRecording')).to.equal(2);
    const strangers = await lab().phones.call('1003', '1004');
    expect(await operate('StartCallRecording', strangers.caller.uuid)).to.equal(6);
    expect(await operate('StopCallRecording', strangers.callee.uuid)).to.equal(6);
    const { uuid } = call.caller;
    await lab().phones.hangupAll();
    // The service learns of it on a connection of its own.
    await eventually(
      'end of the call',
      async () => (await operate('StopCallRecording', uuid)) === 6 || undefined,
    );
    expect(await operate('StartCallRecording', uuid)).to.equal(6);
  });
});

describe('contract: the service, Ozeki’s API', () => {
  const lab = useLab();
  const service = useService(lab, () => ON_LOOPBACK);
  let call: LabCall;
  let token: string;

  before(async () => {
    token = await service().tokenOf('1001');
  });
  beforeEach(async () => {
    call = await lab().phones.call('1001', '1002');
    await service().connected(call.caller);
  });
  afterEach(() => lab().phones.hangupAll());

  const record = async (parameters: Record<string, string>): Promise<string | undefined> => {
    const query = new URLSearchParams({
      command: 'Record',
      Username: `1001@${lab().domain}`,
      Password: token,
      CallId: call.caller.uuid,
      Format: 'wav',
      ...parameters,
    });
    const response = await fetch(`${service().url}/api?${query.toString()}`);
    expect(response.status).to.equal(200);
    return /<Code>(\d+)<\/Code>/.exec(await response.text())?.[1];
  };

  it('records until its finish digit, and tells FinishedUrl; the audio is right', async () => {
    const receiver = new Receiver();
    const FinishedUrl = `${await receiver.listen()}/record_finished.php`;
    await talk(500); // until both are heard
    expect(await record({ FinishedUrl, FinishDigits: '5#' })).to.equal('200');
    expect(await record({ FinishedUrl })).to.equal('303');
    await talk(700);
    await lab().phones.press(call.caller, '4');
    await lab().phones.press(call.caller, '#');

    const doc = await service().recording(call.caller, 'completed');
    expect(doc).to.include({ stop_reason: 'end_key', origin: 'ozeki', media_type: 'wav' });
    const { channels, rate } = await service().audio(doc);
    expect(windows(channels[0]!, rate)[2]).to.equal('440');
    expect(windows(channels[1]!, rate)[2]).to.equal('880');
    const [told] = await eventually('the notification', () =>
      Promise.resolve(receiver.received.length > 0 ? receiver.received : undefined),
    );
    await receiver.close();
    const form = Object.fromEntries(new URLSearchParams(told!.body.toString()));
    expect(form).to.deep.equal({
      NotificationName: 'RecordCompleted',
      CallId: call.caller.uuid,
      RecordURL: `${service().url}/v2/accounts/${lab().domain}/recordings/${doc.id}?accept=audio/wav`,
      Duration: String(doc.duration),
    });
    const audio = await fetch(form['RecordURL']!, { headers: { 'X-Auth-Token': token } });
    expect(audio.headers.get('content-type')).to.equal('audio/wav');
  });

  it('records no longer than Duration', async () => {
    expect(await record({ Duration: '1' })).to.equal('200');
    const doc = await service().recording(call.caller, 'completed');
    expect(doc.stop_reason).to.equal('time_limit');
    expect(doc.duration_ms).to.be.within(900, 1500);
  });

  it('writes mp3 where the switch can, and says so where it cannot', async () => {
    const loaded = await lab().socket.api('module_exists mod_shout');
    expect(await record({ Format: 'MP3' })).to.equal(loaded === 'true' ? '200' : '302');
    const running = (await service().recordings()).filter(({ state }) => state === 'recording');
    expect(running.map(({ media_type }) => media_type)).to.deep.equal(loaded === 'true' ? ['mp3'] : []);
  });

  it('starts nothing where anything is wrong', async () => {
    const before = await service().recordings();
    for (const [parameters, code] of [
      [{ Password: 'wrong' }, '305'],
      [{ CallId: 'unknown' }, '601'],
      [{ RecordPath: '/etc' }, '302'],
      [{ Duration: 'long' }, '302'],
      [{ command: 'Play' }, '301'],
    ] as const) {
      expect(await record(parameters)).to.equal(code);
    }
    expect(await service().recordings()).to.deep.equal(before);
    expect(await lab().socket.api(`uuid_buglist ${call.caller.uuid}`)).not.to.include('session_record');
    expect(service().lines.join('\n')).not.to.include(token);
  });
});
