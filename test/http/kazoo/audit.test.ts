import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import request from 'supertest';
import type { AuditLine } from '../../../src/audit/chain.js';
import type { RecordingDocument } from '../../../src/generated/recording.js';
import { ADMIN_TOKEN, asking, startApi, type Api, type Ask } from '../../support/api.js';
import { recordingDocument } from '../../support/recordings.js';

const RECORDINGS = '/v2/accounts/example.com/recordings';

describe('Kazoo’s audit', () => {
  let api: Api;
  let ask: Ask;
  let admin: { id: string; token: string };

  beforeEach(async () => {
    api = await startApi();
    admin = await api.store.tokens.create({ account: 'example.com', role: 'admin' });
    ask = asking(api, admin.token);
  });
  afterEach(() => api.close());

  async function recorded(changes: Partial<RecordingDocument> = {}): Promise<RecordingDocument> {
    const doc = { ...recordingDocument(), state: 'completed' as const, ...changes };
    const path = join(api.recordingsMount, doc.internal.file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, 'a sound');
    await api.store.recordings.save(doc);
    return doc;
  }

  /** What the audit says of a recording, without the chain and the time. */
  async function told({ id }: { id: string }): Promise<object[]> {
    const { body } = await ask('GET', `${RECORDINGS}/${id}/audit`);
    return (body.data as unknown as (AuditLine & { hash: string })[]).map(
      ({ at, seq, instance, previous, hash, account_id, recording_id, owner_id, ...rest }) => {
        expect(Math.abs(Date.now() - Date.parse(at))).to.be.below(10_000);
        expect({ account_id, recording_id, owner_id }).to.deep.equal({
          account_id: 'example.com',
          recording_id: id,
          owner_id: '1001',
        });
        expect([seq, instance, previous, hash]).not.to.include(undefined);
        return rest;
      },
    );
  }

  const byAdmin = (action: string, result = 'ok') => ({ action, by: 'api', token_id: admin.id, result });

  it('has each download of audio, and not that of the document or of the headers alone', async () => {
    const doc = await recorded();
    await ask('GET', `${RECORDINGS}/${doc.id}`);
    await request(api.app).head(`${RECORDINGS}/${doc.id}?accept=audio/wav`).set('X-Auth-Token', admin.token);
    expect(await told(doc)).to.deep.equal([]);
    const { status } = await ask('GET', `${RECORDINGS}/${doc.id}?accept=audio/wav`);
    expect(status).to.equal(200);
    expect(await told(doc)).to.deep.equal([byAdmin('download')]);
  });

  it('has a download before the first byte of it is sent', async () => {
    const doc = await recorded();
    const append = api.store.audit.append.bind(api.store.audit);
    api.store.audit.append = () => Promise.reject(new Error('the disk is full'));
    const refused = await ask('GET', `${RECORDINGS}/${doc.id}?accept=audio/wav`);
    expect(refused.status).to.equal(500);
    expect(refused.type).to.equal('application/json');
    api.store.audit.append = append;
  });

  it('has the downloads that were refused, and why', async () => {
    const doc = await recorded();
    const tokens = {
      ofOther: await api.store.tokens.create({ account: 'example.com', role: 'user', user: '1002' }),
      ofOtherAccount: await api.store.tokens.create({ account: 'other', role: 'admin' }),
      viewer: await api.store.tokens.create({ account: 'example.com', role: 'viewer' }),
    };
    const audio = `${RECORDINGS}/${doc.id}?accept=audio/wav`;
    expect((await asking(api, tokens.ofOther.token)('GET', audio)).status).to.equal(404);
    expect((await asking(api, tokens.ofOtherAccount.token)('GET', audio)).status).to.equal(403);
    expect((await asking(api, tokens.viewer.token)('DELETE', `${RECORDINGS}/${doc.id}`)).status).to.equal(
      403,
    );
    await rm(join(api.recordingsMount, doc.internal.file));
    expect((await ask('GET', audio)).status).to.equal(404);
    expect(await told(doc)).to.deep.equal([
      {
        action: 'download',
        by: 'api',
        user_id: '1002',
        token_id: tokens.ofOther.id,
        result: 'bad_identifier',
      },
      { action: 'download', by: 'api', token_id: tokens.ofOtherAccount.id, result: 'forbidden' },
      { action: 'deletion', by: 'api', token_id: tokens.viewer.id, result: 'forbidden' },
      byAdmin('download', 'bad_identifier'),
    ]);
    const running = await recorded({ id: `${doc.id.slice(0, -4)}0000`, state: 'masked' });
    await ask('GET', `${RECORDINGS}/${running.id}?accept=audio/wav`);
    await ask('DELETE', `${RECORDINGS}/${running.id}`);
    expect(await told(running)).to.deep.equal([
      byAdmin('download', 'recording_running'),
      byAdmin('deletion', 'recording_running'),
    ]);
  });

  it('outlives the recording, for whoever might have known of it', async () => {
    const doc = await recorded();
    const path = `${RECORDINGS}/${doc.id}`;
    expect((await ask('DELETE', path)).status).to.equal(200);
    expect((await ask('GET', path)).status).to.equal(404);
    expect(await told(doc)).to.deep.equal([byAdmin('deletion', 'begun'), byAdmin('deletion')]);
    expect((await ask('DELETE', path)).status).to.equal(404);

    const owner = await api.store.tokens.create({ account: 'example.com', role: 'user', user: '1001' });
    const other = await api.store.tokens.create({ account: 'example.com', role: 'user', user: '1002' });
    expect((await asking(api, owner.token)('GET', `${path}/audit`)).body.data).to.have.lengthOf(2);
    expect((await asking(api, other.token)('GET', `${path}/audit`)).status).to.equal(404);
    expect((await ask('GET', `${RECORDINGS}/202601-none/audit`)).status).to.equal(404);
  });

  it('is CSV to who wants it', async () => {
    const doc = await recorded({ owner_id: '+49 30' });
    await ask('GET', `${RECORDINGS}/${doc.id}?accept=audio/wav`);
    const answer = await request(api.app)
      .get(`${RECORDINGS}/${doc.id}/audit`)
      .set({ 'X-Auth-Token': admin.token, Accept: 'text/csv' });
    expect(answer.headers).to.include({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="audit-${doc.id}.csv"`,
    });
    const [names = '', row = ''] = answer.text.split('\r\n');
    expect(names).to.match(/^"at","action","result","by",/);
    expect(row).to.include(`"download","ok","api","","","${admin.id}","example.com","${doc.id}","'+49 30",`);
    expect((await ask('GET', `${RECORDINGS}/${doc.id}/audit?accept=text/csv`)).type).to.equal('text/csv');
    expect((await ask('GET', `${RECORDINGS}/${doc.id}/audit?accept=text/html`)).status).to.equal(406);
  });

  it('is listed and exported for a whole account, with what is deleted and what was about no recording', async () => {
    const [first, second] = [await recorded({ id: '202601-1' }), await recorded({ id: '202601-2' })];
    const at = new Date().toISOString();
    const event = { action: 'mask', at, by: 'code', result: 'not_recording' } as const;
    await api.store.audit.append({ ...event, account_id: 'example.com', call_id: 'leg' });
    await api.store.audit.append({ ...event, account_id: 'other.com', call_id: 'leg' });
    await ask('DELETE', `${RECORDINGS}/${first.id}`);
    await ask('GET', `${RECORDINGS}/${second.id}?accept=audio/wav`);
    const expected = ['202601-2 download ok', '202601-1 deletion ok', '202601-1 deletion begun'].concat(
      'undefined mask not_recording',
    );

    const found: string[] = [];
    let query = '?page_size=3';
    for (const size of [3, 1]) {
      const answer = await ask('GET', `/v2/accounts/example.com/audit${query}`);
      const body = answer.body as unknown as { data: object[]; page_size: number; next_start_key?: string };
      const lines = body.data as (AuditLine & { hash: string })[];
      expect(lines.map(({ hash }) => hash.length)).to.deep.equal(lines.map(() => 64));
      expect([lines.length, body.page_size]).to.deep.equal([size, size]);
      found.push(...lines.map(({ recording_id, action, result }) => `${recording_id} ${action} ${result}`));
      query = `?page_size=3&start_key=${encodeURIComponent(String(body.next_start_key))}`;
    }
    expect(found).to.deep.equal(expected);

    const { text, headers, status } = await request(api.app)
      .get('/v2/accounts/example.com/audit')
      .set({ 'X-Auth-Token': admin.token, Accept: 'text/csv' });
    expect(status).to.equal(200);
    expect(headers['content-type']).to.equal('text/csv; charset=utf-8');
    const [names = '', ...rows] = text.trimEnd().split('\r\n');
    expect(names).to.match(/^"at","action","result",/);
    expect(rows.map((row) => row.split(',').slice(1, 3).join(' '))).to.deep.equal(
      expected.map((line) => line.replace(/^\S+ (\S+) (\S+)$/, '"$1" "$2"')),
    );
    expect((await ask('GET', '/v2/accounts/example.com/audit?accept=text/html')).status).to.equal(406);
  });

  it('is all there for the admin of every account, page by page', async () => {
    const doc = await recorded();
    for (let n = 0; n < 3; n++) await ask('GET', `${RECORDINGS}/${doc.id}?accept=audio/wav`);
    const all = asking(api, ADMIN_TOKEN);
    const first = (await all('GET', '/v2/audit?page_size=2')).body.data as Record<string, unknown[]>;
    const second = (await all('GET', `/v2/audit?page_size=2&start_key=${String(first.next_start_key)}`)).body
      .data as Record<string, unknown[]>;
    const [head] = first.heads as { instance: string; seq: number }[];
    expect(head?.seq).to.equal(3);
    expect(
      [...first.lines!, ...second.lines!].map((line) => (line as { place: string }).place),
    ).to.deep.equal([1, 2, 3].map((seq) => `${head?.instance ?? ''}/00000000000${seq}`));
    expect(second).not.to.have.property('next_start_key');
    expect((await ask('GET', '/v2/audit')).status).to.equal(403);
    expect((await all('GET', '/v2/audit?page_size=0')).status).to.equal(400);
  });
});

describe('Kazoo’s legal holds', () => {
  let api: Api;
  let ask: Ask;
  let doc: RecordingDocument;

  beforeEach(async () => {
    api = await startApi();
    ask = asking(api, (await api.store.tokens.create({ account: 'example.com', role: 'admin' })).token);
    doc = { ...recordingDocument(), state: 'completed' };
    await api.store.recordings.save(doc);
  });
  afterEach(() => api.close());

  const actions = async () =>
    (await api.store.audit.of('example.com', doc.id)).map(({ action, result }) => `${action} ${result}`);

  it('keep a recording from being deleted until they are lifted', async () => {
    const path = `${RECORDINGS}/${doc.id}`;
    const held = await ask('PUT', `${path}/hold`);
    expect(held.status).to.equal(200);
    expect(held.body.data).to.include({ id: doc.id, legal_hold: true });
    const refused = await ask('DELETE', path);
    expect([refused.status, refused.body.message]).to.deep.equal([409, 'legal_hold']);
    expect((await ask('GET', path)).body.data).to.include({ legal_hold: true });
    expect((await ask('DELETE', `${path}/hold`)).body.data).not.to.have.property('legal_hold');
    expect((await ask('DELETE', path)).status).to.equal(200);
    expect(await actions()).to.deep.equal([
      'hold ok',
      'deletion legal_hold',
      'unhold ok',
      'deletion begun',
      'deletion ok',
    ]);
    expect((await ask('PUT', `${path}/hold`)).status).to.equal(404);
  });

  it('stay where the recorder stores what it knew before', async () => {
    await ask('PUT', `${RECORDINGS}/${doc.id}/hold`);
    await api.store.recordings.save({ ...doc, duration_ms: 1 });
    expect(await api.store.recordings.get('example.com', doc.id)).to.include({
      duration_ms: 1,
      legal_hold: true,
    });
  });

  it('stay lifted where the recorder stores what it knew before', async () => {
    await ask('PUT', `${RECORDINGS}/${doc.id}/hold`);
    const held = await api.store.recordings.get('example.com', doc.id);
    await ask('DELETE', `${RECORDINGS}/${doc.id}/hold`);
    await api.store.recordings.save(held!);
    expect(await api.store.recordings.get('example.com', doc.id)).not.to.have.property('legal_hold');
  });

  it('come in time where a deletion has begun, or find nothing', async () => {
    const path = `${RECORDINGS}/${doc.id}`;
    const [held, deleted] = await Promise.all([ask('PUT', `${path}/hold`), ask('DELETE', path)]);
    const kept = (await ask('GET', path)).status;
    expect([held.status, deleted.status, kept]).to.be.deep.oneOf([
      [200, 409, 200],
      [404, 200, 404],
    ]);
  });

  it('are for an account’s admins alone', async () => {
    const owner = await api.store.tokens.create({ account: 'example.com', role: 'user', user: '1001' });
    const viewer = await api.store.tokens.create({ account: 'example.com', role: 'viewer' });
    const own = `/v2/accounts/example.com/users/1001/recordings/${doc.id}/hold`;
    for (const { token } of [owner, viewer]) {
      for (const method of ['PUT', 'DELETE'] as const) {
        expect((await asking(api, token)(method, own)).status).to.equal(403);
      }
    }
    expect((await ask('PUT', own)).status).to.equal(200);
    expect(await actions()).to.deep.equal([
      'hold forbidden',
      'unhold forbidden',
      'hold forbidden',
      'unhold forbidden',
      'hold ok',
    ]);
  });
});
