import { EventEmitter, once } from 'node:events';
import { expect } from 'chai';
import { Calls } from '../../src/calls/calls.js';
import { isMetaflowsError } from '../../src/errors.js';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { Recorder } from '../../src/recording/recorder.js';
import { masked } from '../../src/recording/state.js';
import { bridge, create, IDENTITY, legData } from '../support/legs.js';
import { capturingLog } from '../support/log.js';
import { recorderOptions, recordingDocument } from '../support/recordings.js';

describe('the recorder, where a call goes on while the switch is starting', () => {
  let calls: Calls;
  let recorder: Recorder;
  /** The starts that the switch was asked for. */
  let starts: string[];
  let goesOn: () => void;
  let startedAt: number;

  beforeEach(() => {
    calls = new Calls(IDENTITY);
    starts = [];
    calls.apply('switch', create('leg-a'));
    calls.apply('switch', create('leg-b', { direction: 'outbound' }));
    recorder = new Recorder({
      ...recorderOptions(calls),
      switchOf: () => ({
        apis: (_key, commands) => {
          const start = commands.find(({ args }) => args.includes(' start '));
          if (start) {
            starts.push(start.args);
            if (starts.length === 1) bridged('leg-a', 'leg-b');
            else goesOn();
            const [uuid = ''] = start.args.split(' ');
            const path = /'([^']+)'|(\/\S+)/.exec(start.args)!;
            const started = {
              uuid,
              at: (startedAt = Date.now() - 200),
              path: path[1] ?? path[2]!,
              recordingId: '',
            };
            recorder.handle({ type: 'record_start', ...started });
          }
          return Promise.resolve(commands.map(() => '+OK'));
        },
      }),
    });
  });
  afterEach(() => recorder.close());

  function bridged(a: string, b: string): void {
    calls.apply('switch', bridge(a, b));
    void recorder.bridged(calls.get(a)!);
  }

  it('knows who talks when the recording has begun, so that it can follow them, each on its side', async () => {
    const owner = { account: 'a' };
    const { recording } = await recorder.run({ data: {}, leg: calls.get('leg-b')!, by: 'api', owner, at: 0 });
    expect(recording?.internal.parties).to.have.members(['leg-a', 'leg-b']);
    // as the switch says, however late that is heard
    expect(recording?.internal.started_at).to.equal(startedAt);
    expect(starts[0]).to.include('RECORD_STEREO_SWAP=true');
    for (const event of [
      { type: 'hangup', uuid: 'leg-b', at: 0, cause: 'NORMAL_CLEARING' } as const,
      { type: 'destroy', uuid: 'leg-b', at: 0 } as const,
    ]) {
      calls.apply('switch', event);
      recorder.handle(event);
    }
    const second = new Promise<void>((resolve) => (goesOn = resolve));
    calls.apply('switch', create('leg-c'));
    bridged('leg-a', 'leg-c');
    await second;
    expect(starts[1]).to.match(/^leg-a .*RECORD_STEREO_SWAP=false/);
  });
});

describe('the recorder, where a party leaves the call and talks to somebody else', () => {
  it('takes from its leg what its mask code would mask the recording with, inside the switch', async () => {
    const calls = new Calls(IDENTITY);
    for (const uuid of ['leg-a', 'leg-b', 'leg-c']) calls.apply('switch', create(uuid));
    calls.apply('switch', bridge('leg-a', 'leg-b'));
    const variables = new Map<string, string>();
    const recorder: Recorder = new Recorder({
      ...recorderOptions(calls),
      switchOf: () => ({
        apis: (_key, commands) => {
          for (const { command, args } of commands) {
            const [uuid = '', name = '', ...value] = args.split(' ');
            if (command === 'uuid_setvar') variables.set(`${uuid} ${name}`, value.join(' '));
            if (command !== 'uuid_record' || name !== 'start') continue;
            const started = { uuid, at: Date.now(), path: value[0]!, recordingId: '' };
            recorder.handle({ type: 'record_start', ...started });
          }
          return Promise.resolve(commands.map(() => '+OK'));
        },
      }),
    });
    const leg = calls.get('leg-a')!;
    await recorder.run({ data: {}, leg, presser: leg, by: 'code', owner: { account: 'a' }, at: 0 });
    expect(variables.get('leg-a metaflows_mask')).to.match(/^'?leg-b mask/);
    calls.apply('switch', bridge('leg-b', 'leg-c'));
    await recorder.bridged(calls.get('leg-b')!);
    expect(variables.get('leg-c metaflows_mask')).to.match(/^'?leg-b mask/);
    expect(variables.get('leg-a metaflows_mask')).to.equal('');
    expect(variables.get('leg-a metaflows_mask_note')).to.equal('');
    await recorder.close();
  });
});

describe('the recorder, where the switch moved one of its recorders while nobody looked', () => {
  it('ends that one, and begins a segment on the leg it was moved to, masked where it was, with its beeps', async () => {
    const calls = new Calls(IDENTITY);
    for (const uuid of ['leg-b', 'leg-c']) calls.apply('switch', create(uuid, { answered: true }));
    calls.apply('switch', bridge('leg-b', 'leg-c'));
    const begun = masked(recordingDocument({ startedAt: Date.now() }), Date.now());
    const { file } = begun.internal;
    const stored = {
      ...begun,
      internal: { ...begun.internal, switch: 'switch', parties: ['leg-a', 'leg-b'] },
    };
    const asked: string[] = [];
    let listed = 'uuid_buglist leg-b';
    const beep = new EventEmitter();
    let recorder: Recorder | undefined;
    const goesOn = new Promise<RecordingDocument>((resolve) => {
      recorder = new Recorder({
        ...recorderOptions(calls),
        consentOf: () => ({ beep_interval: 1 }),
        beep: '%(100,0,1000)',
        switchOf: () => ({
          apis: (_key, commands) => {
            const records = commands.flatMap((each) => [...(each.first ?? []), each]);
            asked.push(...records.flatMap(({ command, args }) => (command === 'uuid_record' ? [args] : [])));
            if (commands.some(({ command }) => command === 'uuid_displace')) beep.emit('heard');
            const start = records.find(({ args }) => args.includes(' start '));
            const [path] = /\/rec\/[^ ']+/.exec(start?.args ?? '') ?? [];
            if (path !== undefined) {
              const started = { uuid: 'leg-b', at: Date.now(), path, recordingId: stored.id };
              recorder?.handle({ type: 'record_start', ...started });
            }
            const bug = `<function>session_record</function><target>/rec/${file}</target>`;
            if (commands.some(({ args }) => args === 'leg-b stop all')) listed = '';
            return Promise.resolve(
              commands.map(({ command, args }) => (`${command} ${args}` === listed ? bug : '+OK')),
            );
          },
        }),
        store: {
          save: (doc) => {
            if (doc.segments.length > 1) resolve(doc);
            return Promise.resolve();
          },
          unfinished: () => Promise.resolve([stored]),
          get: () => Promise.resolve(undefined),
        },
      });
      void recorder.recover('switch', [legData('leg-b'), legData('leg-c')]);
    });
    const beeps = once(beep, 'heard');
    const { state, segments, internal } = await goesOn;
    expect([state, segments.length, internal.leg]).to.deep.equal(['masked', 2, 'leg-b']);
    const [stop, start = '', mask = ''] = asked;
    expect(stop).to.equal('leg-b stop all');
    expect(start).to.match(/^leg-b start .*-2\.wav/);
    expect(mask).to.match(/^leg-b mask .*-2\.wav/);
    await beeps;
    await recorder?.close();
  });
});

describe('the recorder, where a mask is to end by itself', () => {
  it('does not end the service when none of the legs is known at that moment', async () => {
    const begun = recordingDocument({ startedAt: Date.now(), data: { mask_time_limit: 1 } });
    const doc = masked(begun, Date.now() - 1000);
    const { log, lines } = capturingLog();
    const bug = `<function>session_record</function><target>/rec/${doc.internal.file}</target>`;
    const recorder = new Recorder({
      ...recorderOptions(new Calls(IDENTITY)),
      switchOf: () => ({
        apis: (_key, commands) =>
          Promise.resolve(commands.map(({ command }) => (command === 'uuid_buglist' ? bug : '+OK'))),
      }),
      store: {
        save: () => Promise.resolve(),
        unfinished: () => Promise.resolve([{ ...doc, internal: { ...doc.internal, switch: 'switch' } }]),
        get: () => Promise.resolve(undefined),
      },
      log,
    });
    const logged = once(log, 'data');
    await recorder.recover('switch', [legData('leg-a')]);
    await logged;
    expect(lines.join()).to.include('a recording could not be changed').and.include(doc.id);
    await recorder.close();
  });
});

describe('the recorder, where files come from the switch', () => {
  let calls: Calls;
  let asked: string[];
  let fetched: string[];

  const recorderWith = (stored: RecordingDocument[]): Recorder =>
    new Recorder({
      ...recorderOptions(calls),
      switchOf: () => ({
        apis: (_key, commands) => {
          asked.push(...commands.map(({ command, args }) => `${command} ${args}`));
          return Promise.resolve(commands.map(() => 'false'));
        },
      }),
      store: {
        save: () => Promise.resolve(),
        unfinished: () => Promise.resolve(stored),
        get: () => Promise.resolve(undefined),
      },
      transport: {
        fetch: ({ id, stop_reason }) => {
          fetched.push(`${id} ${stop_reason}`);
          return new Promise(() => undefined);
        },
      },
    });

  beforeEach(() => {
    calls = new Calls(IDENTITY);
    calls.apply('switch', create('leg-a'));
    asked = [];
    fetched = [];
  });

  it('starts nothing on a switch that could not send them, and says why', async () => {
    const error: unknown = await recorderWith([])
      .run({ data: {}, leg: calls.get('leg-a')!, by: 'api', owner: { account: 'a' }, at: 0 })
      .catch((reason: unknown) => reason);
    expect(isMetaflowsError(error, 'push_unavailable')).to.equal(true);
    expect(asked).to.deep.equal(['module_exists mod_http_cache']);
  });

  it('takes up again what had ended, once, however often the switch connects, though its leg is up', async () => {
    const doc: RecordingDocument = { ...recordingDocument(), stop_reason: 'code' };
    const recorder = recorderWith([doc]);
    for (let n = 0; n < 2; n++) await recorder.recover('switch', [legData('leg-a')]);
    await new Promise(setImmediate);
    expect(fetched).to.deep.equal([`${doc.id} code`]);
  });
});

describe('the recorder, where commands come from both sides of a call', () => {
  let calls: Calls;
  let recorder: Recorder;
  let asked: string[];
  let starting: () => void;
  let isStarting: Promise<void>;
  /** Lets the switch answer a start. */
  let started: () => void;

  beforeEach(() => {
    calls = new Calls(IDENTITY);
    asked = [];
    isStarting = new Promise((resolve) => (starting = resolve));
    const mayStart = new Promise<void>((resolve) => (started = resolve));
    recorder = new Recorder({
      ...recorderOptions(calls),
      switchOf: () => ({
        apis: async (_key, commands) => {
          for (const { command, args } of commands) {
            if (command !== 'uuid_record') continue;
            const [uuid = '', verb = '', path = ''] = args.split(' ');
            asked.push(`${uuid} ${verb}`);
            if (verb !== 'start') continue;
            starting();
            await mayStart;
            recorder.handle({ type: 'record_start', uuid, at: Date.now(), path, recordingId: 'ours' });
          }
          return commands.map(() => '+OK');
        },
      }),
    });
  });
  afterEach(() => recorder.close());

  const owner = { account: 'a' };
  const masksWhileItStarts = async (starter: string, masker: string): Promise<void> => {
    // Unanswered, it waits, and no file is looked for.
    const data = { record_on_answer: true };
    const start = recorder.run({ data, leg: calls.get(starter)!, by: 'api', owner, at: 0 });
    await isStarting;
    const mask = recorder.run({
      data: { action: 'mask' },
      leg: calls.get(masker)!,
      by: 'api',
      owner,
      at: Date.now(),
    });
    started();
    const [begun, outcome] = await Promise.all([start, mask]);
    expect(outcome.recording?.id).to.equal(begun.recording!.id);
    expect([outcome.result, outcome.recording?.state]).to.deep.equal(['masked', 'masked']);
    expect(asked).to.deep.equal([`${starter} start`, `${starter} mask`]);
  };

  it('of a loopback channel: a mask waits for the start on the other side', async () => {
    const half = (uuid: string, other: string) =>
      create(uuid, { name: `loopback/${uuid}`, otherHalf: other });
    for (const event of [
      create('leg-a'),
      half('half-a', 'half-b'),
      half('half-b', 'half-a'),
      create('leg-b'),
      bridge('leg-a', 'half-a'),
      bridge('half-b', 'leg-b'),
    ])
      calls.apply('switch', event);
    expect(calls.get('leg-a')!.callId).not.to.equal(calls.get('leg-b')!.callId);
    await masksWhileItStarts('leg-a', 'leg-b');
  });

  it('of two older calls, joined while it starts: a mask waits as well', async () => {
    for (const uuid of ['leg-a', 'leg-b', 'leg-c', 'leg-d']) calls.apply('switch', create(uuid));
    calls.apply('switch', bridge('leg-a', 'leg-b'));
    calls.apply('switch', bridge('leg-c', 'leg-d'));
    void isStarting.then(() => calls.apply('switch', bridge('leg-b', 'leg-c')));
    await masksWhileItStarts('leg-c', 'leg-b');
  });
});
