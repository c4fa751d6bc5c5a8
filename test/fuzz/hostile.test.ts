import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { eventFrame, type Peer } from '../support/eventSocket.js';
import { eventually } from '../support/lab-service.js';
import { capturingLog } from '../support/log.js';
import { cases, heapAfter, LIMIT_MS, text } from './cases.js';
import { event, LEGS, way, WAYS, type Raw } from './events.js';
import { PretendSwitch } from './pretend.js';
import { startOn } from './service.js';

const MEBIBYTE = 1024 * 1024;
/** Switches at a time, of which each is hostile in its own way, and comes back in its own time. */
const SWITCHES = 12;
/** Commands that a switch may answer as it likes; longer than it takes to know what a switch has. */
const COMMANDS = 40;

const rows = (row: fc.Arbitrary<unknown>) =>
  fc.array(row, { maxLength: 4 }).map((all) => JSON.stringify({ row_count: all.length, rows: all }));
/** What a switch may say of legs, bridges, leases and times: well-formed, and not so. */
const said = fc.oneof(
  text,
  rows(fc.record({ uuid: fc.constantFrom(...LEGS, '../x', 7), b_uuid: fc.constantFrom(...LEGS, null) })),
  rows(fc.constantFrom(null, 1, [], 'x')),
  event.map((raw) => JSON.stringify(raw)),
  fc.constantFrom('{"rows":7}', '[]', 'null', '9'.repeat(400), '-1', '0', 'true', 'held', '+OK', '-ERR no'),
  fc.constantFrom('<media-bugs><media-bug><function>session_record</function><target>/etc/passwd</target>'),
);
type Answer = (peer: Peer, isApi: boolean) => void;
const answer: fc.Arbitrary<Answer> = fc.oneof(
  {
    weight: 6,
    arbitrary: said.map(
      (body): Answer =>
        (peer, isApi) =>
          isApi ? peer.api(body) : peer.reply(escape(body)),
    ),
  },
  said.map(
    (body): Answer =>
      (peer, isApi) =>
        isApi ? peer.reply(escape(body)) : peer.api(body),
  ),
  fc.constantFrom<Answer>(
    (peer) => peer.socket.resetAndDestroy(),
    (peer) => peer.socket.end(),
    (peer) => peer.send('Content-Length: 1073741824\n\n'),
    (peer) => peer.send('Content-Type: auth/request\n\n'),
    (peer) => peer.send('\xff\0\n\n'),
  ),
);
const hostility = fc.record({
  /** To which command what is answered. */
  answers: fc.array(fc.tuple(fc.nat(COMMANDS), answer), { maxLength: 3 }),
  events: fc.array(fc.tuple(event, fc.oneof({ weight: 8, arbitrary: fc.constant('whole' as const) }, way)), {
    maxLength: 30,
  }),
  /** After so many of them. */
  noise: fc.option(fc.tuple(fc.nat(30), fc.uint8Array({ maxLength: 300 }))),
});
type Hostility = typeof hostility extends fc.Arbitrary<infer T> ? T : never;

/** A Reply-Text is one line. */
function escape(body: string): string {
  return body.replaceAll('\n', ' ');
}

describe('fuzzing switches that come to their senses', function () {
  this.timeout(2 * LIMIT_MS);
  const { log, lines } = capturingLog();
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-hostile-'));
  });
  after(() => rm(folder, { recursive: true }));

  /** Answers, and tells, as it likes, and as is right when all of that is said. */
  const unleash = (pretend: PretendSwitch, { answers, events, noise }: Hostility) => {
    const left = new Map(answers);
    let asked = 0;
    pretend.socket.answer((command, peer) => {
      const isSubscribed = command.line.startsWith('event json');
      if (isSubscribed && asked < COMMANDS) setImmediate(() => tell(peer));
      const other = left.get(asked++);
      if (!other) return pretend.answer(command, peer);
      other(peer, command.line.startsWith('api '));
      return undefined;
    });
    const tell = (peer: Peer) => {
      for (const [n, [raw, how]] of events.entries()) {
        if (n === noise?.[0]) peer.send(Buffer.from(noise[1]));
        const bytes = WAYS[how](JSON.stringify(raw));
        pretend.records(bytes);
        peer.send(eventFrame(bytes));
      }
    };
  };

  const created = (uuid: string): Raw => ({
    'Event-Name': 'CHANNEL_CREATE',
    'Event-Date-Timestamp': String(Date.now() * 1000),
    'Unique-ID': uuid,
    'Call-Direction': 'inbound',
    'Caller-Channel-Created-Time': String(Date.now() * 1000),
    'Channel-Name': 'sofia/internal/1001',
  });
  /** Resolves when a call that begins is acted upon. */
  const serves = async (pretend: PretendSwitch) => {
    let n = 0;
    await eventually(`sense of ${pretend.url}`, async () => {
      const uuid = `good-${n++}`;
      const heard = pretend.heard(new RegExp(`uuid_setvar.* ?${uuid} ?.* metaflows_owner`)).then(() => true);
      pretend.legs.set(uuid, created(uuid));
      pretend.listener?.event(created(uuid));
      return Promise.race([heard, new Promise<undefined>((resolve) => setTimeout(resolve, 250))]);
    });
  };

  const { numRuns, ...options } = cases(2 * SWITCHES);
  let run = 0;
  it('goes on with each of them as if it had never been otherwise', async () => {
    const grown = await heapAfter(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(hostility, { minLength: SWITCHES, maxLength: SWITCHES }),
          async (hostilities) => {
            const dir = join(folder, `${run}`, 'recordings');
            const switches = await Promise.all(hostilities.map(() => PretendSwitch.start(dir)));
            for (const [n, pretend] of switches.entries()) unleash(pretend, hostilities[n]!);
            const service = await startOn(switches, join(folder, `${run++}`), dir, log);
            try {
              await Promise.all(switches.map(serves));
              expect((await fetch(`${service.url}/readyz`)).status).to.equal(200);
            } finally {
              await service.close();
              for (const { socket } of switches) await socket.close();
            }
            const failed = lines
              .splice(0)
              .filter((line) => line.includes('"level":"error"') && !line.includes('MetaflowsError'));
            const wrong = [...failed, ...switches.flatMap(({ violations }) => violations)];
            if (wrong.length > 0) expect.fail(wrong.join('\n'));
          },
        ),
        { ...options, numRuns: Math.ceil(numRuns / SWITCHES), endOnFailure: true },
      ),
    );
    expect(grown).to.be.below(32 * MEBIBYTE);
  });
});
