import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import { bodyFor, World } from '../support/world.js';
import { cases, heapAfter, LIMIT_MS, text } from './cases.js';
import { exchange, type Answer } from './wire.js';

const MEBIBYTE = 1024 * 1024;

describe('fuzzing the bytes of HTTP', function () {
  this.timeout(LIMIT_MS);
  let world: World;
  let port: number;

  before(async () => {
    world = await World.start();
    ({ port } = world.server);
  });
  after(() => world.close());
  afterEach(async () => {
    expect((await fetch(`${world.url}/healthz`)).status).to.equal(200);
    expect(world.api.lines.filter((line) => line.includes("level: 'error'"))).to.deep.equal([]);
  });

  const headed = (method: string, path: string, headers: Record<string, string | number>): string => {
    const { url, headers: credentials } = world.credentials(path, world.tokens.get('site admin'));
    const all = Object.entries({ Host: 'localhost', Connection: 'close', ...credentials, ...headers });
    return `${method} ${url} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  };
  const judge = ({ status, body }: Answer, what: string) => {
    if (status !== undefined) expect(status, what).to.be.within(200, 499);
    expect(body, what).not.to.match(/\n\s+at |node_modules/);
    if (status !== 200) expect(body, what).not.to.include('<html');
  };

  it('stays up whatever is sent', async () => {
    const change = fc.tuple(
      fc.constantFrom('cut', 'put', 'flip', 'repeat'),
      fc.nat(600),
      fc.oneof(
        text,
        fc.constantFrom('\r\n', '\n', '\r', '\0', ' ', '\t', ':', '\r\n\r\n', 'HTTP/1.1', '\r\n folded'),
        fc.constantFrom('Transfer-Encoding: chunked\r\n', 'Content-Length: 5\r\n', 'Content-Length: -1\r\n'),
        fc.constantFrom(
          'Transfer-Encoding: gzip, chunked\r\n',
          'Expect: 100-continue\r\n',
          'zz\r\n',
          '5;x=y\r\n',
        ),
      ),
    );
    const shape = fc.tuple(
      fc.constantFrom(...world.routes),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.array(fc.nat(600), { maxLength: 3 }),
    );
    await fc.assert(
      fc.asyncProperty(shape, async ([{ method, path: template }, changes, chunked, cuts]) => {
        const path = world.fill(template);
        const body = bodyFor(method, path) ?? '';
        const length = Buffer.byteLength(body);
        const head = headed(
          method,
          path,
          chunked ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': length },
        );
        let bytes = Buffer.from(head + (chunked ? `${length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body));
        for (const [how, at, what] of changes) {
          const place = at % bytes.length;
          const [front, back] = [bytes.subarray(0, place), bytes.subarray(place)];
          const flipped = Buffer.from(back);
          flipped[0] = (flipped[0] ?? 0) ^ (1 << (at % 8));
          if (how === 'cut') bytes = front;
          else if (how === 'put') bytes = Buffer.concat([front, Buffer.from(what), back]);
          else if (how === 'flip') bytes = Buffer.concat([front, flipped]);
          else bytes = Buffer.concat([bytes, bytes]);
          if (bytes.length === 0) bytes = Buffer.from(' ');
        }
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const pieces = places.slice(1).map((to, index) => bytes.subarray(places[index], to));
        judge(await exchange(port, pieces, true), bytes.toString());
      }),
      cases(1000),
    );
    await world.restore();
  });

  it('reads no more of a body than it may, and unpacks no more', async () => {
    const zeros = Buffer.alloc(64 * MEBIBYTE);
    const readers = world.routes.filter(({ method, path }) => method !== 'GET' && !path.startsWith('/push'));
    const bombs: [encoding: string, body: Buffer][] = [
      ['gzip', gzipSync(zeros)],
      ['br', brotliCompressSync(zeros)],
      ['identity', zeros.subarray(0, 2 * MEBIBYTE)],
      ['gzip', gzipSync(zeros).subarray(0, 1000)],
      ['gzip, gzip', gzipSync('twice')],
    ];
    const grown = await heapAfter(async () => {
      for (const { method, path: template } of new Map(
        readers.map((route) => [route.path, route]),
      ).values()) {
        const path = world.fill(template);
        for (const [encoding, body] of bombs) {
          const head = headed(method, path, {
            'Content-Encoding': encoding,
            'Content-Type': 'application/json',
            'Content-Length': body.length,
          });
          const answer = await exchange(port, [head, body]);
          judge(answer, head);
          const isRead = bodyFor(method, path) !== undefined || /^\/api/.test(path);
          const code = /<Code>(\d+)/.exec(answer.body)?.[1] ?? answer.status;
          if (isRead) expect(Number(code), head).to.be.within(300, 499);
        }
        await world.restore();
      }
    });
    expect(grown).to.be.below(32 * MEBIBYTE);
  });

  it('refuses charsets that there are not, and floods of headers', async () => {
    const path = world.fill('/v2/accounts/:account/metaflows');
    for (const charset of [
      'x-none',
      'utf-7',
      '"',
      '../../utf-8',
      '__proto__',
      'constructor',
      'a'.repeat(2000),
    ]) {
      const type = `application/json; charset=${charset}`;
      const answer = await exchange(port, [
        headed('POST', path, { 'Content-Type': type, 'Content-Length': 2 }),
        '{}',
      ]);
      judge(answer, charset);
      expect(answer.status, charset).to.be.within(400, 499);
    }
    const many = Array.from({ length: 3000 }, (_, n) => [`X-${n}`, 'y'] as const);
    for (const headers of [many, [['X-Long', 'y'.repeat(17_000)] as const]]) {
      const { status } = await exchange(port, [headed('GET', path, Object.fromEntries(headers))]);
      expect(status).to.equal(431);
    }
  });

  it('answers others while hundreds are slow, and keeps nothing of those when they have gone', async () => {
    const path = world.fill('/v2/accounts/:account/metaflows');
    const slow: Socket[] = [];
    const grown = await heapAfter(async () => {
      for (let n = 0; n < 400; n++) {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => undefined);
        await once(socket, 'connect');
        socket.write(n % 2 === 0 ? 'GET /v2/to' : headed('POST', path, { 'Content-Length': 100_000 }));
        slow.push(socket);
      }
      for (const socket of slow) socket.write('x');
      const { status } = await world.ask('GET', path, world.tokens.get('admin'));
      expect(status).to.equal(200);
      const gone = slow.map((socket) => once(socket, 'close'));
      for (const socket of slow) socket.resetAndDestroy();
      await Promise.all(gone);
    });
    expect(grown).to.be.below(16 * MEBIBYTE);
  });
});
