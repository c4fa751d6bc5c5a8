import { expect } from 'chai';
import request from 'supertest';
import type { MetaflowNode } from '../../../src/generated/metaflows.js';
import type { RecordCallData } from '../../../src/generated/record_call.js';
import { MetaflowsError, type ErrorCode } from '../../../src/errors.js';
import { TELNYX_ERRORS } from '../../../src/http/telnyx/errors.js';
import { uuidOf } from '../../../src/http/library.js';
import { ADMIN_TOKEN, startApi, type Api } from '../../support/api.js';
import { channel, outsideChannel } from '../../support/channels.js';
import { recordingDocument } from '../../support/recordings.js';

const LEG = '4fc2edf7-68f5-437a-89eb-3ce0095409d6';
const START = { channels: 'single', format: 'wav' };
const OK = { data: { result: 'ok' } };

interface Fault {
  code: string;
  title: string;
  detail: string;
  source?: { pointer: string };
  meta: object;
}

function dataOf(node: MetaflowNode): RecordCallData {
  return (node.module === 'record_call' && node.data) || {};
}

describe('Telnyx’s commands', () => {
  let api: Api;
  let token: string;

  beforeEach(async () => {
    api = await startApi();
    ({ token } = await api.store.tokens.create({ account: 'example.com', role: 'admin' }));
    api.calls.legs.push(channel(LEG, { otherLeg: 'outside' }), outsideChannel('outside', LEG));
    api.calls.legs.push(channel('ringing', { answered: false }));
    api.calls.ended.set('gone', ['example.com']);
  });
  afterEach(() => api.close());

  const post = (action: string, body: object | string = {}, call = LEG, bearer = token) =>
    request(api.app)
      .post(`/v2/calls/${call}/actions/${action}`)
      .set('Authorization', `Bearer ${bearer}`)
      .type('json')
      .send(body);

  const faults = async (asked: request.Test): Promise<[status: number, first: Fault, ...others: Fault[]]> => {
    const { status, body } = (await asked) as { status: number; body: { errors: Fault[] } };
    const [first, ...others] = body.errors;
    return [status, first!, ...others];
  };

  it('tell the recorder every parameter, and the defaults of what is missing', async () => {
    const before = Math.floor(Date.now() / 1000);
    await post('record_start', START).expect(200, OK);
    const all = {
      format: 'mp3',
      channels: 'dual',
      client_state: 'aGF2ZSBhIG5pY2UgZGF5ID1d',
      command_id: '891510ac-f3e4-11e8-af5b-de00688a4901',
      play_beep: true,
      max_length: 14400,
      timeout_secs: 3,
      recording_track: 'inbound',
      trim: 'trim-silence',
      custom_file_name: '../../etc/passwd',
      transcription: true,
      transcription_language: 'de-DE',
    };
    await post('record_start', all).expect(200, OK);
    const [first, second] = api.calls.ran.map(({ uuid, node, actor }) => {
      expect([uuid, node.module]).to.deep.equal([LEG, 'record_call']);
      expect(actor.account).to.equal('example.com');
      const { media_name, ...data } = dataOf(node);
      return { data, media_name: String(media_name) };
    });
    expect(first!.data).to.deep.equal({
      action: 'start',
      origin: 'telnyx',
      format: 'wav',
      channels: 'single',
      recording_track: 'both',
      time_limit: 0,
      silence_timeout: 0,
      play_beep: false,
      transcribe: false,
    });
    expect(second!.data).to.deep.equal({
      action: 'start',
      origin: 'telnyx',
      format: 'mp3',
      channels: 'dual',
      client_state: 'aGF2ZSBhIG5pY2UgZGF5ID1d',
      play_beep: true,
      time_limit: 14400,
      silence_timeout: 3,
      recording_track: 'inbound',
      trim: 'trim-silence',
      transcribe: true,
      transcribe_locale: 'de-DE',
    });
    const [, name, stamp] = /^(.*)-(\d+)\.wav$/.exec(first!.media_name)!;
    expect(name).to.equal(LEG);
    expect(Number(stamp)).to.be.within(before, before + 2);
    expect(second!.media_name).to.match(/^\.\.\/\.\.\/etc\/passwd-\d{10}\.mp3$/);
  });

  it('pause, resume and stop, with the client’s state', async () => {
    await post('record_pause').expect(200, OK);
    await post('record_resume', { client_state: 'Yg==' }).expect(200, OK);
    await post('record_stop', '').expect(200, OK);
    expect(api.calls.ran.map(({ node }) => dataOf(node))).to.deep.equal([
      { action: 'mask' },
      { action: 'unmask', client_state: 'Yg==' },
      { action: 'stop' },
    ]);
  });

  const bad: [what: string, body: object, code: keyof typeof TELNYX_ERRORS, pointer: string][] = [
    ['no format', { channels: 'single' }, 10004, '/format'],
    ['no channels', { format: 'wav' }, 10004, '/channels'],
    ['a format that there is not', { ...START, format: 'ogg' }, 10032, '/format'],
    ['a format that is a number', { ...START, format: 1 }, 10032, '/format'],
    ['null as channels', { ...START, channels: null }, 10032, '/channels'],
    ['another recording_track', { ...START, recording_track: 'all' }, 10032, '/recording_track'],
    ['another trim', { ...START, trim: true }, 10032, '/trim'],
    ['max_length below its range', { ...START, max_length: -1 }, 10033, '/max_length'],
    ['max_length above its range', { ...START, max_length: 14401 }, 10033, '/max_length'],
    ['max_length that is a text', { ...START, max_length: '10' }, 10033, '/max_length'],
    ['max_length that is no whole number', { ...START, max_length: 1.5 }, 10033, '/max_length'],
    ['timeout_secs below its range', { ...START, timeout_secs: -1 }, 10033, '/timeout_secs'],
    ['play_beep that is a text', { ...START, play_beep: 'yes' }, 10032, '/play_beep'],
    ['transcription that is a number', { ...START, transcription: 1 }, 10032, '/transcription'],
    ['a language that is none', { ...START, transcription_language: '??' }, 10015, '/transcription_language'],
    ['a client_state that is no base64', { ...START, client_state: 'nice day' }, 10015, '/client_state'],
    ['a client_state that is an object', { ...START, client_state: {} }, 10015, '/client_state'],
    ['a command_id that is a number', { ...START, command_id: 5 }, 10015, '/command_id'],
    ['an empty custom_file_name', { ...START, custom_file_name: '' }, 10033, '/custom_file_name'],
    ['a custom_file_name of 41', { ...START, custom_file_name: 'x'.repeat(41) }, 10033, '/custom_file_name'],
  ];
  for (const [what, body, code, pointer] of bad) {
    it(`refuse ${what}, and start nothing`, async () => {
      const [status, ...all] = await faults(post('record_start', body));
      expect(status).to.equal(422);
      expect(all.map((fault) => [fault.code, fault.title, fault.source])).to.deep.equal([
        [String(code), TELNYX_ERRORS[code][1], { pointer }],
      ]);
      expect(api.calls.ran).to.deep.equal([]);
    });
  }

  it('name all that is wrong at once', async () => {
    const [status, ...all] = await faults(post('record_start', { max_length: 20_000, format: 'ogg' }));
    expect(status).to.equal(422);
    expect(all.map(({ code, source }) => [code, source?.pointer])).to.have.deep.members([
      ['10004', '/channels'],
      ['10032', '/format'],
      ['10033', '/max_length'],
    ]);
  });

  const whole: [what: string, status: number, code: keyof typeof TELNYX_ERRORS, ask: () => request.Test][] = [
    ['what is no JSON', 400, 10015, () => post('record_start', '{"format":')],
    ['what is no object', 400, 10015, () => post('record_start', '[]')],
    ['a token that is nobody’s', 401, 10009, () => post('record_start', START, LEG, 'KEY0123')],
    [
      'no token',
      401,
      10009,
      () => request(api.app).post(`/v2/calls/${LEG}/actions/record_start`).send(START),
    ],
    ['a call that there is not', 422, 90015, () => post('record_start', START, 'nothing')],
    ['a call that has ended', 422, 90018, () => post('record_stop', {}, 'gone')],
    ['a call that nobody has answered', 422, 90034, () => post('record_start', START, 'ringing')],
    ['a command that there is not', 404, 10005, () => post('record_rewind')],
    ['another method', 404, 10005, () => request(api.app).get(`/v2/calls/${LEG}/actions/record_start`)],
    ['a recording that there is not', 404, 10005, () => post('record_stop', { recording_id: 'x' })],
  ];
  for (const [what, status, code, ask] of whole) {
    it(`refuse ${what}, and do nothing`, async () => {
      const [answered, fault, ...others] = await faults(ask());
      expect([answered, fault.code, fault.title]).to.deep.equal([
        status,
        String(code),
        TELNYX_ERRORS[code][1],
      ]);
      expect(fault.meta).to.deep.equal({});
      expect(others).to.deep.equal([]);
      expect(api.calls.ran).to.deep.equal([]);
    });
  }

  it('are for whoever the call is of, and may change it', async () => {
    const of = async (grant: Parameters<typeof api.store.tokens.create>[0]) =>
      (await api.store.tokens.create(grant)).token;
    const codes = async (bearer: string, call = LEG) => {
      const { status, body } = (await post('record_start', START, call, bearer)) as {
        status: number;
        body: { errors?: Fault[] };
      };
      return body.errors?.[0]?.code ?? status;
    };
    expect(await codes(ADMIN_TOKEN)).to.equal(200);
    expect(await codes(ADMIN_TOKEN, 'outside')).to.equal(200);
    expect(await codes(ADMIN_TOKEN, 'nothing')).to.equal('90015');
    expect(await codes(await of({ account: 'example.com', role: 'user', user: '1001' }))).to.equal(200);
    expect(await codes(await of({ account: 'example.com', role: 'user', user: '1009' }))).to.equal('90015');
    expect(await codes(await of({ account: 'other.com', role: 'admin' }))).to.equal('90015');
    expect(await codes(await of({ account: 'other.com', role: 'admin' }), 'gone')).to.equal('90015');
    expect(await codes(await of({ account: 'example.com', role: 'viewer' }))).to.equal('10010');
    expect(api.calls.ran.map(({ actor }) => [actor.account, actor.user])).to.deep.equal([
      ['example.com', undefined],
      ['example.com', undefined],
      ['example.com', '1001'],
    ]);
  });

  const refusals: [code: ErrorCode, status: number, telnyx: keyof typeof TELNYX_ERRORS][] = [
    ['call_gone', 422, 90018],
    ['not_recording', 404, 10005],
    ['no_audio', 422, 90020],
    ['media_unavailable', 422, 90020],
    ['format_unavailable', 422, 10032],
    ['trim_unavailable', 422, 10032],
    ['mask_incomplete', 502, 10007],
    ['disk_full', 507, 10007],
    ['switch_down', 503, 10007],
  ];
  for (const [code, status, telnyx] of refusals) {
    it(`say ${telnyx} of ${code}`, async () => {
      api.calls.outcome = () => {
        throw new MetaflowsError(code);
      };
      const [answered, fault] = await faults(post('record_start', START));
      expect([answered, fault.code]).to.deep.equal([status, String(telnyx)]);
    });
  }

  it('do not say that a recording was started where one ran already', async () => {
    api.calls.outcome = () => ({ result: 'already_recording' });
    const [status, fault] = await faults(post('record_start', START));
    expect([status, fault.code, fault.detail]).to.deep.equal([
      422,
      '10012',
      'This call is being recorded already.',
    ]);
  });

  it('mean the recording that they name, while it runs on that call', async () => {
    const doc = recordingDocument();
    const parties = { ...doc, internal: { ...doc.internal, parties: [LEG] } };
    await api.store.recordings.save(parties);
    await post('record_pause', { recording_id: uuidOf(doc) }).expect(200, OK);
    const [elsewhere] = await faults(post('record_pause', { recording_id: uuidOf(doc) }, 'ringing'));
    expect(elsewhere).to.equal(404);
    await api.store.recordings.save({ ...parties, state: 'completed', stop_reason: 'api' });
    const [, fault] = await faults(post('record_stop', { recording_id: uuidOf(doc) }));
    expect([fault.code, fault.source]).to.deep.equal(['10005', { pointer: '/recording_id' }]);
    expect(api.calls.ran).to.have.lengthOf(1);
  });

  describe('with an id', () => {
    it('are done once for a call, whatever they are, and again for another call', async () => {
      await post('record_start', { ...START, command_id: 'a' }).expect(200, OK);
      await post('record_stop', { command_id: 'a' }).expect(200, OK);
      await post('record_stop', { command_id: 'b' }).expect(200, OK);
      await post('record_start', { ...START, command_id: 'a' }, 'outside').expect(200, OK);
      expect(api.calls.ran.map(({ uuid }) => uuid)).to.deep.equal([LEG, LEG, 'outside']);
    });

    it('are done once also where both come at the same time, and both are told what came of it', async () => {
      const body = { ...START, command_id: 'a' };
      const answers = await Promise.all([post('record_start', body), post('record_start', body)]);
      expect(answers.map(({ status }) => status)).to.deep.equal([200, 200]);
      expect(api.calls.ran).to.have.lengthOf(1);
    });

    it('are done again after they have failed', async () => {
      api.calls.outcome = () => {
        throw new MetaflowsError('switch_down');
      };
      expect((await faults(post('record_start', { ...START, command_id: 'a' })))[0]).to.equal(503);
      api.calls.outcome = () => ({ result: 'started' });
      await post('record_start', { ...START, command_id: 'a' }).expect(200, OK);
      expect(api.calls.ran).to.have.lengthOf(2);
    });
  });

  it('keep what they were told out of the log', async () => {
    await post('record_start', { ...START, client_state: 'c2VjcmV0', custom_file_name: 'hush' });
    expect(api.lines.join()).not.to.match(/c2VjcmV0|hush/);
    expect(api.lines.join()).not.to.include(token);
  });

  it('are limited in Telnyx’s words', async () => {
    const limited = await startApi({ requestsPerMinute: 1 });
    try {
      const ask = () => request(limited.app).post(`/v2/calls/${LEG}/actions/record_stop`);
      expect((await faults(ask()))[0]).to.equal(401);
      const [status, { code }] = await faults(ask());
      expect([status, code]).to.deep.equal([429, '10011']);
    } finally {
      await limited.close();
    }
  });
});
