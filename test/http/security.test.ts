import crypto, { createHash } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { expect } from 'chai';
import { ACCOUNT, bodyFor, World } from '../support/world.js';

/** What helmet says (its README), by which a browser lets no other page frame, sniff or embed what is answered. */
const HEADERS = {
  'content-security-policy': /default-src '(self|none)'/,
  'strict-transport-security': /max-age=\d{8}/,
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^SAMEORIGIN$/,
  'referrer-policy': /^no-referrer$/,
  'cross-origin-opener-policy': /^same-origin$/,
  'cross-origin-resource-policy': /^same-origin$/,
};
const SECRET = 'what only the inside knows';

describe('what every route has', () => {
  let world: World;

  before(async () => {
    world = await World.start();
  });
  after(() => world.close());

  it('security headers, and no leave for other pages, also where one asks for it', async () => {
    const origin = { Origin: 'https://elsewhere.test' };
    const preflight = {
      'Access-Control-Request-Method': 'PUT',
      'Access-Control-Request-Headers': 'X-Auth-Token',
    };
    const paths = new Set(world.routes.map(({ path }) => world.fill(path)));
    for (const path of [...paths, '/none', '/v2/none', '/notifications/none']) {
      for (const [method, more] of [
        ['GET', {}],
        ['POST', {}],
        ['OPTIONS', preflight],
      ] as const) {
        const { headers } = await world.ask(method, path, undefined, undefined, { ...origin, ...more });
        const what = `${method} ${path}`;
        for (const [name, value] of Object.entries(HEADERS)) expect(headers.get(name), what).to.match(value);
        headers.forEach((_, name) => expect(name, what).not.to.match(/^access-control-/));
        expect(headers.has('x-powered-by'), what).to.equal(false);
      }
    }
  });

  it('a clear answer where the inside fails, which says nothing of the inside', async () => {
    const { tokens } = world.api.store;
    const find = tokens.find.bind(tokens);
    tokens.find = () => {
      throw new Error(SECRET);
    };
    try {
      let failed = 0;
      for (const { method, path: template } of world.routes) {
        const path = world.fill(template);
        const { status, text } = await world.ask(
          method,
          path,
          world.tokens.get('site admin'),
          bodyFor(method, path, 'x'),
        );
        if (status >= 500) failed++;
        expect(text, `${method} ${path}`)
          .to.not.include(SECRET)
          .and.not.match(/\n\s+at |node_modules|\.ts:\d/);
      }
      expect(failed).to.be.above(80);
      expect(world.api.lines.join()).to.include(SECRET);
    } finally {
      tokens.find = find;
      world.api.lines.length = 0;
    }
  });
});

describe('secrets', () => {
  const compared: [string, string][] = [];
  const { timingSafeEqual } = crypto;
  let world: World;

  before(async () => {
    world = await World.start();
    crypto.timingSafeEqual = (a, b) => {
      const hex = (bytes: NodeJS.ArrayBufferView) =>
        Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
      compared.push([hex(a), hex(b)]);
      return timingSafeEqual(a, b);
    };
    syncBuiltinESMExports();
  });
  after(async () => {
    crypto.timingSafeEqual = timingSafeEqual;
    syncBuiltinESMExports();
    await world.close();
  });

  const digest = (algorithm: 'sha256' | 'md5', text: string) =>
    createHash(algorithm).update(text).digest('hex');
  /** The same but for its last character. */
  const wrong = (text: string) => text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A');

  for (const [system, method, path] of [
    ['Kazoo', 'GET', `/v2/accounts/${ACCOUNT}/channels`],
    ['Telnyx', 'GET', '/v2/recordings'],
    ['Bird', 'GET', `/workspaces/${ACCOUNT}/recordings`],
    ['Ozeki', 'GET', '/api?command=Record&CallId=leg-a'],
    ['Genesys', 'POST', '/api/v2/me/calls/leg-a'],
  ] as const) {
    it(`are compared as hashes, in the same time wherever they differ: ${system}’s tokens`, async () => {
      for (const holder of ['user 1001', 'site admin']) {
        const token = world.tokens.get(holder)!;
        compared.length = 0;
        const { text, status } = await world.ask(method, path, wrong(token), bodyFor(method, path));
        expect(/<Code>(\d+)/.exec(text)?.[1] ?? String(status)).to.match(/^(401|305)$/);
        expect(compared).to.deep.include([digest('sha256', wrong(token)), digest('sha256', token)]);
      }
    });
  }

  it('are compared so in logins, and in the sessions that these give', async () => {
    const token = world.tokens.get('user 1001')!;
    const logIn = (hash: string) =>
      world.ask(
        'PUT',
        '/v2/user_auth',
        undefined,
        JSON.stringify({ data: { account_name: ACCOUNT, credentials: hash } }),
      );
    const right = digest('md5', `1001:${token}`);
    compared.length = 0;
    expect((await logIn(wrong(right))).status).to.equal(401);
    expect(compared).to.deep.include([digest('sha256', wrong(right).toLowerCase()), digest('sha256', right)]);

    const { auth_token: session } = JSON.parse((await logIn(right)).text) as { auth_token: string };
    const path = `/v2/accounts/${ACCOUNT}/users/1001/channels`;
    compared.length = 0;
    expect((await world.ask('GET', path, wrong(session))).status).to.equal(401);
    const ofSession = compared.length;
    compared.length = 0;
    expect((await world.ask('GET', path, 'mfs_0000000000000000_x')).status).to.equal(401);
    expect(ofSession).to.equal(compared.length + 1);
    expect((await world.ask('GET', path, session)).status).to.equal(200);
  });
});
