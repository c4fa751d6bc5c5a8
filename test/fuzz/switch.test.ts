import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Service } from '../../src/service.js';
import { isUuid } from '../../src/switch/commands.js';
import { eventFrame } from '../support/eventSocket.js';
import { eventually, TOKEN } from '../support/lab-service.js';
import { capturingLog } from '../support/log.js';
import { cases, heapAfter, LIMIT_MS, text } from './cases.js';
import { ACCOUNTS, event, LEGS, way, WAYS, type Raw, type Way } from './events.js';
import { PretendSwitch } from './pretend.js';
import { startOn } from './service.js';

const MEBIBYTE = 1024 * 1024;
interface Action {
  leg: string;
  account: string;
  data: object;
}
const action: fc.Arbitrary<Action> = fc.record({
  leg: fc.constantFrom(...LEGS),
  account: fc.constantFrom(...ACCOUNTS),
  data: fc.record(
    {
      action: fc.constantFrom('start', 'start', 'mask', 'unmask', 'stop', 'toggle'),
      label: text,
      media_name: text,
      origin: text,
      client_state: text,
      end_key: fc.constantFrom('#', '1'),
      play_beep: fc.boolean(),
      format: fc.constantFrom('wav', 'mp3'),
      mask_mode: fc.constantFrom('silence', 'cut'),
    },
    { requiredKeys: ['action'] },
  ),
});

type Step = { raw: Raw; way: Way } | Action | 'refuses';
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      raw: event,
      way: fc.oneof({ weight: 12, arbitrary: fc.constant('whole' as const) }, way),
    }),
  },
  { weight: 4, arbitrary: action },
  fc.constant('refuses' as const),
);

describe('fuzzing a switch', function () {
  this.timeout(LIMIT_MS);
  const { log, lines } = capturingLog();
  let folder: string;
  let dir: string;
  let pretend: PretendSwitch;
  let service: Service;
  let synced = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-fuzz-'));
    dir = join(folder, 'a', 'b', 'recordings');
    await mkdir(dir, { recursive: true });
    pretend = await PretendSwitch.start(dir);
    service = await startOn([pretend], folder, dir, log);
    await ready();
    for (const account of ACCOUNTS) {
      const of = (data: object) => ({
        module: 'record_call',
        data: { label: '${escaped} \'"\n\\', ...data },
      });
      await ask('POST', `/accounts/${encodeURIComponent(account)}/metaflows`, {
        data: {
          listen_on: 'both',
          numbers: {
            71: of({ action: 'start' }),
            72: of({ action: 'mask' }),
            73: of({ action: 'unmask' }),
            74: of({ action: 'stop' }),
          },
          patterns: { '^75$': of({ action: 'toggle' }) },
        },
      });
    }
  });
  after(async () => {
    await service.close();
    await pretend.socket.close();
    await rm(folder, { recursive: true });
  });

  const ready = () =>
    eventually('readiness', async () => (await fetch(`${service.url}/readyz`)).ok || undefined);
  const ask = async (method: string, path: string, body?: object): Promise<number> => {
    const answer = await fetch(`${service.url}/v2${path}`, {
      method,
      headers: { 'X-Auth-Token': TOKEN },
      ...(body && { body: JSON.stringify(body) }),
    });
    await answer.arrayBuffer();
    return answer.status;
  };
  const say = (raw: Raw, way: Way = 'whole') => {
    const uuid = raw['Unique-ID'];
    if (raw['Event-Name'] === 'CHANNEL_CREATE' && isUuid(uuid)) pretend.legs.set(uuid, raw);
    const sent = WAYS[way](JSON.stringify(raw));
    pretend.records(sent);
    pretend.events.send(eventFrame(sent));
  };
  const plain = (name: string, uuid: string): Raw => ({
    'Event-Name': name,
    'Event-Date-Timestamp': '1767312000123456',
    'Unique-ID': uuid,
    'Call-Direction': 'inbound',
    'Caller-Channel-Created-Time': '1767312000123456',
    'Channel-Name': 'sofia/internal/1001',
  });
  /** Resolves when the service has taken in all that was said before. */
  const sync = async () => {
    const uuid = `sync-${synced++}`;
    const heard = pretend.heard(new RegExp(`uuid_setvar.* ?${uuid} ?.* metaflows_owner`));
    say(plain('CHANNEL_CREATE', uuid));
    await heard;
    say(plain('CHANNEL_DESTROY', uuid));
    pretend.legs.delete(uuid);
  };
  const endAll = async () => {
    for (const uuid of pretend.legs.keys()) {
      say(plain('CHANNEL_HANGUP', uuid));
      say(plain('CHANNEL_DESTROY', uuid));
    }
    pretend.legs.clear();
    await sync();
  };
  const judge = () => {
    // an error with a code of its own is one that somebody has thought of
    const failed = lines
      .splice(0)
      .filter((line) => line.includes('"level":"error"') && !line.includes('MetaflowsError'));
    const wrong = [...pretend.violations.splice(0), ...pretend.unfenced.splice(0), ...failed];
    if (wrong.length > 0) expect.fail(wrong.join('\n'));
    expect(existsSync('/tmp/escaped')).to.equal(false);
    expect(readdirSync(folder).sort()).to.deep.equal(['a', 'db']);
    expect(readdirSync(join(folder, 'a'))).to.deep.equal(['b']);
    expect(readdirSync(join(folder, 'a', 'b'))).to.deep.equal(['recordings']);
  };

  it('tells it nothing but commands of its own kind, whatever happens and whoever wrote what', async () => {
    await fc.assert(
      fc.asyncProperty(
        event,
        event,
        fc.array(step, { minLength: 10, maxLength: 40 }),
        async (a, b, steps) => {
          // a call to begin with, whatever else is said of its legs
          const [caller = '', callee = ''] = LEGS;
          say({ ...a, ...plain('CHANNEL_CREATE', caller) });
          say({ ...b, ...plain('CHANNEL_CREATE', callee), 'Call-Direction': 'outbound' });
          const bridged = { 'Bridge-A-Unique-ID': caller, 'Bridge-B-Unique-ID': callee };
          say({ ...a, ...plain('CHANNEL_BRIDGE', caller), ...bridged });
          const asked: Promise<number>[] = [];
          for (const each of steps) {
            if (each === 'refuses') pretend.cutNext = (peer) => peer.api('-ERR no');
            else if ('raw' in each) say(each.raw, each.way);
            else {
              const { leg: uuid, account, data } = each;
              const path = `/accounts/${encodeURIComponent(account)}/channels/${uuid}`;
              asked.push(ask('PUT', path, { action: 'metaflow', data: { module: 'record_call', data } }));
            }
          }
          await sync();
          for (const status of await Promise.all(asked))
            expect(status).to.be.oneOf([200, 400, 403, 404, 409, 502]);
          await endAll();
          judge();
        },
      ),
      // what it has said cannot be unsaid: smaller cases would tell of what these have left
      { ...cases(100), endOnFailure: true },
    );
  });

  it('shows callers’ names as they came: Latin-1, percent signs, newlines, and what looks like another event', async () => {
    const names = [
      'Zo\xeb',
      '100% %E9 %zz %0a%0d',
      'two\nlines\r\n\r\n',
      'x\n\nContent-Length: 2\nContent-Type: text/event-json\n\n{}',
      'data: {}\n\nevent: reset',
      '\u{1f4a5} \ud800',
    ];
    const { body } = await fetch(`${service.url}/v2/accounts/example.com/events`, {
      headers: { 'X-Auth-Token': TOKEN },
    });
    const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
    const streamed = async (uuid: string): Promise<string> => {
      let text = '';
      while (!text.includes(`"${uuid}"`) || !text.endsWith('\n\n')) text += (await reader.read()).value ?? '';
      return text;
    };
    for (const [n, name] of names.entries()) {
      const uuid = `name-${n}`;
      const raw = {
        ...plain('CHANNEL_CREATE', uuid),
        'Caller-Caller-ID-Name': name,
        variable_domain_name: 'example.com',
        variable_user_name: '1001',
      };
      say(raw, /[\x80-\xff]/.test(name) ? 'as Latin-1' : 'whole');
      await sync();
      // a byte that is no UTF-8
      const shown = name.replaceAll(/[\x80-\xff]/g, '\ufffd');
      const path = `/v2/accounts/example.com/channels/${uuid}`;
      const answer = await fetch(service.url + path, { headers: { 'X-Auth-Token': TOKEN } });
      const { data } = (await answer.json()) as { data: object };
      expect(data).to.include({ caller_id_name: shown });
      const events = (await streamed(uuid)).split('\n\n').filter((each) => each.includes('data: '));
      for (const each of events)
        expect(each).to.match(/^(id: \S+\n)?event: call\.created\ndata: \{[^\n]*\}$/);
    }
    await reader.cancel();
    await endAll();
    judge();
  });

  it('keeps nothing of legs that have gone, in whatever order it was told of them', async () => {
    const orders = [
      'DESTROY HANGUP CREATE DESTROY',
      'BRIDGE CREATE CREATE EXECUTE BRIDGE DESTROY UNBRIDGE HANGUP EXECUTE',
      'CREATE DESTROY ANSWER BRIDGE HOLD DESTROY',
      'HANGUP UNBRIDGE BRIDGE DESTROY',
    ].map((names) => [
      ...names.split(' ').map((name) => `CHANNEL_${name}`),
      'RECORD_START',
      'MEDIA_BUG_START',
    ]);
    let n = 0;
    const run = async (count: number) => {
      for (const end = n + count; n < end; n++) {
        const uuid = `gone-${n}`;
        const other = n % 3 === 0 ? uuid : `gone-${n - 1}`;
        // long, so that what is left of a few is seen
        const path = `/elsewhere/${n}${'x'.repeat(2000)}.wav`;
        const more = {
          'Bridge-A-Unique-ID': uuid,
          'Bridge-B-Unique-ID': other,
          'Record-File-Path': path,
          'Media-Bug-Function': 'session_record',
          'Media-Bug-Target': path,
          Application: 'bind_digit_action',
          'Application-Data': `${'x'.repeat(2000)},*1,exec:x`,
        };
        for (const name of orders[n % orders.length]!)
          pretend.events.event({ ...plain(name, uuid), ...more });
        if (n % 500 === 0) await sync();
      }
      await sync();
      lines.length = 0;
    };
    // so that what is remembered of legs that have ended of late is full
    for (let each = 0; each < 5000; each++) {
      for (const name of ['CHANNEL_CREATE', 'CHANNEL_DESTROY'])
        pretend.events.event(plain(name, `ended-${each}`));
    }
    await run(100);
    expect(await heapAfter(() => run(3000))).to.be.below(4 * MEBIBYTE);
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).to.match(/^metaflows_calls 0$/m);
    judge();
  });
});
