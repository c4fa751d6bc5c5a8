import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import request from 'supertest';
import type { RecordingDocument } from '../../../src/generated/recording.js';
import { asking, startApi, unwrapped, type Answer, type Api, type Ask } from '../../support/api.js';
import { recordingDocument } from '../../support/recordings.js';

const RECORDINGS = '/v2/accounts/example.com/recordings';
const AUDIO = Buffer.from('RIFF, and then the sound of a call');
/** The Gregorian second of 2026-01-01. */
const NEW_YEAR = 63934444800;

interface Audio {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

describe('Kazoo’s recordings', () => {
  let api: Api;
  let token: string;
  let ask: Ask;

  beforeEach(async () => {
    api = await startApi();
    ({ token } = await api.store.tokens.create({ account: 'example.com', role: 'admin' }));
    ask = asking(api, token);
  });
  afterEach(() => api.close());

  /** A recording that ended `second` seconds into the year, with its audio. */
  async function recorded(second = 0, changes: Partial<RecordingDocument> = {}): Promise<RecordingDocument> {
    const startedAt = Date.UTC(2026, 0, 1) + second * 1000;
    const document = { ...recordingDocument({ startedAt }), state: 'completed' as const, ...changes };
    const path = join(api.recordingsMount, document.internal.file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, AUDIO);
    await api.store.recordings.save(document);
    return document;
  }

  const audio = (id: string, accept: string) =>
    request(api.app)
      .get(`${RECORDINGS}/${id}`)
      .set('X-Auth-Token', token)
      .set('Accept', accept)
      .responseType('blob');

  const shown = (document: RecordingDocument): unknown =>
    JSON.parse(JSON.stringify({ ...document, internal: undefined }));

  const ids = (answer: Answer) => (answer.body.data as unknown as { id: string }[]).map(({ id }) => id);

  it('show everything but what is the service’s own', async () => {
    const document = await recorded();
    const { body } = await ask('GET', `${RECORDINGS}/${document.id}`);
    expect(unwrapped(body, token)).to.deep.equal({ status: 'success', data: shown(document) });
    expect(JSON.stringify((await ask('GET', RECORDINGS)).body)).not.to.include('internal');
  });

  it('are listed in pages, newest first', async () => {
    const documents = [await recorded(0), await recorded(1), await recorded(2)] as const;
    const first = await ask('GET', `${RECORDINGS}?page_size=2`);
    expect(unwrapped(first.body, token)).to.deep.equal({
      status: 'success',
      data: [shown(documents[2]), shown(documents[1])],
      page_size: 2,
      next_start_key: documents[0].id,
    });
    const second = await ask('GET', `${RECORDINGS}?page_size=2&start_key=${documents[0].id}`);
    expect(unwrapped(second.body, token)).to.deep.equal({
      status: 'success',
      data: [shown(documents[0])],
      page_size: 1,
      start_key: documents[0].id,
    });
  });

  it('are listed by the Gregorian seconds of their start, both included', async () => {
    const documents = [await recorded(0), await recorded(1.9), await recorded(2.9), await recorded(3)];
    const listed = ids(
      await ask('GET', `${RECORDINGS}?created_from=${NEW_YEAR + 1}&created_to=${NEW_YEAR + 2}`),
    );
    expect(listed).to.deep.equal([documents[2]?.id, documents[1]?.id]);
    expect(documents[1]?.start).to.equal(NEW_YEAR + 1);
    expect(ids(await ask('GET', `${RECORDINGS}?created_from=${NEW_YEAR + 4}`))).to.deep.equal([]);
  });

  it('are listed for one user', async () => {
    const { id } = await recorded(0);
    await recorded(1, { owner_id: '1002' });
    expect(ids(await ask('GET', '/v2/accounts/example.com/users/1001/recordings'))).to.deep.equal([id]);
  });

  describe('filtered', () => {
    let all: RecordingDocument[];

    beforeEach(async () => {
      all = [
        await recorded(0, { label: 'complaint', from: '+4930' }),
        await recorded(1, { owner_id: '1002', state: 'failed', caller_id_number: '+4930' }),
        await recorded(2, { state: 'discarded', callee_id_number: '1003', call_id: 'leg-b' }),
        await recorded(3, { to: '1003', segments: [{ call_id: 'leg-c', file: 'f.wav', start_ms: 0 }] }),
      ];
    });

    for (const [query, expected] of [
      ['user=1002', [1]],
      ['call_id=leg-b', [2]],
      ['call_id=leg-c', [3]],
      ['call_id=leg-a', [3, 2, 1, 0]],
      ['number=%2B4930', [1, 0]],
      ['number=1003', [3, 2]],
      ['number=100', []],
      ['state=failed', [1]],
      ['state=completed', [3, 0]],
      ['label=complaint', [0]],
      ['state=completed&number=1003', [3]],
      [`state=completed&created_to=${NEW_YEAR + 1}`, [0]],
    ] as const) {
      it(`by ${query}`, async () => {
        const listed = ids(await ask('GET', `${RECORDINGS}?${query}`));
        expect(listed).to.deep.equal(expected.map((index) => all[index]?.id));
      });
    }

    it('of one user are never another’s', async () => {
      const own = '/v2/accounts/example.com/users/1001/recordings';
      expect(ids(await ask('GET', `${own}?user=1002`))).to.deep.equal([]);
      expect(ids(await ask('GET', `${own}?state=failed`))).to.deep.equal([]);
    });
  });

  for (const [query, field, check] of [
    ['state=running', 'state', 'enum'],
    ['label=', 'label', 'minLength'],
    ['page_size=0', 'page_size', 'minimum'],
    ['page_size=1001', 'page_size', 'maximum'],
    ['page_size=many', 'page_size', 'type'],
    ['page_size=1&page_size=2', 'page_size', 'type'],
    ['created_from=1700000000', 'created_from', 'minimum'],
    ['created_to=2026-01-01', 'created_to', 'type'],
    ['start_key=%EF%BF%BF', 'start_key', 'pattern'],
  ]) {
    it(`refuse ${query ?? ''}`, async () => {
      const { status, body } = await ask('GET', `${RECORDINGS}?${query ?? ''}`);
      expect(status).to.equal(400);
      expect(body.data).to.have.all.keys(field ?? '');
      expect(body.data[field ?? '']).to.have.all.keys(check ?? '');
    });
  }

  for (const accept of ['audio/wav', 'audio/x-wav', 'audio/*', 'audio/mpeg;q=0.5, audio/wav']) {
    it(`send the audio to who accepts ${accept}`, async () => {
      const { id } = await recorded(0, { name: 'Möbel "2", ../etc/passwd\n.wav' });
      const { status, headers, body } = (await audio(id, accept)) as Audio;
      expect(status).to.equal(200);
      expect(headers).to.include({
        'content-type': 'audio/wav',
        'content-disposition': 'attachment; filename="M_bel _2__ .._etc_passwd_.wav"',
        'accept-ranges': 'bytes',
        'cache-control': 'no-store',
      });
      expect(body).to.deep.equal(AUDIO);
    });
  }

  it('send the audio by query too, to be shown in place', async () => {
    const { id } = await recorded(0, { media_type: 'mp3', content_type: 'audio/mpeg', name: 'call.mp3' });
    const { status, headers, body } = (await request(api.app)
      .get(`${RECORDINGS}/${id}?accept=audio/mp3&inline=true&auth_token=${token}`)
      .set('Accept', 'application/json')
      .responseType('blob')) as Audio;
    expect(status).to.equal(200);
    expect(headers).to.include({
      'content-type': 'audio/mpeg',
      'content-disposition': 'inline; filename="call.mp3"',
    });
    expect(body).to.deep.equal(AUDIO);
  });

  it('send a range of the audio, and only one that there is', async () => {
    const { id } = await recorded();
    const part = await audio(id, 'audio/wav').set('Range', 'bytes=6-8');
    expect(part.status).to.equal(206);
    expect(part.headers['content-range']).to.equal(`bytes 6-8/${AUDIO.length}`);
    expect(part.body).to.deep.equal(AUDIO.subarray(6, 9));
    const last = await audio(id, 'audio/wav').set('Range', 'bytes=-4');
    expect(last.body).to.deep.equal(Buffer.from('call'));
    const none = await request(api.app)
      .get(`${RECORDINGS}/${id}?accept=audio/wav`)
      .set({ 'X-Auth-Token': token, Range: 'bytes=1000-' });
    expect(none.status).to.equal(416);
    expect(none.headers).to.include({ 'content-range': `bytes */${AUDIO.length}` });
    expect(none.headers).not.to.include.keys('content-disposition');
    expect(none.type).to.equal('application/json');
    expect((none.body as Answer['body']).message).to.equal('range_not_satisfiable');
    const head = await request(api.app)
      .head(`${RECORDINGS}/${id}?accept=audio/wav`)
      .set('X-Auth-Token', token);
    expect(head.status).to.equal(200);
    expect(head.headers).to.include({ 'content-length': String(AUDIO.length) });
  });

  it('are JSON to who does not ask for audio, and nothing to who asks for other audio', async () => {
    const { id } = await recorded();
    for (const accept of ['application/json', '*/*', 'text/html, */*;q=0.1']) {
      const { type } = await request(api.app)
        .get(`${RECORDINGS}/${id}`)
        .set({ 'X-Auth-Token': token, Accept: accept });
      expect(type).to.equal('application/json');
    }
    const { status, body } = await ask('GET', `${RECORDINGS}/${id}?accept=audio/mpeg`);
    expect(status).to.equal(406);
    expect(unwrapped(body, token)).to.deep.equal({
      data: {
        message: 'not acceptable',
        target: ['application/json', 'audio/wav', 'audio/x-wav', 'audio/wave', 'audio/vnd.wave'],
      },
      error: '406',
      message: 'not_acceptable',
      status: 'error',
    });
  });

  for (const state of ['recording', 'masked'] as const) {
    it(`neither send nor delete what is ${state}`, async () => {
      const { id } = await recorded(0, { state });
      for (const answer of [
        await ask('GET', `${RECORDINGS}/${id}?accept=audio/wav`),
        await ask('DELETE', `${RECORDINGS}/${id}`),
      ]) {
        expect(answer.status).to.equal(409);
        expect(unwrapped(answer.body, token)).to.deep.equal({
          data: { message: 'the recording has not ended yet' },
          error: '409',
          message: 'recording_running',
          status: 'error',
        });
      }
      expect((await ask('GET', `${RECORDINGS}/${id}`)).status).to.equal(200);
    });
  }

  it('have no audio where the file is gone, or would lie elsewhere', async () => {
    const document = await recorded();
    const { internal } = document;
    for (const file of ['gone.wav', '../secret.wav', `${dirname(internal.file)}/../../../../../secret.wav`]) {
      await writeFile(join(api.recordingsMount, '..', 'secret.wav'), 'a secret');
      await api.store.recordings.save({ ...document, internal: { ...internal, file } });
      const answer = await ask('GET', `${RECORDINGS}/${document.id}?accept=audio/wav`);
      expect(answer.status).to.be.within(400, 499);
      expect(answer.type).to.equal('application/json');
      expect(JSON.stringify(answer.body)).not.to.include(api.recordingsMount);
    }
  });

  it('are not deleted where their file cannot be removed', async () => {
    const document = await recorded();
    // What rm refuses to remove, whoever asks.
    const file = join(api.recordingsMount, document.internal.file);
    await rm(file, { force: true });
    await mkdir(file, { recursive: true });
    const answer = await ask('DELETE', `${RECORDINGS}/${document.id}`);
    expect(answer.status).to.equal(500);
    expect(answer.body).to.include({ status: 'error', message: 'recordings_unusable' });
    expect(JSON.stringify(answer.body)).not.to.include(api.recordingsMount);
    expect((await ask('GET', `${RECORDINGS}/${document.id}`)).status).to.equal(200);
  });

  it('are deleted with every file', async () => {
    const segment = { call_id: 'leg', file: 'second.wav', start_ms: 0 };
    const document = await recorded(0, { segments: [segment] });
    await writeFile(join(api.recordingsMount, segment.file), AUDIO);
    const { body } = await ask('DELETE', `${RECORDINGS}/${document.id}`);
    expect(unwrapped(body, token)).to.deep.equal({ status: 'success', data: {} });
    const left = await readdir(api.recordingsMount, { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile())).to.deep.equal([]);
    expect((await ask('GET', `${RECORDINGS}/${document.id}`)).status).to.equal(404);
    expect(ids(await ask('GET', RECORDINGS))).to.deep.equal([]);
  });
});
