import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import request from 'supertest';
import type { RecordingDocument } from '../../../src/generated/recording.js';
import { uuidOf } from '../../../src/http/library.js';
import { ADMIN_TOKEN, startApi, type Api } from '../../support/api.js';
import { AUDIO, finished } from '../../support/finished.js';

interface Shown {
  id: string;
  download_urls: Record<string, string>;
}

interface List {
  data: Shown[];
  meta: object;
}

describe('Telnyx’s recordings', () => {
  let api: Api;
  let token: string;

  beforeEach(async () => {
    api = await startApi();
    ({ token } = await api.store.tokens.create({ account: 'example.com', role: 'admin' }));
  });
  afterEach(() => api.close());

  const ask = (method: 'get' | 'delete', path = '', bearer = token) =>
    request(api.app)[method](`/v2/recordings${path}`).set('Authorization', `Bearer ${bearer}`);
  const list = async (query = '', bearer = token): Promise<List> =>
    ((await ask('get', query, bearer).expect(200)) as { body: List }).body;
  const ids = async (query: string, bearer = token) => (await list(query, bearer)).data.map(({ id }) => id);
  const link = (url: string) => url.replace('http://api.test', '');

  it('show what Telnyx’s have', async () => {
    const doc = await finished(api, 0, { from: '+15550100', to: '+15550199' });
    const { data } = ((await ask('get', `/${uuidOf(doc)}`).expect(200)) as { body: { data: Shown } }).body;
    expect(data).to.deep.equal({
      id: uuidOf(doc),
      record_type: 'recording',
      status: 'completed',
      source: 'call',
      initiated_by: 'StartCallRecordingAPI',
      call_control_id: doc.call_id,
      call_leg_id: doc.call_id,
      call_session_id: doc.interaction_id,
      connection_id: 'example.com',
      channels: 'dual',
      from: '+15550100',
      to: '+15550199',
      duration_millis: 1000,
      recording_started_at: '2026-01-01T00:00:00.000Z',
      recording_ended_at: '2026-01-01T00:00:01.000Z',
      created_at: '2026-01-01T00:00:00.000Z',
      updated_at: '2026-01-01T00:00:01.000Z',
      download_urls: { wav: data.download_urls.wav },
    });
    await request(api.app).get(link(data.download_urls.wav!)).expect(200, AUDIO);
  });

  it('are listed in pages, newest first, and counted', async () => {
    const docs: RecordingDocument[] = [];
    for (const second of [0, 1, 2]) docs.unshift(await finished(api, second));
    await finished(api, 3, { state: 'failed' });
    await finished(api, 4, { account: 'other.com' });
    expect((await list()).meta).to.deep.equal({
      page_number: 1,
      page_size: 20,
      total_pages: 1,
      total_results: 3,
    });
    const uuids = docs.map(uuidOf);
    expect(await ids('?page[size]=2')).to.deep.equal(uuids.slice(0, 2));
    const { data, meta } = await list('?page%5Bsize%5D=2&page%5Bnumber%5D=2');
    expect(data.map(({ id }) => id)).to.deep.equal(uuids.slice(2));
    expect(meta).to.deep.equal({ page_number: 2, page_size: 2, total_pages: 2, total_results: 3 });
    expect(await ids('?page[number]=9')).to.deep.equal([]);
  });

  it('are listed by what they are filtered by, and by all of it', async () => {
    const one = await finished(api, 0, { call_id: 'one', interaction_id: 'session', from: '1', to: '2' });
    const two = await finished(api, 10, { call_id: 'two', interaction_id: 'session', from: '3', to: '2' });
    const [first, second] = [uuidOf(one), uuidOf(two)];
    const found: [query: string, ids: string[]][] = [
      ['call_control_id]=one', [first]],
      ['call_leg_id]=two', [second]],
      ['call_session_id]=session', [second, first]],
      ['connection_id]=example.com', [second, first]],
      ['connection_id]=other.com', []],
      ['from]=1', [first]],
      ['to]=2', [second, first]],
      ['to]=2&filter[from]=3', [second]],
      ['created_at][gte]=2026-01-01T00:00:05Z', [second]],
      ['created_at][lte]=2026-01-01T00:00:05Z', [first]],
      ['created_at][gte]=2026-01-01T00:00:00Z&filter[created_at][lte]=2026-01-01T00:00:10Z', [second, first]],
      ['start_time][gte]=2026-01-01T00:00:00.001Z', [second]],
      ['end_time][lte]=2026-01-01T00:00:01Z', [first]],
      ['end_time][gte]=2026-01-01T00:00:01.001Z', [second]],
    ];
    for (const [query, expected] of found) {
      expect(await ids(`?filter[${query}`), query).to.deep.equal(expected);
    }
  });

  for (const [query, code, parameter] of [
    ['page[size]=0', '10033', 'page[size]'],
    ['page[size]=251', '10033', 'page[size]'],
    ['page[number]=x', '10033', 'page[number]'],
    ['filter[created_at][gte]=yesterday', '10015', 'filter[created_at][gte]'],
    ['filter[conference_id]=x', '10015', 'filter[conference_id]'],
    ['from=1', '10015', 'from'],
  ] as const) {
    it(`are not listed by ${query}`, async () => {
      const { status, body } = (await ask('get', `?${query}`)) as {
        status: number;
        body: { errors: { code: string; source: object }[] };
      };
      expect([status, body.errors.map((fault) => [fault.code, fault.source])]).to.deep.equal([
        422,
        [[code, { parameter }]],
      ]);
    });
  }

  it('are deleted with their audio, and shown once more', async () => {
    const doc = await finished(api);
    const path = `/${uuidOf(doc)}`;
    const { body } = (await ask('delete', path).expect(200)) as { body: { data: Shown } };
    expect(body.data.id).to.equal(uuidOf(doc));
    expect(existsSync(join(api.recordingsMount, doc.internal.file))).to.equal(false);
    await ask('get', path).expect(404);
    await ask('delete', path).expect(404);
  });

  it('are neither shown nor deleted while they run, where they failed, or where there are none', async () => {
    const running = await finished(api, 0, { state: 'recording' });
    const failed = await finished(api, 1, { state: 'failed' });
    for (const id of [uuidOf(running), uuidOf(failed), 'x', 'ffffffff-ffff-ffff-ffff-ffffffffffff']) {
      for (const method of ['get', 'delete'] as const) {
        const { status, body } = (await ask(method, `/${id}`)) as { status: number; body: object };
        expect([status, body]).to.deep.equal([
          404,
          {
            errors: [
              {
                code: '10005',
                title: 'Resource not found',
                detail: 'The requested resource or URL could not be found.',
                meta: {},
              },
            ],
          },
        ]);
      }
    }
  });

  it('are accounted for when they are fetched or deleted, or somebody tries', async () => {
    const doc = await finished(api, 0, { legal_hold: true });
    const path = `/${uuidOf(doc)}`;
    const { body } = (await ask('get', path)) as { body: { data: Shown } };
    await request(api.app).get(link(body.data.download_urls.wav!)).expect(200);
    await request(api.app).head(link(body.data.download_urls.wav!)).expect(200);
    const by = async (role: 'admin' | 'viewer' | 'user', user?: string) =>
      api.store.tokens.create({ account: 'example.com', role, ...(user !== undefined && { user }) });
    const [viewer, other] = [await by('viewer'), await by('user', '1002')];
    await ask('delete', path, viewer.token).expect(403);
    await ask('delete', path, other.token).expect(404);
    await ask('delete', path).expect(403);
    const lines = await api.store.audit.of('example.com', doc.id);
    expect(lines.map(({ action, token_id, result }) => [action, token_id, result])).to.deep.equal([
      ['download', undefined, 'ok'],
      ['deletion', viewer.id, 'forbidden'],
      ['deletion', other.id, 'not_found'],
      ['deletion', token.split('_')[1], 'legal_hold'],
    ]);
    await ask('get', path).expect(200);
  });

  it('are for whoever they are of', async () => {
    const doc = await finished(api);
    const another = await finished(api, 1, { account: 'other.com', user: '1002' });
    const of = async (grant: Parameters<typeof api.store.tokens.create>[0]) =>
      (await api.store.tokens.create(grant)).token;
    const viewer = await of({ account: 'example.com', role: 'viewer' });
    const path = `/${uuidOf(doc)}`;
    await ask('get', path, viewer).expect(200);
    await ask('delete', path, viewer).expect(403);
    for (const stranger of [
      await of({ account: 'other.com', role: 'admin' }),
      await of({ account: 'example.com', role: 'user', user: '1002' }),
    ]) {
      await ask('get', path, stranger).expect(404);
      await ask('delete', path, stranger).expect(404);
      expect(await ids('', stranger)).not.to.include(uuidOf(doc));
    }
    await ask('get', path, 'nobody').expect(401);
    await request(api.app).get('/v2/recordings').expect(401);
    expect(await ids('', ADMIN_TOKEN)).to.have.members([uuidOf(doc), uuidOf(another)]);
    await ask('get', `/${uuidOf(another)}`, ADMIN_TOKEN).expect(200);
    const own = await of({ account: 'example.com', role: 'user', user: '1001' });
    await ask('delete', path, own).expect(200);
  });
});
