import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import express, { Router } from 'express';
import helmet from 'helmet';
import request from 'supertest';
import { phonesRouter, type Phones } from '../../src/http/phones.js';
import { listen } from '../../src/http/server.js';
import type { Principal } from '../../src/store/tokens.js';
import { ADMIN_TOKEN, asking, startApi, unwrapped, type Api } from '../support/api.js';

const BOB = '/v2/accounts/example.com/users/1001/metaflows';

describe('HTTP app', () => {
  let api: Api;
  let ready: { ready: boolean; reason?: string };

  before(async () => {
    const phones = Router().get('/1001', (_req, res) => {
      res.json({ phone: '1001' });
    });
    api = await startApi({ status: () => ready, phones });
  });
  beforeEach(() => {
    ready = { ready: true };
  });
  after(() => api.close());

  it('says that it is alive, and whether it is ready', async () => {
    await request(api.app).get('/healthz').expect(200);
    await request(api.app).get('/readyz').expect(200, { status: 'ready' });
    ready = { ready: false, reason: 'no switch is connected' };
    await request(api.app).get('/healthz').expect(200);
    await request(api.app)
      .get('/readyz')
      .expect(503, { status: 'not ready', reason: 'no switch is connected' });
  });

  it('has the simulated phones where there are some', async () => {
    await request(api.app).get('/phones/1001').expect(200, { phone: '1001' });
  });

  it('has the simulated phones do what phones can, and nothing that every object can', async () => {
    const phones = phonesRouter({ call: (from, to) => Promise.resolve(`${from} ${to}`) } as Phones, {
      find: () => undefined,
    });
    const own = await startApi({ phones });
    const post = (action: string) =>
      request(own.app)
        .post(`/phones/${action}`)
        .send({ arguments: ['1', '2'] });
    await post('call').expect(200, { happened: '1 2' });
    for (const action of ['toString', 'constructor', '__proto__', 'fly']) await post(action).expect(404);
    await own.close();
  });

  it('lets a page drive the phones with the token of a site admin alone', async () => {
    const tokens = new Map<string, Principal>([
      ['site', { account: null, role: 'admin', tokenId: 's' }],
      ['account', { account: 'demo', role: 'admin', tokenId: 'a' }],
    ]);
    const phones = phonesRouter({ hangup: (user) => Promise.resolve(user) } as Phones, {
      find: (token) => tokens.get(token),
    });
    const own = await startApi({ phones });
    const post = (token: string) =>
      request(own.app)
        .post('/phones/hangup')
        .set({ Origin: 'http://elsewhere.test', 'X-Auth-Token': token })
        .send({ arguments: ['1001'] });
    await post('site').expect(200, { happened: '1001' });
    for (const token of ['account', 'none']) await post(token).expect(403);
    await own.close();
  });

  it('tells Prometheus what it counts', async () => {
    await asking(api)('GET', BOB);
    const { text, headers } = await request(api.app).get('/metrics').expect(200);
    expect(headers['content-type']).to.match(/^text\/plain; version=0\.0\.4/);
    expect(text).to.match(/^metaflows_http_requests_total\{method="GET",status="401"\} [1-9]/m);
    expect(text).not.to.include('1001');
  });

  it('lets no cache keep an answer, and does not say what it is made of', async () => {
    const { headers } = await asking(api, ADMIN_TOKEN)('GET', '/v2/tokens');
    expect(headers).to.include({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    expect(headers).not.to.include.keys('x-powered-by');
  });

  it('says of every answer what helmet does', async () => {
    const { headers } = await request(express().use(helmet(), (_req, res) => void res.end())).get('/');
    const { date, connection, 'content-length': length, ...said } = headers as Record<string, string>;
    expect([date, connection, length].every(Boolean)).to.equal(true);
    expect(Object.keys(said)).to.include('content-security-policy').and.have.length.above(10);
    for (const path of ['/healthz', BOB, '/nowhere']) {
      expect((await request(api.app).get(path)).headers, path).to.include(said);
    }
  });

  it('lets pages of the sites that are configured call it, and no other', async () => {
    const open = await startApi({ corsOrigins: ['https://crm.test'] });
    try {
      const preflight = (origin: string) =>
        request(open.app).options(BOB).set({
          Origin: origin,
          'Access-Control-Request-Method': 'POST',
          'Access-Control-Request-Headers': 'x-auth-token',
        });
      const { headers } = await preflight('https://crm.test').expect(204);
      expect(headers['access-control-allow-origin']).to.equal('https://crm.test');
      expect(headers['access-control-allow-methods']).to.include('POST');
      expect(headers['access-control-allow-headers']).to.equal('x-auth-token');
      expect(headers).not.to.have.property('access-control-allow-credentials');
      expect((await preflight('https://elsewhere.test')).headers).not.to.have.property(
        'access-control-allow-origin',
      );
    } finally {
      await open.close();
    }
  });

  it('refuses more requests than the limit, but still says that it is alive', async () => {
    const limited = await startApi({ requestsPerMinute: 2 });
    try {
      const ask = asking(limited);
      expect((await ask('GET', BOB)).status).to.equal(401);
      expect((await ask('GET', BOB)).status).to.equal(401);
      const { status, body, headers } = await ask('GET', BOB);
      expect(status).to.equal(429);
      expect(headers['retry-after']).to.match(/^\d+$/);
      expect(unwrapped(body)).to.deep.equal({
        data: { message: 'too many requests' },
        error: '429',
        message: 'too_many_requests',
        status: 'error',
      });
      await request(limited.app).get('/healthz').expect(200);
    } finally {
      await limited.close();
    }
  });

  it('logs a line for each request, and no token or password in any', async () => {
    const { token } = await api.store.tokens.create({ account: 'example.com', role: 'admin' });
    const ask = asking(api, token);
    await ask('POST', BOB, `{"data": ${token}`);
    await ask('POST', BOB, { data: token, auth_token: token });
    await ask('GET', `${BOB}?auth_token=${token}&Password=hunter2`);
    await ask('GET', `/v2/accounts/%zz?auth_token=${token}`);
    await ask('GET', `/nothing?auth_token=${token}`);
    await asking(api, 'mf_wrong')('GET', BOB);
    await request(api.app).get(BOB).set('Authorization', `Bearer ${token}`);
    const { data } = (
      await asking(api, ADMIN_TOKEN)('POST', '/v2/tokens', { data: { account: 'a', role: 'admin' } })
    ).body;
    const { body } = await ask('GET', BOB);
    const log = api.lines.join('\n');
    expect(api.lines.filter((line) => line.includes(body.request_id))).to.have.length(1);
    expect(log).to.include('/v2/accounts/example.com/users/1001/metaflows');
    for (const secret of [token, ADMIN_TOKEN, 'mf_wrong', 'hunter2', data['token']]) {
      expect(log).not.to.include(secret);
    }
  });
});

describe('HTTP server', () => {
  it('ends idle connections at once when it closes, and answers what it had begun', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const api = await startApi({
      phones: Router().get('/slow', async (_req, res) => {
        reached();
        await held;
        res.json({});
      }),
    });
    let reached = (): void => undefined;
    const begun = new Promise<void>((resolve) => (reached = resolve));
    const server = await listen(api.app, '127.0.0.1', 0);
    const open = (path: string) => {
      const socket = connect(server.port, '127.0.0.1');
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      return socket;
    };
    const idle = open('/healthz');
    expect(String(await once(idle, 'data'))).to.match(/^HTTP\/1.1 200 /);
    const busy = open('/phones/slow');
    await begun;
    const closed = server.close();
    await once(idle.resume(), 'close');
    release();
    expect(String(await once(busy, 'data'))).to.match(/^HTTP\/1.1 200 /);
    await closed;
    await api.close();
  });

  it('cuts off who says nothing when it closes', async () => {
    const api = await startApi();
    const server = await listen(api.app, '127.0.0.1', 0);
    const silent = connect(server.port, '127.0.0.1');
    await once(silent, 'connect');
    const cut = once(silent.resume(), 'close');
    await server.close();
    await cut;
    await api.close();
  });

  it('answers to a target that names the server, and to one that is no URL', async () => {
    const api = await startApi();
    const server = await listen(api.app, '127.0.0.1', 0);
    const ask = async (target: string): Promise<string> => {
      const socket = connect(server.port, '127.0.0.1');
      socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      return String(Buffer.concat((await socket.toArray()) as Buffer[]));
    };
    expect(await ask(`http://localhost${BOB}`)).to.match(/^HTTP\/1.1 401 /);
    expect(await ask('http://localhost:1/api?command=Record')).to.include('<Code>304</Code>');
    for (const target of ['http://[::1/api', 'http://x:99999/api?command=Record', '*', 'a://b']) {
      const answer = await ask(target);
      expect(answer).to.match(/^HTTP\/1.1 404 /);
      expect(answer).to.include('"message":"not_found"');
    }
    expect(api.lines.join()).not.to.include("level: 'error'");
    await server.close();
    await api.close();
  });

  it('rejects where the port is taken', async () => {
    const api = await startApi();
    const server = await listen(api.app, '127.0.0.1', 0);
    const failure = await listen(api.app, '127.0.0.1', server.port).catch((error: unknown) => error);
    expect(failure).to.include({ code: 'address_unusable' });
    await server.close();
    await api.close();
  });
});
