import { createHash } from 'node:crypto';
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect } from 'chai';
import request from 'supertest';
import { PushInbox } from '../../src/delivery/push.js';
import { uuidOf } from '../../src/http/library.js';
import type { Document } from '../../src/http/openapi/document.js';
import { consoleRouter } from '../../src/http/console.js';
import { phonesRouter, type Phones } from '../../src/http/phones.js';
import { pushRouter } from '../../src/http/push.js';
import { ADMIN_TOKEN, startApi, type Api } from '../support/api.js';
import { channel } from '../support/channels.js';
import { finished } from '../support/finished.js';
import { operationsOf, responseOf, schemasOf } from '../support/openapi.js';
import { routesOf } from '../support/routes.js';

describe('the description of the API', () => {
  let api: Api;
  let document: Document;

  before(async () => {
    api = await startApi({
      phones: phonesRouter({} as Phones, { find: () => undefined }),
      console: consoleRouter('/none'),
      push: pushRouter(new PushInbox({ mount: '/none', url: 'http://api.test' })),
    });
    document = (await request(api.app).get('/openapi.json')).body as Document;
  });
  after(() => api.close());

  it('has every route, and nothing else', async () => {
    const routes = (await routesOf(api.app)).map(
      ({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`,
    );
    const described = operationsOf(document).map(({ method, path }) => `${method} ${path}`);
    expect(described).to.have.members(routes);
  });

  it('is valid OpenAPI 3.1, and so is every schema in it', async () => {
    expect(await new Validator().validate({ ...document })).to.deep.equal({ valid: true });
    const ids = operationsOf(document).map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).to.equal(ids.length);
    const schemas = schemasOf(document);
    for (const name of Object.keys(document.components.schemas)) {
      schemas.compile({ $ref: `#/components/schemas/${name}` });
    }
  });

  it('says how the file of a recording is refused', async () => {
    const { status, body } = (await request(api.app).put('/push/none?expires=1&signature=x').send('x')) as {
      status: number;
      body: object;
    };
    expect(status).to.equal(403);
    const { operation } = operationsOf(document).find(({ path }) => path === '/push/{id}')!;
    const { content } = responseOf(document, operation, status)!;
    schemasOf(document).valid(content!['application/json']!.schema, body, 'push');
  });

  it('says who may do what', async () => {
    const make = async (role: 'admin' | 'viewer' | 'user') => {
      const user = role === 'user' && { user: '1001' };
      return (await api.store.tokens.create({ account: 'example.com', role, ...user })).token;
    };
    const holders = {
      'site admin': ADMIN_TOKEN,
      admin: await make('admin'),
      user: await make('user'),
      viewer: await make('viewer'),
    };
    api.calls.legs.push(channel('leg'));
    for (const { path, method, operation } of operationsOf(document)) {
      const [schemes = {}] = operation.security;
      const [roles] = Object.values(schemes);
      for (const [role, token] of Object.entries(holders)) {
        if (!roles) continue;
        const isStream = operation.operationId.startsWith('getEvents');
        const { status, text } = await asked(path, isStream ? 'HEAD' : method, token);
        const isForbidden = status === 403 || (path === '/api' && text.includes('<Code>306<'));
        const may = roles.includes(role) || (role === 'site admin' && roles.includes('admin'));
        expect(isForbidden, `${operation.operationId} ${role}: ${status}`).to.equal(!may);
      }
    }
  });

  async function asked(
    path: string,
    method: string,
    token: string,
  ): Promise<{ status: number; text: string }> {
    const values: Record<string, string> = {
      account: 'example.com',
      workspace: 'example.com',
      user: '1001',
      id: path.includes('recordings') ? uuidOf(await finished(api, 0, { size: 1 })) : 'leg',
    };
    const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? 'x');
    const query = { command: 'Record', Username: '1001@example.com', Password: token };
    const asking = request(api.app)[method.toLowerCase() as 'get'](target).set('X-Auth-Token', token);
    if (target.startsWith('/api/v2') || target.startsWith('/notifications')) {
      void asking.auth('1001@example.com', token);
    }
    if (target === '/api') void asking.query(query);
    return method === 'POST' && target.startsWith('/api/v2')
      ? asking.send({ operationName: 'StartCallRecording' })
      : asking;
  }
});

describe('the page about the API', () => {
  let api: Api;
  let text: string;
  let policy: string;

  before(async () => {
    api = await startApi();
    const page = await request(api.app).get('/docs');
    text = page.text;
    policy = page.headers['content-security-policy']!;
  });
  after(() => api.close());

  it('has every operation and every schema, and each link leads somewhere', async () => {
    const document = (await request(api.app).get('/openapi.json')).body as Document;
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).to.equal(ids.length);
    expect(ids).to.include.members(operationsOf(document).map(({ operation }) => operation.operationId));
    expect(ids).to.include.members(Object.keys(document.components.schemas));
    const links = [...text.matchAll(/ href="#([^"]+)"/g)].map(([, id]) => id);
    expect(ids).to.include.members(links);
  });

  it('loads nothing, and runs no script', () => {
    expect(policy).to.match(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    expect(text).not.to.match(/<script|<link|<img|<iframe| src=| style="| on\w+="/);
    const hash = /<style>([^]*?)<\/style>/.exec(text)![1]!;
    expect(policy).to.include(createHash('sha256').update(hash).digest('base64'));
  });

  it('shows what stands in a schema as it is, and not as HTML', () => {
    expect(text).to.include('&lt;32 hex digits&gt;');
  });
});
