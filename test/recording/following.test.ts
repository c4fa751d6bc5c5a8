import { EventEmitter, once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { Calls } from '../../src/calls/calls.js';
import { MetaflowsError } from '../../src/errors.js';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { beginning, readNote } from '../../src/recording/document.js';
import { RecordingFiles } from '../../src/recording/files.js';
import { Recorder } from '../../src/recording/recorder.js';
import { segmentEnded } from '../../src/recording/state.js';
import type { SwitchEvent } from '../../src/switch/events.js';
import { bridge, create, IDENTITY, legData } from '../support/legs.js';
import { recorderOptions, recordingDocument } from '../support/recordings.js';

const URL_WITH_PASSWORD = 'https://user:secret@example.com/recordings';

describe('the recorder follows a call', () => {
  let folder: string;
  let calls: Calls;
  let recorder: Recorder;
  /** What the switch was asked for, each as `command arguments`. */
  let asked: string[];
  let globals: Map<string, string>;
  let heard: EventEmitter;
  /** What the switch answers, where it does not do what it was asked for. */
  let answer: (command: string) => string | undefined;
  /** Whether the switch writes what it says that it records to the path. */
  let writes: (path: string) => boolean;
  let save: (doc: RecordingDocument) => Promise<void>;
  /** The last that the store took. */
  let stored: RecordingDocument | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-following-'));
    calls = new Calls(IDENTITY);
    stored = undefined;
    asked = [];
    globals = new Map();
    heard = new EventEmitter();
    answer = () => undefined;
    writes = () => true;
    save = () => Promise.resolve();
    recorder = new Recorder({
      ...recorderOptions(calls),
      switchOf: () => ({
        apis: (_key, commands) =>
          Promise.resolve(commands.map(({ command, args }) => reply(`${command} ${args}`))),
      }),
      store: {
        save: async (doc) => {
          await save(doc);
          stored = doc;
          heard.emit('stored');
        },
        unfinished: () => Promise.resolve(stored && !stored.stop_reason ? [stored] : []),
        get: (_account, id) => Promise.resolve(stored?.id === id ? stored : undefined),
      },
      files: new RecordingFiles(folder),
      dir: folder,
    });
    for (const uuid of ['leg-a', 'leg-b', 'leg-c']) say(create(uuid, { answered: true }));
    await bridged('leg-a', 'leg-b');
  });
  afterEach(async () => {
    await recorder.close();
    await rm(folder, { recursive: true });
  });

  function reply(command: string): string {
    asked.push(command);
    const answered = answer(command);
    const [, uuid, verb, path = ''] = /^uuid_record (\S+) (start|stop) (\S+)/.exec(command) ?? [];
    const [, name, value] = /^global_setvar ([^=]+)=(.*)/.exec(command) ?? [];
    if (name && value) globals.set(name, value);
    else if (name) globals.delete(name);
    if (answered === undefined && uuid && verb === 'start') {
      mkdirSync(dirname(path), { recursive: true });
      if (writes(path)) writeFileSync(path, Buffer.alloc(400));
      recorder.handle({ type: 'record_start', uuid, at: Date.now(), path, recordingId: 'ours' });
    }
    heard.emit('command', command);
    if (command === 'global_getvar ') return [...globals].map((pair) => pair.join('=')).join('\n');
    return answered ?? (command.startsWith('uuid_buglist') ? '' : '+OK');
  }

  function say(event: SwitchEvent): void {
    calls.apply('switch', event);
    recorder.handle(event);
  }

  function bridged(a: string, b: string): Promise<void> {
    say(bridge(a, b));
    return recorder.bridged(calls.get(a)!);
  }

  function gone(uuid: string): void {
    say({ type: 'hangup', uuid, at: Date.now(), cause: 'NORMAL_CLEARING' });
    say({ type: 'destroy', uuid, at: Date.now() });
  }

  const run = (action: 'start' | 'stop', url?: string) =>
    recorder.run({
      data: { action, ...(url !== undefined && { url }) },
      leg: calls.get('leg-b')!,
      by: 'api',
      owner: { account: 'a' },
      at: Date.now(),
    });
  const starts = () => asked.filter((command) => command.includes(' start '));
  const until = async (event: string, isSo: () => boolean): Promise<void> => {
    while (!isSo()) await once(heard, event);
  };
  const fail = () => Promise.reject(new MetaflowsError('store_failed'));

  it('while the store fails', async () => {
    await run('start');
    save = fail;
    await bridged('leg-a', 'leg-c');
    gone('leg-b');
    await until('command', () => starts().length > 1);
    save = () => Promise.resolve();
    await until('stored', () => stored?.segments.length === 2);
  });

  it('while the store does not answer', async () => {
    await run('start');
    save = () => new Promise(() => undefined);
    await bridged('leg-a', 'leg-c');
    gone('leg-b');
    await until('command', () => starts().length > 1);
  });

  it('and ends what the switch moved by itself, while the store fails', async () => {
    await run('start');
    const { file } = [...recorder.active.all()][0]!.doc.internal;
    const bug = `<function>session_record</function><target>${join(folder, file)}</target>`;
    answer = (command) => (command === 'uuid_buglist leg-a' ? bug : undefined);
    save = fail;
    say({
      type: 'bug_start',
      uuid: 'leg-a',
      at: Date.now(),
      function: 'session_record',
      target: join(folder, file),
    });
    await until('command', () => starts().length > 1);
    expect(asked).to.include('uuid_record leg-a stop all');
  });

  it('again where the switch refuses, and says in the document that audio is missing', async () => {
    await run('start');
    let refusals = 0;
    answer = (command) =>
      command.includes('-2.wav') && command.includes(' start ') && refusals++ < 2
        ? '-ERR Cannot record session!'
        : undefined;
    gone('leg-b');
    await bridged('leg-a', 'leg-c');
    await until('stored', () => stored?.segments.length === 2);
    expect(refusals).to.equal(3);
    expect(stored!.audit.map(({ action, by, result }) => `${action} ${by} ${result}`)).to.deep.equal([
      'start api ok',
      'start service switch_refused',
    ]);
  });

  it('each of two recordings, also where the other cannot', async () => {
    const add = (leg: string): RecordingDocument => {
      const doc = recordingDocument({ startedAt: Date.now() });
      const internal = { ...doc.internal, switch: 'switch', leg, parties: [leg] };
      return recorder.active.add(segmentEnded({ ...doc, internal }, Date.now())).doc;
    };
    const [first] = [add('leg-a'), add('leg-c')];
    answer = (command) => (command.includes(' start ') && command.includes(first.id) ? '-ERR no' : undefined);
    await bridged('leg-a', 'leg-c');
    await until('command', () => starts().some((command) => !command.includes(first.id)));
  });

  it('with media that bypass the switch: they are brought back, again where no audio comes', async () => {
    await run('start');
    let tries = 0;
    writes = (path) => !path.includes('-2.wav') || ++tries > 1;
    gone('leg-b');
    say(create('leg-d', { answered: true, bypassMedia: true }));
    await bridged('leg-a', 'leg-d');
    await until('command', () => starts().length === 3);
    expect(asked.filter((command) => command.startsWith('uuid_media'))).to.have.lengthOf(2);
    const [, again, path = ''] = / (\S+) start (\S+)/.exec(starts()[2]!)!;
    const first = asked.lastIndexOf(`uuid_record ${again} stop ${path}`);
    expect(first).to.be.within(asked.indexOf(starts()[1]!), asked.indexOf(starts()[2]!, first));
    await until('stored', () => stored?.segments.length === 2 && !stored.internal.pauses.includes('gap'));
    expect(stored!.audit.at(-1)).to.include({ action: 'start', by: 'service', result: 'no_audio' });
  });

  it('notes in the switch what begins, without a password, until the store has taken it', async () => {
    save = fail;
    await run('start', URL_WITH_PASSWORD).catch(() => undefined);
    const [active] = recorder.active.all();
    const note = globals.get(beginning(active!.doc.id))!;
    expect(readNote(note)?.internal.data['url']).to.equal('https://example.com/recordings');
    expect(Buffer.from(note, 'base64url').toString()).not.to.include('secret');
    await recorder.recover('switch', [legData('leg-a'), legData('leg-b')]);
    expect(globals.has(beginning(active!.doc.id))).to.equal(true);
    save = () => Promise.resolve();
    await until('command', () => !globals.has(beginning(active!.doc.id)));
    expect(stored?.internal.data['url']).to.equal(URL_WITH_PASSWORD);
  });

  it('does not begin a second time what began and ended while the store was away', async () => {
    save = fail;
    await run('start').catch(() => undefined);
    const [active] = recorder.active.all();
    gone('leg-b');
    gone('leg-a');
    await recorder.recover('switch', []);
    expect([...recorder.active.all()]).to.deep.equal([]);
    save = () => Promise.resolve();
    await until('stored', () => stored?.stop_reason !== undefined);
    expect(stored).to.include({ id: active!.doc.id, stop_reason: 'hangup' });
    expect(stored!.audit.filter(({ action }) => action === 'stop')).to.have.lengthOf(1);
    await until('command', () => !globals.has(beginning(active!.doc.id)));
  });

  it('counts the holds of the leg that the switch moved a recorder of others to, whatever the other’s came to', () => {
    const made = recordingDocument();
    const path = '/others/x.wav';
    const internal = { ...made.internal, path, leg_held_ms: 9000 };
    const active = recorder.active.add({ ...made, origin: 'adopted', internal });
    const at = made.internal.started_at;
    say({ type: 'bug_start', uuid: 'leg-c', at, function: 'session_record', target: path });
    say({ type: 'hold', uuid: 'leg-c', at: at + 1000 });
    say({ type: 'unhold', uuid: 'leg-c', at: at + 4000, heldMs: 3000 });
    expect(active.doc.internal).to.include({ leg: 'leg-c', held_ms: 3000, leg_held_ms: 3000 });
  });
});
