import { expect } from 'chai';
import { Calls } from '../../src/calls/calls.js';
import { isMetaflowsError } from '../../src/errors.js';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { RecordingFiles } from '../../src/recording/files.js';
import type { RecorderOptions } from '../../src/recording/ports.js';
import { Recorder } from '../../src/recording/recorder.js';
import { bridge, create, IDENTITY, legData } from '../support/legs.js';
import { capturingLog } from '../support/log.js';
import { recordingDocument } from '../support/recordings.js';

/** What these tests do not ask for. */
function optionsOf(calls: Calls): RecorderOptions {
  return {
    calls,
    switchOf: () => ({ apis: () => Promise.resolve([]) }),
    store: {
      save: () => Promise.resolve(),
      unfinished: () => Promise.resolve([]),
      get: () => Promise.resolve(undefined),
    },
    files: new RecordingFiles('/none'),
    dir: '/rec',
    ceiling: 60,
    settings: {
      follow_transfer: true,
      stop_automatic: false,
      stop_adopted: false,
      deliver_adopted: false,
      sounds_dir: '',
    },
    consentOf: () => undefined,
    beep: '',
    destinationOf: () => ({}),
    audit: () => Promise.resolve(),
    hasSpace: () => true,
    feedback: { play: () => Promise.resolve() },
    onEvent: () => Promise.resolve(),
    log: capturingLog().log,
  };
}

describe('the recorder, where a call goes on while the switch is starting', () => {
  let calls: Calls;
  let recorder: Recorder;
  /** The starts that the switch was asked for. */
  let starts: string[];
  let goesOn: () => void;

  beforeEach(() => {
    calls = new Calls(IDENTITY);
    starts = [];
    calls.apply('switch', create('leg-a'));
    calls.apply('switch', create('leg-b', { direction: 'outbound' }));
    recorder = new Recorder({
      ...optionsOf(calls),
      switchOf: () => ({
        apis: (_key, commands) => {
          const start = commands.find(({ args }) => args.includes(' start '));
          if (start) {
            starts.push(start.args);
            if (starts.length === 1) bridged('leg-a', 'leg-b');
            else goesOn();
            const [uuid = ''] = start.args.split(' ');
            const path = /'([^']+)'|(\/\S+)/.exec(start.args)!;
            const started = { uuid, at: 0, path: path[1] ?? path[2]!, recordingId: '' };
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
      ...optionsOf(calls),
      switchOf: () => ({
        apis: (_key, commands) => {
          for (const { command, args } of commands) {
            const [uuid = '', name = '', ...value] = args.split(' ');
            if (command === 'uuid_setvar') variables.set(`${uuid} ${name}`, value.join(' '));
            if (command !== 'uuid_record' || name !== 'start') continue;
            const started = { uuid, at: 0, path: value[0]!, recordingId: '' };
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

describe('the recorder, where files come from the switch', () => {
  let calls: Calls;
  let asked: string[];
  let fetched: string[];

  const recorderWith = (stored: RecordingDocument[]): Recorder =>
    new Recorder({
      ...optionsOf(calls),
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
