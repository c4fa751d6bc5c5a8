import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import request from 'supertest';
import { MetaflowsError, type ErrorCode } from '../../../src/errors.js';
import type { RecordCallData } from '../../../src/generated/record_call.js';
import { BIRD_ERRORS, type BirdCode } from '../../../src/http/bird/errors.js';
import { uuidOf } from '../../../src/http/library.js';
import { ADMIN_TOKEN, startApi, type Api } from '../../support/api.js';
import { channel } from '../../support/channels.js';
import { AUDIO, finished } from '../../support/finished.js';
import { recordingDocument } from '../../support/recordings.js';

const CALL = '4fc2edf7-68f5-437a-89eb-3ce0095409d6';
const CHANNEL = '880d8171-cbab-47bb-81b6-b1a0902da136';
const LOCALES =
  'ar-AE ar-SA zh-CN zh-TW da-DK nl-NL en-AU en-GB en-IN en-IE en-NZ en-AB en-ZA en-US en-WL fr-FR fr-CA fa-IR de-DE de-CH he-IL hi-IN id-ID it-IT ja-JP ko-KR ms-MY pt-PT pt-BR ru-RU es-ES es-US sv-SE ta-IN te-IN th-TH tr-TR vi-VN';

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

describe('Bird’s API', () => {
  let api: Api;
  let token: string;

  beforeEach(async () => {
    api = await startApi();
    ({ token } = await api.store.tokens.create({ account: 'example.com', role: 'admin' }));
    api.calls.legs.push(channel(CALL), channel('ringing', { answered: false }));
    api.calls.ended.set('gone', ['example.com']);
    api.calls.outcome = () => ({ result: 'started', recording: { ...recordingDocument(), call_id: CALL } });
  });
  afterEach(() => api.close());

  const ask = (
    method: 'get' | 'post' | 'patch' | 'delete',
    path: string,
    body?: object | string,
    credentials = `AccessKey ${token}`,
  ): request.Test => {
    const asked = request(api.app)[method](`/workspaces/${path}`).set('Authorization', credentials);
    return body === undefined ? asked : asked.type('json').send(body);
  };
  const record = (body?: object | string, call = CALL, credentials?: string) =>
    ask('post', `example.com/channels/${CHANNEL}/calls/${call}/record`, body, credentials);
  const told = (): RecordCallData[] =>
    api.calls.ran.map(({ node }) => (node.module === 'record_call' && node.data) || {});
  const refused = async (asked: request.Test): Promise<[status: number, code: unknown, details: unknown]> => {
    const { status, body } = (await asked) as Answer;
    expect(body.message).to.be.a('string');
    return [status, body.code, body.details];
  };

  it('tells the recorder every key, and the defaults of what is missing', async () => {
    await record().expect(202);
    const all = {
      endKey: '#',
      maxLength: 60,
      timeout: 5,
      beep: true,
      transcribe: true,
      transcribeLocale: 'de-DE',
    };
    await record(all).expect(202);
    const common = {
      action: 'start',
      origin: 'bird',
      client_state: CHANNEL,
      format: 'wav',
      channels: 'single',
      follow_transfer: false,
    };
    expect(told()).to.deep.equal([
      {
        ...common,
        time_limit: 0,
        silence_timeout: 0,
        play_beep: false,
        transcribe: false,
        transcribe_locale: 'en-US',
      },
      {
        ...common,
        end_key: '#',
        time_limit: 60,
        silence_timeout: 5,
        play_beep: true,
        transcribe: true,
        transcribe_locale: 'de-DE',
      },
    ]);
  });

  it('answers the document’s own request with the keys of the document’s own answer', async () => {
    const { body } = (await record(
      { endKey: '0', transcribeLocale: 'en-US' },
      CALL,
      `Bearer ${token}`,
    ).expect(202)) as Answer;
    const command = body.command as Record<string, unknown>;
    expect(Object.keys(body)).to.deep.equal(['command', 'recordingId']);
    expect(Object.keys(command)).to.deep.equal([
      'id',
      'callId',
      'callFlowId',
      'status',
      'command',
      'conditions',
    ]);
    expect(command.conditions).to.deep.equal([{ variable: 'keys', operator: 'eq', value: '0' }]);
    expect(command.callId).to.equal(CALL);
  });

  it('takes every key of a telephone, and every locale of the document', async () => {
    for (const endKey of '0123456789*#') await record({ endKey }).expect(202);
    for (const transcribeLocale of LOCALES.split(' ')) await record({ transcribeLocale }).expect(202);
  });

  for (const [body, field] of [
    [{ endKey: 'A' }, '.endKey'],
    [{ endKey: 1 }, '.endKey'],
    [{ endKey: '12' }, '.endKey'],
    [{ endKey: '' }, '.endKey'],
    [{ maxLength: -1 }, '.maxLength'],
    [{ maxLength: 1.5 }, '.maxLength'],
    [{ maxLength: '60' }, '.maxLength'],
    [{ timeout: -1 }, '.timeout'],
    [{ timeout: null }, '.timeout'],
    [{ beep: 'true' }, '.beep'],
    [{ transcribe: 1 }, '.transcribe'],
    [{ transcribeLocale: 'de' }, '.transcribeLocale'],
    [{ transcribeLocale: 'pl-PL' }, '.transcribeLocale'],
    [{ format: 'mp3' }, '.format'],
  ] as const) {
    it(`refuses ${JSON.stringify(body)}, and starts nothing`, async () => {
      const [status, code, details] = await refused(record(body));
      expect([status, code]).to.deep.equal([422, 'InvalidPayload']);
      expect(details).to.have.all.keys(field);
      expect(api.calls.ran).to.deep.equal([]);
    });
  }

  const whole: [what: string, code: BirdCode, ask: () => request.Test][] = [
    ['what is no JSON', 'InvalidRequest', () => record('{')],
    ['what is no object', 'InvalidRequest', () => record('[1]')],
    ['credentials that are nobody’s', 'Unauthenticated', () => record({}, CALL, 'AccessKey nobody')],
    ['another scheme', 'Unauthenticated', () => record({}, CALL, `Basic ${token}`)],
    ['another workspace', 'Forbidden', () => ask('post', `other.com/channels/c/calls/${CALL}/record`, {})],
    ['a call that there is not', 'ResourceNotFound', () => record({}, 'nothing')],
    ['a call that has ended', 'InvalidState', () => record({}, 'gone')],
    ['a call that nobody has answered', 'InvalidState', () => record({}, 'ringing')],
    ['a path that there is not', 'ResourceNotFound', () => ask('get', 'example.com/messages')],
    [
      'a recording that there is not',
      'ResourceNotFound',
      () => ask('patch', `example.com/channels/c/calls/${CALL}/recordings/x`, { status: 'paused' }),
    ],
    [
      'a status that there is not',
      'InvalidPayload',
      () => ask('patch', `example.com/channels/c/calls/${CALL}/recordings/x`, { status: 'gone' }),
    ],
  ];
  for (const [what, code, asked] of whole) {
    it(`refuses ${what}, and does nothing`, async () => {
      expect((await refused(asked())).slice(0, 2)).to.deep.equal([BIRD_ERRORS[code][0], code]);
      expect(api.calls.ran).to.deep.equal([]);
    });
  }

  for (const [code, status, bird] of [
    ['call_gone', 422, 'InvalidState'],
    ['not_recording', 422, 'InvalidState'],
    ['loopback_leg', 404, 'ResourceNotFound'],
    ['no_audio', 502, 'InternalError'],
    ['disk_full', 507, 'InternalError'],
    ['switch_down', 503, 'InternalError'],
  ] as [ErrorCode, number, BirdCode][]) {
    it(`says ${bird} of ${code}`, async () => {
      api.calls.outcome = () => {
        throw new MetaflowsError(code);
      };
      expect((await refused(record())).slice(0, 2)).to.deep.equal([status, bird]);
    });
  }

  it('does not say that a recording was started where one ran already', async () => {
    api.calls.outcome = () => ({ result: 'already_recording', recording: recordingDocument() });
    expect((await refused(record())).slice(0, 2)).to.deep.equal([422, 'InvalidState']);
  });

  it('does to a recording that has ended nothing, and to the one that runs on its leg now neither', async () => {
    const doc = await finished(api);
    const ended = { ...doc, internal: { ...doc.internal, parties: [CALL] } };
    await api.store.recordings.save(ended);
    const path = `example.com/channels/${CHANNEL}/calls/${CALL}/recordings/${uuidOf(doc)}`;
    for (const status of ['paused', 'ongoing', 'completed']) {
      const answer = await refused(ask('patch', path, { status }));
      expect(answer.slice(0, 2)).to.deep.equal([422, 'InvalidState']);
    }
    expect(api.calls.ran).to.deep.equal([]);
  });

  it('is for whoever the call is of, and may change it', async () => {
    const as = async (grant: Parameters<typeof api.store.tokens.create>[0]) => {
      const { token: other } = await api.store.tokens.create(grant);
      return (await record({}, CALL, `AccessKey ${other}`)).status;
    };
    expect((await record({}, CALL, `Bearer ${ADMIN_TOKEN}`)).status).to.equal(202);
    expect(await as({ account: 'example.com', role: 'user', user: '1001' })).to.equal(202);
    expect(await as({ account: 'example.com', role: 'user', user: '1002' })).to.equal(404);
    expect(await as({ account: 'example.com', role: 'viewer' })).to.equal(403);
    expect(await as({ account: 'other.com', role: 'admin' })).to.equal(403);
    expect(api.calls.ran.map(({ actor }) => [actor.account, actor.user])).to.deep.equal([
      ['example.com', undefined],
      ['example.com', '1001'],
    ]);
  });

  describe('recordings', () => {
    it('are listed in pages, newest first', async () => {
      const docs = [];
      for (const second of [0, 1, 2]) docs.unshift(await finished(api, second));
      await finished(api, 3, { account: 'other.com' });
      const found: unknown[] = [];
      let query = '?limit=2';
      for (let page = 0; page < 2; page += 1) {
        const { body } = (await ask('get', `example.com/recordings${query}`).expect(200)) as Answer;
        found.push(...(body.results as { id: string }[]).map(({ id }) => id));
        if (page === 0) query = `?limit=2&pageToken=${String(body.nextPageToken)}`;
        else expect(body).not.to.have.property('nextPageToken');
      }
      expect(found).to.deep.equal(docs.map(uuidOf));
      for (const wrong of ['limit=0', 'limit=101', 'limit=x', 'callId=y']) {
        expect((await refused(ask('get', `example.com/recordings?${wrong}`)))[0]).to.equal(422);
      }
    });

    it('give their audio in the format that they have, and in no other', async () => {
      const doc = await finished(api);
      const path = `example.com/recordings/${uuidOf(doc)}`;
      await ask('get', `${path}.wav`).expect('Content-Type', 'audio/wav').expect(200, AUDIO);
      expect((await refused(ask('get', `${path}.mp3`)))[0]).to.equal(404);
      expect((await refused(ask('get', `${path}.ogg`)))[0]).to.equal(404);
    });

    it('of others are called by what is known of them', async () => {
      const doc = await finished(api, 0, { origin: 'metaflows', direction: 'outbound', channels: 'dual' });
      const { body } = (await ask('get', `example.com/recordings/${uuidOf(doc)}`).expect(200)) as Answer;
      expect(body).to.include({
        channelId: 'example.com',
        origin: 'create-call',
        direction: 'outgoing',
        stereo: true,
      });
    });

    it('are deleted with their audio, once', async () => {
      const doc = await finished(api);
      const path = `example.com/recordings/${uuidOf(doc)}`;
      await ask('delete', path).expect(204);
      expect(existsSync(join(api.recordingsMount, doc.internal.file))).to.equal(false);
      expect((await refused(ask('delete', path)))[0]).to.equal(404);
    });

    it('are accounted for when they are fetched or deleted, or somebody tries', async () => {
      const doc = await finished(api);
      const path = `example.com/recordings/${uuidOf(doc)}`;
      const grant = { account: 'example.com', role: 'user', user: '1002' } as const;
      const other = await api.store.tokens.create(grant);
      await ask('get', `${path}.wav`).expect(200);
      for (const [method, end] of [
        ['get', '.wav'],
        ['delete', ''],
      ] as const) {
        await ask(method, path + end, undefined, `Bearer ${other.token}`).expect(404);
      }
      const viewer = await api.store.tokens.create({ account: 'example.com', role: 'viewer' });
      expect((await refused(ask('delete', path, undefined, `Bearer ${viewer.token}`)))[0]).to.equal(403);
      await api.store.recordings.change(doc.account_id, doc.id, (each) => ({ ...each, legal_hold: true }));
      expect((await refused(ask('delete', path))).slice(0, 2)).to.deep.equal([422, 'InvalidState']);
      const own = token.split('_')[1];
      const lines = await api.store.audit.of('example.com', doc.id);
      expect(lines.map(({ action, token_id, result }) => [action, token_id, result])).to.deep.equal([
        ['download', own, 'ok'],
        ['download', other.id, 'not_found'],
        ['deletion', other.id, 'not_found'],
        ['deletion', viewer.id, 'forbidden'],
        ['deletion', own, 'legal_hold'],
      ]);
    });

    it('are one user’s to that user’s token', async () => {
      const own = await finished(api);
      const other = await finished(api, 1, { user: '1002' });
      const { token: user } = await api.store.tokens.create({
        account: 'example.com',
        role: 'user',
        user: '1001',
      });
      const { body } = (await ask('get', 'example.com/recordings', undefined, `Bearer ${user}`)) as Answer;
      expect((body.results as { id: string }[]).map(({ id }) => id)).to.deep.equal([uuidOf(own)]);
      const path = `example.com/recordings/${uuidOf(other)}`;
      expect((await refused(ask('get', path, undefined, `Bearer ${user}`)))[0]).to.equal(404);
    });
  });
});
