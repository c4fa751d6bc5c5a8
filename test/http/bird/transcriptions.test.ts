import { expect } from 'chai';
import request from 'supertest';
import type { RecordingDocument } from '../../../src/generated/recording.js';
import { uuidOf } from '../../../src/http/library.js';
import { startApi, type Api } from '../../support/api.js';
import { Receiver } from '../../support/delivery.js';
import { finished } from '../../support/finished.js';

const ANSWER = {
  text: 'Good morning. How are you?',
  language: 'english',
  segments: [
    { start: 0, end: 1.5, text: ' Good morning.' },
    { start: 1.5, end: 3661.25, text: ' How are you?' },
  ],
};

describe('Bird’s transcriptions', () => {
  let api: Api;
  let token: string;
  let endpoint: Receiver;
  let doc: RecordingDocument;

  beforeEach(async () => {
    endpoint = new Receiver();
    endpoint.respond((_request, response) => response.end(JSON.stringify(ANSWER)));
    const transcription = { url: `${await endpoint.listen()}/v1/audio/transcriptions`, model: 'whisper-1' };
    api = await startApi({}, { transcription });
    ({ token } = await api.store.tokens.create({ account: 'example.com', role: 'admin' }));
    doc = await finished(api, 0, { size: 34 });
  });
  afterEach(async () => {
    await api.close();
    await endpoint.close();
  });

  const ask = async (method: 'get' | 'post', path: string, body?: object) => {
    const asked = request(api.app)
      [method](`/workspaces/example.com${path}`)
      .set('Authorization', `AccessKey ${token}`);
    const {
      status,
      body: answer,
      text,
    } = (await (body ? asked.send(body) : asked)) as {
      status: number;
      body: Record<string, unknown>;
      text: string;
    };
    return { status, answer, text };
  };
  const path = () => `/recordings/${uuidOf(doc)}/transcriptions`;

  it('are accepted, then available, listed and read', async () => {
    expect((await ask('get', path())).answer).to.deep.equal({ results: [] });
    const { status, answer } = await ask('post', path(), { locale: 'en-GB' });
    expect(status).to.equal(202);
    expect(answer).to.deep.equal({
      id: uuidOf(doc),
      recordingId: uuidOf(doc),
      status: 'accepted',
      stereo: true,
      locale: 'en-GB',
      createdAt: '2026-01-01T00:00:01.000Z',
      updatedAt: '2026-01-01T00:00:01.000Z',
    });
    expect((await ask('get', `/transcriptions/${uuidOf(doc)}.txt`)).status).to.equal(404);
    await api.delivery.idle();
    const url = `http://api.test/workspaces/example.com/transcriptions/${uuidOf(doc)}.json`;
    const available = { ...answer, status: 'available', url };
    expect((await ask('get', path())).answer).to.deep.equal({ results: [available] });
    await finished(api, 1);
    expect((await ask('get', '/transcriptions?limit=1')).answer).to.deep.equal({ results: [available] });
    expect((await ask('get', `/transcriptions/${uuidOf(doc)}`)).answer).to.deep.equal(available);
    expect((await ask('get', `/recordings/${uuidOf(doc)}`)).answer.transcription).to.equal(true);
  });

  it('are read in each of their forms, and in no other', async () => {
    await ask('post', path(), { locale: 'en-GB' });
    await api.delivery.idle();
    const read = async (extension: string) =>
      (await ask('get', `/transcriptions/${uuidOf(doc)}.${extension}`)).text;
    expect(await read('txt')).to.equal('Good morning. How are you?');
    expect(JSON.parse(await read('json'))).to.deep.equal({
      text: ANSWER.text,
      segments: [
        { start_ms: 0, end_ms: 1500, text: 'Good morning.' },
        { start_ms: 1500, end_ms: 3661250, text: 'How are you?' },
      ],
    });
    const lines = (point: string) =>
      `1\n00:00:00${point}000 --> 00:00:01${point}500\nGood morning.\n\n` +
      `2\n00:00:01${point}500 --> 01:01:01${point}250\nHow are you?\n`;
    expect(await read('srt')).to.equal(lines(','));
    expect(await read('vtt')).to.equal(`WEBVTT\n\n${lines('.')}`);
    for (const extension of ['doc', 'constructor', '__proto__']) {
      expect((await ask('get', `/transcriptions/${uuidOf(doc)}.${extension}`)).status).to.equal(404);
    }
  });

  for (const [what, status, code, asked] of [
    ['no locale', 422, 'InvalidPayload', () => ask('post', path(), {})],
    ['a locale that there is not', 422, 'InvalidPayload', () => ask('post', path(), { locale: 'tlh' })],
    ['another key', 422, 'InvalidPayload', () => ask('post', path(), { locale: 'en-US', model: 'x' })],
    [
      'a recording that there is not',
      404,
      'ResourceNotFound',
      () => ask('post', '/recordings/x/transcriptions', { locale: 'en-US' }),
    ],
    [
      'one that nobody asked for',
      404,
      'ResourceNotFound',
      () => ask('get', `/transcriptions/${uuidOf(doc)}`),
    ],
  ] as const) {
    it(`refuse ${what}`, async () => {
      const { status: answered, answer } = await asked();
      expect([answered, answer.code]).to.deep.equal([status, code]);
      expect(endpoint.received).to.deep.equal([]);
    });
  }

  it('are refused where nothing makes text, and of a recording that runs', async () => {
    await api.store.recordings.save({ ...doc, state: 'recording' });
    expect((await ask('post', path(), { locale: 'en-US' })).answer.code).to.equal('InvalidState');
    const without = await startApi();
    try {
      const { token: other } = await without.store.tokens.create({ account: 'example.com', role: 'admin' });
      const { id } = await finished(without, 0, { size: 34 });
      const { status, body } = (await request(without.app)
        .post(`/workspaces/example.com/recordings/${uuidOf({ id })}/transcriptions`)
        .set('Authorization', `AccessKey ${other}`)
        .send({ locale: 'en-US' })) as { status: number; body: object };
      expect([status, body]).to.deep.equal([
        422,
        { code: 'InvalidState', message: 'this service is not set up to make text of recordings' },
      ]);
    } finally {
      await without.close();
    }
  });
});
