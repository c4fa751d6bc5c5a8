import { expect } from 'chai';
import fc from 'fast-check';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ACCOUNT, bodyFor, HOLDERS, World } from '../support/world.js';
import { cases, LIMIT_MS, prototypeKey, text } from './cases.js';
import { exchange, type Answer } from './wire.js';

const folder = new URL('../../schemas/', import.meta.url);
const SCHEMAS = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as unknown);

/** Every key, and every value out of a list, that any schema knows: what else is refused at the door. */
const [KEYS, VALUES] = [new Set<string>(['data', 'command', 'CallId', 'auth_token']), new Set<unknown>()];
(function gather(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return;
  const { properties, enum: values, const: only } = schema as Record<string, object | undefined>;
  for (const key of Object.keys(properties ?? {})) KEYS.add(key);
  for (const value of [values ?? [], only ?? []].flat() as unknown[]) VALUES.add(value);
  Object.values(schema).forEach(gather);
})(SCHEMAS);

const key = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...KEYS) }, prototypeKey, text);
const scalar = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...VALUES) },
  text,
  fc.integer(),
  fc.double(),
  fc.constantFrom(
    null,
    true,
    false,
    0,
    -1,
    2 ** 53,
    1e308,
    -0,
    'http://127.0.0.1:1/',
    '2026-01-01T00:00:00Z',
  ),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs)),
  ),
}));

/** What may be done to a text of JSON. */
const spoilt = (json: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 6, arbitrary: json },
    fc.tuple(json, fc.nat(200)).map(([body, at]) => body.slice(0, at)),
    fc.tuple(json, fc.nat(200), text).map(([body, at, more]) => body.slice(0, at) + more + body.slice(at)),
    json.map((body) => body.replace(/\d+/g, '1e999')),
    json.map((body) => body.replace(/^\{/, '{"data":1,"data":{"__proto__":{"role":"admin"}},')),
    json.map((body) => `\ufeff${body}`),
    fc.nat(3000).map((depth) => `${'{"data":'.repeat(depth)}1${'}'.repeat(depth)}`),
    fc.nat(3000).map((depth) => '['.repeat(depth)),
    fc.nat(200_000).map((length) => `{"data":"${'x'.repeat(length)}"}`),
    fc
      .nat(20_000)
      .map((count) => `{"data":{${Array.from({ length: count }, (_, n) => `"k${n}":1`).join()}}}`),
  );

const percent = (name: string) => encodeURIComponent(Buffer.from(name).toString());
const segment = fc.oneof(
  text.map((name) => percent(name.slice(0, 400))),
  fc.constantFrom(
    '%',
    '%zz',
    '%ff',
    '%c0%ae%c0%ae',
    '%00',
    '%2f',
    '%2e%2e',
    '%ed%a0%80',
    '%0d%0a',
    ';a=b',
    '*',
    '%e2%80%ae',
  ),
);
const query = fc
  .array(
    fc.tuple(
      fc.oneof(
        key,
        fc.constantFrom(
          'accept',
          'page[size]',
          'filter[from]',
          'limit',
          'pageToken',
          'start_key',
          'Username',
          'Password',
          'expires',
          'signature',
          'inline',
        ),
      ),
      fc.oneof(text, fc.constantFrom('1', '0', '-1', '99999999999999', 'audio/*', 'text/csv', 'true')),
    ),
    { maxLength: 4 },
  )
  .map((pairs) => pairs.map(([name, given]) => `${percent(name)}=${percent(given)}`).join('&'));

/** Bytes that a header may hold; Node itself refuses others (below). */
const headerValue = fc.oneof(text, fc.string({ unit: 'binary' })).map((line) =>
  Buffer.from(line)
    .toString('latin1')
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, ''),
);
const header = fc.oneof(
  fc.tuple(
    fc.constantFrom('Content-Type'),
    fc.constantFrom(
      'application/json',
      'text/plain; charset=utf-16',
      'application/json; charset=x-none',
      'multipart/form-data; boundary=',
      'application/x-www-form-urlencoded',
      '',
      ';;;',
    ),
  ),
  fc.tuple(
    fc.constantFrom('Content-Encoding'),
    fc.constantFrom('gzip', 'deflate', 'br', 'zstd', 'gzip, gzip', 'identity'),
  ),
  fc.tuple(
    fc.constantFrom(
      'Range',
      'If-Range',
      'If-Match',
      'If-None-Match',
      'If-Modified-Since',
      'If-Unmodified-Since',
    ),
    fc.oneof(
      headerValue,
      fc.constantFrom(
        'bytes=0-0',
        'bytes=-1',
        'bytes=9-1',
        'bytes=0-1,2-3,4-',
        'bytes=99999999999-',
        '*',
        '"x"',
      ),
    ),
  ),
  fc.tuple(
    fc.constantFrom(
      'Accept',
      'Accept-Language',
      'Accept-Encoding',
      'Cookie',
      'Origin',
      'X-Forwarded-For',
      'Forwarded',
      'Last-Event-ID',
      'X-HTTP-Method-Override',
      'Upgrade',
      'Referer',
      'Authorization',
      'X-Auth-Token',
      'Host',
    ),
    headerValue,
  ),
  fc.tuple(
    fc.constantFrom('Accept'),
    fc.constantFrom('audio/*', 'text/csv', '*/*;q=0', 'audio/wav;q=2', 'application/json;'.repeat(50)),
  ),
  fc.tuple(
    fc.constantFrom('Authorization'),
    fc.constantFrom(
      'Basic',
      'Basic !!!',
      'Basic OjpAOg==',
      'Bearer',
      'Bearer  ',
      'AccessKey \xff',
      'Digest a="b"',
    ),
  ),
);

interface Sent {
  method: string;
  path: string;
  holder: string;
  headers: (readonly [string, string])[];
  body: string;
}

/** What stands for one parameter of a path at a time. */
const NAMES: ((name: string) => string)[] = [
  ...[
    '__proto__',
    'constructor',
    'toString',
    '..',
    '*',
    '%',
    '%zz',
    '%ff',
    '%00',
    '%0d%0a',
    '%2e%2e%2fescaped',
  ],
  ...['%ed%a0%80', 'a'.repeat(400), '%f0%9f%92%a5'],
].map((other) => () => other);
NAMES.push(
  ...['.constructor', '.__proto__', '.wav', '%00', '%2f..', '/..', '/'].map(
    (end) => (name: string) => name + end,
  ),
);

/** In which words each system tells an error; Ozeki has a code for it in an answer that is none. */
const FORMS: [path: RegExp, isOne: (answer: Answer) => boolean][] = [
  [/^\/v2\/(calls|recordings)(\/|$)/i, ({ body }) => Array.isArray(json(body)['errors'])],
  [/^\/workspaces(\/|$)/i, ({ body }) => typeof json(body)['code'] === 'string'],
  [/^\/(api\/v2|notifications)(\/|$)/i, ({ body }) => typeof json(body)['statusCode'] === 'number'],
  [/^\/phones/i, ({ body }) => json(body)['error'] !== undefined],
  [/^\/api\/?$/i, () => false],
  [/^/, ({ body }) => json(body)['status'] === 'error' && typeof json(body)['request_id'] === 'string'],
];

describe('fuzzing HTTP', function () {
  this.timeout(LIMIT_MS);
  let world: World;

  before(async () => {
    world = await World.start();
  });
  after(() => world.close());
  afterEach(async () => {
    expect((await fetch(`${world.url}/healthz`)).status).to.equal(200);
    const { recordingsMount } = world.api;
    expect(existsSync('/tmp/escaped')).to.equal(false);
    expect(readdirSync(dirname(recordingsMount))).to.have.members(['db', 'recordings']);
    expect(readdirSync(recordingsMount)).to.deep.equal([ACCOUNT]);
    const below = readdirSync(join(recordingsMount, ACCOUNT), { recursive: true }).map(String);
    for (const path of below) expect(path).to.match(/^\d{4}(\/\d\d(\/\d\d(\/\d{6}-[0-9a-f]{32}\.wav)?)?)?$/);
  });

  /** A clear answer, and nothing of how it came about. */
  const judge = ({ method, path }: Pick<Sent, 'method' | 'path'>, answer: Answer) => {
    const { status, headers, body } = answer;
    const what = `${method} ${path} → ${status}: ${body.slice(0, 500)}`;
    expect(status, what).to.be.within(200, 499);
    expect(body, what).not.to.match(/\n\s+at |node_modules|\/src\/|\.ts:\d/);
    expect(headers.get('x-content-type-options'), what).to.equal('nosniff');
    for (const name of ['x-powered-by', 'server', 'access-control-allow-origin'])
      expect(headers.has(name), what).to.equal(false);
    if (status! >= 400 && method !== 'HEAD') {
      const [pathname = ''] = path.split('?');
      const [, isOne] = FORMS.find(([pattern]) => pattern.test(pathname))!;
      expect(isOne(answer), what).to.equal(true);
    }
    const failed = world.api.lines.filter((line) => line.includes("level: 'error'"));
    expect(failed, what).to.deep.equal([]);
    world.api.lines.length = 0;
  };

  const requestOf = ({ method, path, holder, headers, body }: Sent): string => {
    const { url, headers: credentials } = world.credentials(path, world.tokens.get(holder));
    const all = new Map([['Host', 'localhost'], ...Object.entries(credentials), ...headers]);
    all.set('Connection', 'close').set('Content-Length', String(Buffer.byteLength(body)));
    return `${method} ${url} HTTP/1.1\r\n${[...all].map(([name, line]) => `${name}: ${line}\r\n`).join('')}\r\n`;
  };
  const send = (sent: Sent) =>
    exchange(world.server.port, [Buffer.from(requestOf(sent), 'latin1'), sent.body]);

  it('answers clearly to every parameter of every route that is no name of anything', async () => {
    for (const { method, path: template } of world.routes) {
      const parameters = template.match(/:\w+/g) ?? [];
      for (let at = 0; at < parameters.length; at++) {
        for (const change of NAMES) {
          const path = world.fill(template, [
            ...Array.from({ length: at }, () => (name: string) => name),
            change,
          ]);
          const body = bodyFor(method, path) ?? '';
          const answer = await send({ method, path, holder: 'site admin', headers: [], body });
          judge({ method, path }, answer);
          if (answer.status! < 300 && method === 'DELETE') await world.restore();
        }
      }
    }
  });

  it('answers clearly to every route, whatever is in the path, the query, the headers and the body', async () => {
    const part = fc.oneof(
      { weight: 6, arbitrary: fc.constant((name: string) => name) },
      { weight: 2, arbitrary: segment.map((other) => () => other) },
      segment.map((other) => (name: string) => `${name}.${other}`),
      segment.map((other) => (name: string) => other + name),
    );
    const sent = fc.tuple(
      fc.constantFrom(...world.routes),
      fc.array(part, { minLength: 4, maxLength: 4 }),
      fc.option(query),
      fc.constantFrom(...HOLDERS),
      fc.array(header, { maxLength: 4 }),
      fc.option(spoilt(value.map((data) => JSON.stringify(data)))),
      fc.constantFrom(
        'HEAD',
        'OPTIONS',
        'TRACE',
        'PURGE',
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
      ),
      fc.option(key),
    );
    await fc.assert(
      fc.asyncProperty(sent, async ([route, parts, asked, holder, headers, given, other, added]) => {
        const method = other ?? route.method;
        const path = world.fill(route.path, parts) + (asked === null ? '' : `?${asked}`);
        const usual = bodyFor(method, path, world.tokens.get(holder)) ?? '{}';
        const body = given ?? withKey(usual, added);
        const before = await world.state();
        const answer = await send({ method, path, holder, headers, body: method === 'TRACE' ? '' : body });
        judge({ method, path }, answer);
        if (answer.status! >= 400) expect(await world.state()).to.equal(before);
        else if ((await world.state()) !== before) await world.restore();
      }),
      cases(1500),
    );
  });
});

function json(body: string): Record<string, unknown> {
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** The body with one key more, in it or in its data. */
function withKey(body: string, added: string | null): string {
  return added === null
    ? body
    : body.replace(/\{(?=[^{]*$)/, `{${JSON.stringify(added)}:${JSON.stringify(added)},`);
}
