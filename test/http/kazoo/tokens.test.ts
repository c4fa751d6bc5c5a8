import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import request from 'supertest';
import { listen } from '../../../src/http/server.js';
import { ADMIN_TOKEN, asking, startApi, unwrapped, type Api, type Ask } from '../../support/api.js';

describe('tokens', () => {
  let api: Api;
  let ask: Ask;

  before(async () => {
    api = await startApi();
    ask = asking(api, ADMIN_TOKEN);
  });
  after(() => api.close());

  it('are made once, listed without their secret, and deleted', async () => {
    const grant = { account: 'a', role: 'user', user: '1001' };
    const made = (await ask('POST', '/v2/tokens', { data: grant })).body.data;
    const { id, token, created_at } = made as Record<string, string>;
    expect(made).to.deep.equal({ id, token, ...grant, created_at });
    const { body } = await ask('GET', '/v2/tokens');
    expect(unwrapped(body, ADMIN_TOKEN)).to.deep.equal({
      status: 'success',
      data: [{ id, ...grant, created_at }],
    });

    const own = async () => (await asking(api, token)('GET', '/v2/accounts/a/users/1001/metaflows')).status;
    expect(await own()).to.equal(200);
    const deleted = await ask('DELETE', `/v2/tokens/${id ?? ''}`);
    expect(unwrapped(deleted.body, ADMIN_TOKEN)).to.deep.equal({ status: 'success', data: {} });
    expect(await own()).to.equal(401);
    expect((await ask('DELETE', `/v2/tokens/${id ?? ''}`)).status).to.equal(404);
    expect((await ask('DELETE', '/v2/tokens/admin')).status).to.equal(404);
  });

  for (const data of [
    { role: 'admin' },
    { account: '', role: 'admin' },
    { account: 'a', role: 'user' },
    { account: null, role: 'user', user: '1' },
    { account: 'a', role: 'admin', user: '1' },
    { account: 'a', role: 'root' },
    { account: 'a\n', role: 'admin' },
    { account: 'a' },
    { acount: 'a', account: 'a', role: 'admin' },
    null,
  ]) {
    it(`are not made for ${JSON.stringify(data)}`, async () => {
      const { status, body } = await ask('POST', '/v2/tokens', { data });
      expect(status).to.equal(400);
      expect(body.message).to.equal('validation error');
      expect(api.store.tokens.list()).to.deep.equal([]);
    });
  }

  it('are taken from each place where Kazoo’s clients put them, in any script', async () => {
    const path = '/v2/tokens';
    const anon = () => request(api.app);
    await anon().get(path).set('Authorization', `bearer ${ADMIN_TOKEN}`).expect(200);
    await anon().get(path).query({ auth_token: ADMIN_TOKEN }).expect(200);
    await anon().delete(`${path}/x`).send({ auth_token: ADMIN_TOKEN }).expect(404);
    await anon().get(path).set('Authorization', `Basic ${ADMIN_TOKEN}`).expect(401);
    await api.store.tokens.ensureAdminToken('ключ’');
    await anon().get(path).set('X-Auth-Token', Buffer.from('ключ’').toString('latin1')).expect(200);
    await api.store.tokens.ensureAdminToken(ADMIN_TOKEN);
  });

  it('are made, listed and deleted by npm run token too', async function () {
    this.timeout(30_000);
    const server = await listen(api.app, '127.0.0.1', 0);
    const env = {
      PATH: process.env['PATH'],
      METAFLOWS_HTTP_PORT: String(server.port),
      METAFLOWS_ADMIN_TOKEN: ADMIN_TOKEN,
    };
    const tool = async (args: string[], changes = {}) => {
      const run = promisify(execFile)(
        process.execPath,
        ['--import', 'tsx', 'src/cli/main.ts', 'token', ...args],
        {
          env: { ...env, ...changes },
        },
      );
      return run.then(
        ({ stdout }) => stdout,
        (failure: unknown) => failure as { code: number; stderr: string },
      );
    };
    try {
      const made = await tool(['create', '--account', 'a', '--role', 'user', '--user', '1001']);
      const [, id = '', token = ''] = /^id {5}(\w+)\ntoken {2}(\S+)\n/.exec(made as string) ?? [];
      expect(api.store.tokens.find(token)).to.deep.include({ tokenId: id, account: 'a', user: '1001' });
      expect(await tool(['list'])).to.equal(`${id}  a  user  1001\n`);
      expect(await tool(['delete', id])).to.equal(`deleted ${id}\n`);
      expect(api.store.tokens.list()).to.deep.equal([]);

      expect(await tool(['delete', id]))
        .to.include({ code: 1 })
        .and.to.have.property('stderr')
        .that.matches(/404/);
      expect(await tool(['create', '--role', 'admin']))
        .to.include({ code: 2 })
        .and.to.have.property('stderr')
        .that.matches(/--account or --all-accounts/);
      expect(await tool(['list'], { METAFLOWS_ADMIN_TOKEN: 'a wrong one' }))
        .to.include({ code: 1 })
        .and.to.have.property('stderr')
        .that.matches(/401 invalid credentials/)
        .and.not.to.match(/wrong/);
      expect(await tool(['list'], { METAFLOWS_HTTP_PORT: '1' })).to.deep.include({
        code: 1,
        stderr: 'there is no service at http://127.0.0.1:1\n',
      });
    } finally {
      await server.close();
    }
  });
});
