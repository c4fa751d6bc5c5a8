import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { ADMIN_TOKEN, asking, startApi, unwrapped, type Api } from '../../support/api.js';

const ACCOUNT = 'example.com';

/** As Kazoo's documents make it: `echo -n "{USERNAME}:{PASSWORD}" | md5sum`. */
const hash = (algorithm: 'md5' | 'sha1', name: string, token: string): string =>
  createHash(algorithm).update(`${name}:${token}`).digest('hex');

describe('Kazoo’s logins', () => {
  let api: Api;
  let user: { id: string; token: string };
  let admin: { id: string; token: string };

  before(async () => {
    api = await startApi();
    user = await api.store.tokens.create({ account: ACCOUNT, role: 'user', user: '1001' });
    admin = await api.store.tokens.create({ account: ACCOUNT, role: 'admin' });
  });
  after(() => api.close());

  const logIn = (way: string, data: unknown) => asking(api)('PUT', `/v2/${way}`, { data });
  const metaflows = async (token: string, of = '/users/1001') =>
    (await asking(api, token)('GET', `/v2/accounts/${ACCOUNT}${of}/metaflows`)).status;

  it('take a token as the API key, and answer as Kazoo does', async () => {
    const { status, body } = await logIn('api_auth', { api_key: user.token });
    expect(status).to.equal(201);
    expect(unwrapped(body, user.token)).to.deep.equal({
      data: {
        account_id: ACCOUNT,
        owner_id: '1001',
        role: 'user',
        apps: [],
        is_reseller: false,
        language: 'en-us',
      },
      status: 'success',
    });
  });

  it('name no account to the admin of them all', async () => {
    const { body } = await logIn('api_auth', { api_key: ADMIN_TOKEN });
    expect(body.data).to.deep.equal({ role: 'admin', apps: [], is_reseller: false, language: 'en-us' });
  });

  for (const method of ['md5', 'sha'] as const) {
    it(`take the ${method} of a user’s name and token, and answer with a token that does the same`, async () => {
      const credentials = hash(method === 'sha' ? 'sha1' : 'md5', '1001', user.token);
      const data = { credentials, account_name: ACCOUNT, ...(method === 'sha' && { method }) };
      const { status, body } = await logIn('user_auth', data);
      expect(status).to.equal(201);
      const { auth_token: token } = body as unknown as { auth_token: string };
      expect(body.data).to.include({ account_id: ACCOUNT, owner_id: '1001' });
      expect(token).not.to.equal(user.token);
      expect(await metaflows(token)).to.equal(200);
      expect(await metaflows(token, '')).to.equal(403);
    });
  }

  it('take the role as the name of who is no user', async () => {
    for (const realm of ['realm', 'account_realm']) {
      const credentials = hash('md5', 'admin', admin.token);
      const { body } = await logIn('user_auth', { credentials, [realm]: ACCOUNT });
      expect(body.data).to.deep.equal({
        account_id: ACCOUNT,
        role: 'admin',
        apps: [],
        is_reseller: false,
        language: 'en-us',
      });
    }
    const site = { credentials: hash('md5', 'admin', ADMIN_TOKEN), account_name: 'any' };
    expect((await logIn('user_auth', site)).status).to.equal(201);
  });

  it('end with the token that they were made with', async () => {
    const gone = await api.store.tokens.create({ account: ACCOUNT, role: 'user', user: '1001' });
    const credentials = hash('md5', '1001', gone.token);
    const { body } = await logIn('user_auth', { credentials, account_name: ACCOUNT });
    const { auth_token: token } = body as unknown as { auth_token: string };
    expect(await metaflows(token)).to.equal(200);
    await api.store.tokens.delete(gone.id);
    expect(await metaflows(token)).to.equal(401);
    expect((await logIn('user_auth', { credentials, account_name: ACCOUNT })).status).to.equal(401);
  });

  it('refuse whoever is not known, and say nothing of why', async () => {
    const credentials = hash('md5', '1001', user.token);
    for (const [way, data] of [
      ['api_auth', { api_key: 'unknown' }],
      ['user_auth', { credentials: hash('md5', '1001', 'wrong'), account_name: ACCOUNT }],
      ['user_auth', { credentials: hash('md5', '1002', user.token), account_name: ACCOUNT }],
      ['user_auth', { credentials, account_name: 'other.com' }],
      ['user_auth', { credentials, account_name: ACCOUNT, method: 'sha' }],
      ['user_auth', { credentials }],
      ['user_auth', { credentials, phone_number: '+15551001' }],
    ] as const) {
      const { status, body } = await logIn(way, data);
      expect(status, JSON.stringify(data)).to.equal(401);
      expect(unwrapped(body)).to.deep.equal({
        data: { message: 'invalid credentials' },
        error: '401',
        message: 'invalid_credentials',
        status: 'error',
      });
    }
  });

  it('say what is wrong with a request', async () => {
    for (const [way, data, field] of [
      ['api_auth', {}, 'api_key'],
      ['api_auth', { api_key: 5 }, 'api_key'],
      ['api_auth', { api_key: 'a', method: 'md5' }, 'method'],
      ['user_auth', { account_name: ACCOUNT }, 'credentials'],
      ['user_auth', { credentials: 'a', method: 'sha256' }, 'method'],
    ] as const) {
      const { status, body } = await logIn(way, data);
      expect(status).to.equal(400);
      expect(body.data).to.have.keys(field);
    }
    const { status, headers } = await asking(api)('GET', '/v2/api_auth');
    expect(status).to.equal(405);
    expect(headers['allow']).to.equal('PUT');
  });

  it('write neither key, hash nor token into the log', () => {
    const log = api.lines.join('\n');
    expect(log).to.include('/v2/user_auth');
    for (const secret of [user.token, hash('md5', '1001', user.token), ADMIN_TOKEN, 'mfs_']) {
      expect(log).not.to.include(secret);
    }
  });
});
