import { expect } from 'chai';
import fc from 'fast-check';
import { isMetaflowsError } from '../../src/errors.js';
import { Connection, type ConnectionOptions } from '../../src/switch/connection.js';
import { eventFrame, EventSocket, PASSWORD, standard, type Peer } from '../support/eventSocket.js';
import { capturingLog } from '../support/log.js';
import { cases, heapAfter, LIMIT_MS, text } from './cases.js';

const MEBIBYTE = 1024 * 1024;
const GREETING = 'Content-Type: auth/request\n\n';
/** What a switch that breaks its word may cost: whoever asked is told, and nothing else is thrown. */
const TOLD = [
  'connection_lost',
  'switch_timeout',
  'switch_down',
  'switch_refused',
  'auth_refused',
  'acl_refused',
];

const length = fc.oneof(
  fc.integer({ min: -5, max: 400 }).map(String),
  fc.constantFrom('-1', '+5', '0x10', '1e3', ' 7', '7 ', '', 'x', '1, 2', '٣', '007', '9'.repeat(30)),
  fc.constantFrom(String(2 ** 30), String(2 ** 31), String(2 ** 53), String(64 * MEBIBYTE)),
);
const header = fc.oneof(
  length.map((bytes) => `Content-Length: ${bytes}`),
  fc
    .constantFrom(
      ...['text/event-json', 'text/event-plain', 'text/event-xml', 'api/response', 'command/reply'],
      ...['auth/request', 'text/disconnect-notice', 'text/rude-rejection', 'log/data', '', '__proto__'],
    )
    .map((type) => `Content-Type: ${type}`),
  fc
    .tuple(fc.constantFrom('Reply-Text', 'Event-Name', 'X', '__proto__', 'Content-Type'), text)
    .map((pair) => pair.join(': ')),
  fc.constantFrom(
    'content-length: 5',
    'Content-Length:5',
    ': x',
    'X',
    'X : y',
    'X: \0',
    `X: ${'x'.repeat(20_000)}`,
    '\r',
  ),
  text,
);
const body = fc.oneof(
  text.map((given) => Buffer.from(given)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  text.map((given) => Buffer.from(JSON.stringify({ 'Event-Name': given, 'Unique-ID': given }), 'latin1')),
  fc
    .constantFrom(
      '{}',
      'null',
      '[]',
      '"x"',
      '{"Event-Name":null}',
      '{"Event-Name":{}}',
      '\0',
      `{"a":${'['.repeat(9000)}`,
    )
    .map((json) => Buffer.from(json)),
);
const frame = fc
  .tuple(fc.array(header, { maxLength: 4 }), fc.option(body))
  .map(([lines, content]) =>
    Buffer.concat([Buffer.from(`${lines.join('\n')}\n\n`), content ?? Buffer.alloc(0)]),
  );
/** A right answer, at a wrong time or of a wrong kind. */
const answer = fc.oneof(
  { weight: 4, arbitrary: fc.constant('right' as const) },
  fc.constantFrom(
    'none' as const,
    'twice' as const,
    'other' as const,
    'greeting' as const,
    'reset' as const,
    'end' as const,
  ),
  frame,
);
type Answer = typeof answer extends fc.Arbitrary<infer T> ? T : never;
const mostly = fc.oneof({ weight: 20, arbitrary: fc.constant('right' as const) }, answer);

/** An event whose text has characters of two, three and four bytes, so that a cut may fall into one. */
const good = (n: number) => ({ 'Event-Name': 'DTMF', n, Name: 'Zoë ｶ 💥 100% \n' });

describe('fuzzing the connection to a switch', function () {
  this.timeout(LIMIT_MS);
  const { log, lines } = capturingLog();
  let socket: EventSocket;

  before(async () => {
    socket = await EventSocket.listen();
  });
  after(() => socket.close());

  const make = (options: Partial<ConnectionOptions>): Connection =>
    new Connection({ host: '127.0.0.1', port: socket.port, password: PASSWORD, log, ...options });

  /** What a promise came to: `done`, or the code with which it was rejected; anything else is thrown on. */
  const outcome = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'done',
      (error: unknown) => {
        if (isMetaflowsError(error)) return error.code;
        throw error;
      },
    );

  const reply = (peer: Peer, kind: Answer, line: string): void => {
    const right = standard({ line, headers: {} });
    const tell = (isApi: boolean) => (isApi ? peer.api(right) : peer.reply(right));
    if (Buffer.isBuffer(kind)) peer.send(kind);
    else if (kind === 'greeting') peer.send(GREETING);
    else if (kind === 'reset') peer.socket.resetAndDestroy();
    else if (kind === 'end') peer.socket.end();
    else if (kind !== 'none') {
      tell(line.startsWith('api ') === (kind !== 'other'));
      if (kind === 'twice') tell(line.startsWith('api '));
    }
  };

  /** A connection to a switch in good order does all that it is for. */
  const serves = async () => {
    socket.answer(standard, GREETING);
    const seen: unknown[] = [];
    const index = socket.peers.length;
    const connection = make({ subscribe: 'DTMF', onEvent: (event) => seen.push(event) });
    await connection.open();
    (await socket.peer(index)).event(good(0));
    expect((await connection.command('api status')).body).to.equal('+OK');
    expect(seen).to.deep.equal([good(0)]);
    connection.close();
    for (const peer of socket.peers.splice(0)) peer.socket.destroy();
  };

  it('ends, or goes on in good order, whatever bytes the switch sends, and another one serves', async () => {
    const shape = fc.record({
      greeting: fc.oneof({ weight: 6, arbitrary: fc.constant(Buffer.from(GREETING)) }, frame),
      auth: mostly,
      subscribed: mostly,
      before: fc.nat(4),
      cuts: fc.array(fc.nat(600), { maxLength: 4 }),
      noise: fc.array(fc.oneof(frame, body), { maxLength: 4 }),
      answers: fc.array(answer, { maxLength: 4 }),
      ending: fc.constantFrom('reset', 'end', 'none'),
    });
    await fc.assert(
      fc.asyncProperty(
        shape,
        async ({ greeting, auth, subscribed, before, cuts, noise, answers, ending }) => {
          const given: Answer[] = [auth, subscribed, 'right', ...answers];
          let asked = 0;
          socket.answer(({ line }, peer) => {
            reply(peer, given[asked++] ?? 'right', line);
            return undefined;
          }, greeting);
          // where nothing is answered nobody waits for long
          const isRight =
            [auth, subscribed].every((each) => each === 'right') && greeting.equals(Buffer.from(GREETING));
          const commandTimeoutMs = isRight ? 2000 : 5;
          const seen: Record<string, unknown>[] = [];
          let dropped = 0;
          let lost: string | undefined;
          const connection = make({
            subscribe: 'DTMF',
            commandTimeoutMs,
            onEvent: (event) => seen.push(event),
            onDropped: () => dropped++,
            onClose: ({ code }) => (lost = code),
          });
          const index = socket.peers.length;
          const opened = await outcome(connection.open());
          if (isRight) expect(opened).to.equal('done');
          else expect(opened).to.be.oneOf(['done', ...TOLD]);
          const peer = await socket.peer(index);

          const all = Buffer.concat(
            Array.from({ length: before }, (_, n) => eventFrame(JSON.stringify(good(n)))),
          );
          const places = [0, ...cuts.map((at) => Math.min(at, all.length)).sort((a, b) => a - b), all.length];
          for (const [at, to] of places.slice(1).entries()) {
            peer.send(all.subarray(places[at], to));
            await new Promise((resolve) => setImmediate(resolve));
          }
          const first = await outcome(connection.command('api status'));
          if (isRight) {
            expect(first).to.equal('done');
            expect(seen).to.deep.equal(Array.from({ length: before }, (_, n) => good(n)));
          }
          const commands = answers.map((_, n) =>
            outcome(connection.command(n % 2 === 0 ? 'api status' : 'sendmsg x')),
          );
          for (const piece of noise) peer.send(piece);
          if (ending === 'reset') peer.socket.resetAndDestroy();
          else if (ending === 'end') peer.socket.end();
          if (ending === 'none') connection.close();
          for (const each of commands) expect(await each).to.be.oneOf(['done', ...TOLD]);
          connection.close();
          await peer.closed;
          expect(lost).to.be.oneOf([undefined, 'connection_lost', 'acl_refused']);
          for (const event of seen) expect(event['Event-Name']).to.be.a('string');
          expect(lines.splice(0)).to.deep.equal([]);
          expect(await outcome(connection.command('api status'))).to.equal('switch_down');
          await serves();
        },
      ),
      cases(1000),
    );
  });

  /** An open connection, its other end, and why it is lost. */
  const open = async (options: Partial<ConnectionOptions> = {}) => {
    socket.answer(standard, GREETING);
    const index = socket.peers.length;
    let onClose: NonNullable<ConnectionOptions['onClose']> = () => undefined;
    const lost = new Promise<string>((resolve) => (onClose = ({ detail = '' }) => resolve(detail)));
    const connection = make({ subscribe: 'DTMF', onClose, ...options });
    await connection.open();
    return { connection, peer: await socket.peer(index), lost };
  };

  for (const [what, begin, more, why] of [
    ['a body of 1 GB', `Content-Length: ${2 ** 30}\n\n`, 'x', 'a Content-Length that cannot be'],
    ['a head without end', 'X: ', 'x', 'a head without end'],
    ['a head of many lines', '', 'X: y\n', 'a head without end'],
  ] as const) {
    it(`keeps nothing of ${what}, which ends the connection`, async () => {
      const grown = await heapAfter(async () => {
        const { peer, lost } = await open();
        peer.send(begin);
        for (let sent = 0; sent < 8 && !peer.socket.destroyed; sent++) {
          peer.send(more.repeat(MEBIBYTE / more.length));
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect(await lost).to.equal(why);
        await peer.closed;
      });
      expect(grown).to.be.below(4 * MEBIBYTE);
      await serves();
    });
  }

  it('keeps nothing of bodies that never came whole', async () => {
    const grown = await heapAfter(async () => {
      for (let n = 0; n < 50; n++) {
        const { peer, lost } = await open();
        peer.send(`Content-Length: ${32 * MEBIBYTE}\nContent-Type: text/event-json\n\n{`);
        peer.socket.end();
        await lost;
      }
    });
    expect(grown).to.be.below(16 * MEBIBYTE);
    await serves();
  });

  it('does not wait for ever for the rest of a frame, however busily it comes', async () => {
    const { peer, lost } = await open({ watchdogMs: 50 });
    peer.send(`Content-Length: ${MEBIBYTE}\nContent-Type: text/event-json\n\n`);
    const drip = setInterval(() => peer.send('x'), 5);
    const why = await lost.finally(() => clearInterval(drip));
    expect(why).to.equal('the switch has fallen silent');
    await serves();
  });

  it('does not gather commands for ever for a switch that talks and answers none', async () => {
    const { connection, peer, lost } = await open({ commandTimeoutMs: 20, watchdogMs: 50 });
    socket.answer(() => undefined);
    const talk = setInterval(() => {
      peer.event(good(0));
      void outcome(connection.command('api status'));
    }, 5);
    const why = await lost.finally(() => clearInterval(talk));
    expect(why).to.equal('the switch answers no command');
    await serves();
  });
});
