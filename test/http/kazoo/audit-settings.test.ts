import { expect } from 'chai';
import { verify, type AuditLine } from '../../../src/audit/chain.js';
import type { Grant } from '../../../src/store/tokens.js';
import { asking, startApi, type Api, type Ask } from '../../support/api.js';

const ACCOUNT = '/v2/accounts/example.com';
const HOOK = { name: 'archive', uri: 'https://u:hunter2@a.test/hook?key=hunter2', hook: 'all' };

describe('Kazoo’s audit of settings', () => {
  let api: Api;
  let ask: Ask;
  let admin: { id: string; token: string };

  beforeEach(async () => {
    api = await startApi();
    admin = await api.store.tokens.create({ account: 'example.com', role: 'admin' });
    ask = asking(api, admin.token);
  });
  afterEach(() => api.close());

  /** What the account's audit says, the oldest first, without the chain and the time. */
  async function told(): Promise<object[]> {
    const { body } = await ask('GET', `${ACCOUNT}/audit`);
    const lines = body.data as unknown as (AuditLine & { hash: string })[];
    return lines.reverse().map(({ at, seq, instance, previous, hash, account_id, ...rest }) => {
      expect(Math.abs(Date.now() - Date.parse(at))).to.be.below(10_000);
      expect(account_id).to.equal('example.com');
      expect([seq, instance, previous, hash]).not.to.include(undefined);
      return rest;
    });
  }

  const of = (action: string, result = 'ok', by = admin) => ({ action, by: 'api', token_id: by.id, result });

  it('has who changed the retention, from what to what', async () => {
    for (const [method, days] of [
      ['POST', 90],
      ['PUT', 30],
      ['POST', 0],
      ['DELETE', undefined],
    ] as const) {
      await ask(method, `${ACCOUNT}/retention`, { data: { days } });
    }
    expect(await told()).to.deep.equal([
      { ...of('retention'), after: { days: 90 } },
      { ...of('retention'), before: { days: 90 }, after: { days: 30 } },
      { ...of('retention'), before: { days: 30 } },
    ]);
  });

  it('has who made, changed and deleted a webhook, and no secret of it', async () => {
    const made = await ask('PUT', `${ACCOUNT}/webhooks`, { data: { ...HOOK, signature: 'hmac-sha256' } });
    const { id, secret } = made.body.data as { id: string; secret: string };
    const path = `${ACCOUNT}/webhooks/${id}`;
    await ask('PATCH', path, { data: { hook: 'recording', custom_data: { key: 'hunter2' } } });
    await ask('POST', path, { data: HOOK });
    await ask('POST', path, { data: { ...HOOK, hook: 'none' } });
    await ask('DELETE', path);
    await ask('DELETE', path);
    const uri = 'https://a.test/hook';
    const line = { ...of('webhook'), webhook_id: id };
    const signed = { signature: 'hmac-sha256', secret: '…' };
    expect(await told()).to.deep.equal([
      { ...line, after: { name: 'archive', uri, hook: 'all', ...signed } },
      { ...line, before: { hook: 'all' }, after: { hook: 'recording', custom_data: '…' } },
      { ...line, before: { hook: 'recording', custom_data: '…', ...signed }, after: { hook: 'all' } },
      { ...line, before: { name: 'archive', uri, hook: 'all' } },
    ]);
    const { heads } = { heads: await api.store.audit.heads() };
    const { lines } = await api.store.audit.page(100);
    expect(JSON.stringify(lines)).not.to.include(secret).and.not.include('hunter2');
    const found = await verify(
      heads,
      (async function* () {
        yield* await Promise.resolve(lines);
      })(),
      () => api.store.audit.heads(),
    );
    expect(found).to.deep.equal([]);
  });

  it('has who of the account tried and may not, and nothing of strangers', async () => {
    const { body } = await ask('PUT', `${ACCOUNT}/webhooks`, { data: HOOK });
    const path = `${ACCOUNT}/webhooks/${String(body.data['id'])}`;
    const grants: Grant[] = [
      { account: 'example.com', role: 'viewer' },
      { account: 'other.com', role: 'admin' },
    ];
    const [viewer, stranger] = await Promise.all(grants.map((grant) => api.store.tokens.create(grant)));
    for (const { token } of [viewer!, stranger!]) {
      const tried = [
        asking(api, token)('POST', `${ACCOUNT}/retention`, { data: { days: 1 } }),
        asking(api, token)('DELETE', path),
        asking(api, token)('PUT', `${ACCOUNT}/webhooks`, { data: HOOK }),
      ];
      for (const each of tried) expect((await each).status).to.equal(403);
    }
    await asking(api, viewer!.token)('GET', `${ACCOUNT}/retention`);
    const lines = (await told()).slice(1);
    expect(lines).to.have.deep.members([
      of('retention', 'forbidden', viewer),
      { ...of('webhook', 'forbidden', viewer), webhook_id: body.data['id'] },
      of('webhook', 'forbidden', viewer),
    ]);
  });

  it('is stored before the answer: what cannot be accounted for is an error', async () => {
    const append = api.store.audit.append.bind(api.store.audit);
    api.store.audit.append = () => Promise.reject(new Error('the disk is full'));
    expect((await ask('POST', `${ACCOUNT}/retention`, { data: { days: 1 } })).status).to.equal(500);
    expect((await ask('PUT', `${ACCOUNT}/webhooks`, { data: HOOK })).status).to.equal(500);
    api.store.audit.append = append;
  });

  it('is CSV, with what changed as JSON', async () => {
    await ask('POST', `${ACCOUNT}/retention`, { data: { days: 90 } });
    await ask('POST', `${ACCOUNT}/retention`, { data: { days: 30 } });
    const { text } = (await ask('GET', `${ACCOUNT}/audit?accept=text/csv`)) as unknown as { text: string };
    expect(text).to.include('"{""days"":90}","{""days"":30}"');
  });
});
