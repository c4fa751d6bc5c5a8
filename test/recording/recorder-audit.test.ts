import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import type { AuditEvent } from '../../src/audit/events.js';
import { Calls } from '../../src/calls/calls.js';
import { MetaflowsError } from '../../src/errors.js';
import type { RecordCallData } from '../../src/generated/record_call.js';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { beginning, noteOf } from '../../src/recording/document.js';
import type { RecordingEvent } from '../../src/recording/events.js';
import { RecordingFiles } from '../../src/recording/files.js';
import type { RecordOutcome, RecordRequest } from '../../src/recording/ports.js';
import { Recorder } from '../../src/recording/recorder.js';
import { openStore, type Store } from '../../src/store/store.js';
import type { ApiCommand } from '../../src/switch/commands.js';
import { bridge, create, IDENTITY, legData } from '../support/legs.js';
import { capturingLog } from '../support/log.js';
import { recorderOptions, recordingDocument } from '../support/recordings.js';
import { secondOfWav } from '../support/wav.js';

describe('audit of the recorder', () => {
  let folder: string;
  let store: Store;
  let calls: Calls;
  let recorder: Recorder;
  /** What the switch answers to a verb of uuid_record, where it is not what was asked for. */
  let answers: Partial<Record<string, string>>;
  /** What the switch says its global variables are. */
  let globals: string;
  let append: (event: AuditEvent) => Promise<void>;
  let onEvent: (event: RecordingEvent) => void;

  beforeEach(async () => {
    const { log } = capturingLog();
    folder = await mkdtemp(join(tmpdir(), 'metaflows-recorder-'));
    store = await openStore(join(folder, 'db'), log);
    append = (event) => store.audit.append(event);
    answers = {};
    globals = '';
    onEvent = () => undefined;
    calls = new Calls(IDENTITY);
    const variables = { domain_name: 'example.com', user_name: '1001' };
    calls.apply('switch', create('leg-a', { variables }));
    calls.apply('switch', create('leg-b'));
    calls.apply('switch', bridge('leg-a', 'leg-b'));
    recorder = new Recorder({
      ...recorderOptions(calls),
      switchOf: () => ({ apis: (_key, commands) => Promise.all(commands.map(reply)) }),
      store: store.recordings,
      files: new RecordingFiles(folder),
      dir: folder,
      ceiling: 3600,
      onEvent: (event) => {
        onEvent(event);
        return Promise.resolve();
      },
      audit: (event) => append(event),
      log,
    });
  });
  afterEach(async () => {
    await recorder.close();
    await store.close();
    await rm(folder, { recursive: true });
  });

  /** As a switch does: a file that holds more than a header, and the event that is the proof. */
  async function reply({ command, args, first = [] }: ApiCommand): Promise<string> {
    for (const each of first) if (each.command === 'uuid_record') await reply(each);
    const [uuid = '', verb = '', quoted = ''] = args.split(' ');
    if (command === 'global_getvar' && args === '') return globals;
    if (command === 'file_exists') return String(existsSync(args));
    if (command !== 'uuid_record') return '+OK';
    if (answers[verb] !== undefined) return answers[verb];
    const path = quoted.replaceAll("'", '');
    if (verb === 'start') {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, Buffer.alloc(400));
      recorder.handle({ type: 'record_start', uuid, at: Date.now(), path, recordingId: '' });
    }
    if (verb === 'stop') stopped(uuid, path);
    return '+OK Success';
  }

  function stopped(uuid: string, path: string): void {
    recorder.handle({ type: 'record_stop', uuid, at: 0, path, durationMs: 1000, cause: '', recordingId: '' });
  }

  function run(
    action: RecordCallData['action'],
    changes: Partial<RecordRequest> = {},
  ): Promise<RecordOutcome> {
    const leg = calls.get('leg-a')!;
    return recorder.run({
      data: { ...(action && { action }) },
      leg,
      presser: leg,
      by: 'code',
      owner: { account: 'example.com', user: '1001' },
      at: Date.now(),
      ...changes,
    });
  }

  async function refused(work: Promise<unknown>): Promise<string> {
    const error = await work.catch((reason: unknown) => reason);
    return error instanceof MetaflowsError ? error.code : String(error);
  }

  const told = async ({ id }: RecordingDocument) =>
    (await store.audit.of('example.com', id)).map(({ action, by, result }) => `${action} ${by} ${result}`);
  const unrecorded = async () =>
    (await store.audit.page(100)).lines.map(({ line }) => line).filter((line) => !('recording_id' in line));

  it('is of a recording whose client_state its own account sets, and no other that talks in its call', async () => {
    const stateAfter = async (account: string, client_state: string) => {
      const data = { action: 'mask', client_state } as const;
      return (await run('mask', { data, by: 'api', owner: { account } })).recording?.client_state;
    };
    await run('start');
    expect(await stateAfter('example.com', 'own')).to.equal('own');
    expect(await stateAfter('other.com', 'theirs')).to.equal('own');
  });

  it('has each thing that was done, by whom and how, before whoever asked is told', async () => {
    const api = { by: 'api', tokenId: 't1' } as const;
    const { recording } = await run('start');
    await run('mask', api);
    await run('unmask');
    expect(await told(recording!)).to.deep.equal(['start code ok', 'mask api ok', 'unmask code ok']);
    await run('start');
    await run('stop', api);
    const lines = await store.audit.of('example.com', recording!.id);
    expect(
      lines.map(({ action, by, user_id, call_id, token_id, result }) => [
        action,
        by,
        user_id,
        call_id,
        token_id,
        result,
      ]),
    ).to.deep.equal([
      ['start', 'code', '1001', 'leg-a', undefined, 'ok'],
      ['mask', 'api', '1001', 'leg-a', 't1', 'ok'],
      ['unmask', 'code', '1001', 'leg-a', undefined, 'ok'],
      ['start', 'code', '1001', 'leg-a', undefined, 'already_recording'],
      ['stop', 'api', '1001', 'leg-a', 't1', 'ok'],
    ]);
    const doc = await store.recordings.get('example.com', recording!.id);
    expect(doc?.audit.map(({ action, result }) => [action, result])).to.deep.equal(
      lines.map(({ action, result }) => [action, result]),
    );
  });

  it('tells nobody that something was done which could not be accounted for', async () => {
    append = () => Promise.reject(new MetaflowsError('store_failed'));
    expect(await refused(run('start'))).to.equal('store_failed');
  });

  it('has what was refused where nothing is recorded', async () => {
    expect(await refused(run('stop'))).to.equal('not_recording');
    expect(await refused(run('mask', { by: 'api', tokenId: 't1' }))).to.equal('not_recording');
    const lines = (await unrecorded()).map((line) => {
      const { at, instance, seq, previous, ...rest } = line as AuditEvent & Record<string, unknown>;
      return rest;
    });
    const who = { account_id: 'example.com', user_id: '1001', call_id: 'leg-a', result: 'not_recording' };
    expect(lines).to.deep.equal([
      { action: 'stop', by: 'code', ...who },
      { action: 'mask', by: 'api', token_id: 't1', ...who },
    ]);
  });

  it('has a mask that did not work, and the recording goes on in clear', async () => {
    const { recording } = await run('start');
    answers.mask = '-ERR no such recording';
    expect(await refused(run('mask'))).to.equal('mask_incomplete');
    expect(await told(recording!)).to.deep.equal(['start code ok', 'mask code mask_incomplete']);
    const doc = await store.recordings.get('example.com', recording!.id);
    expect(doc?.state).to.equal('recording');
    expect(doc?.audit.map(({ result }) => result)).to.deep.equal(['ok', 'mask_incomplete']);
  });

  it('does not say of a stop that failed that it was one', async () => {
    const { recording } = await run('start');
    answers.stop = '-ERR the switch is out of order';
    expect(await refused(run('stop'))).to.equal('switch_refused');
    await run('mask');
    expect(await told(recording!)).to.deep.equal([
      'start code ok',
      'stop code switch_refused',
      'mask code ok',
    ]);
    delete answers.stop;
    await run('stop');
    expect((await told(recording!)).at(-1)).to.equal('stop code ok');
    expect(await unrecorded()).to.deep.equal([]);
  });

  it('has the end of a recording that nobody stopped', async () => {
    const over = new Promise<void>((resolve) => {
      onEvent = ({ type }) => {
        if (type === 'stopped') resolve();
      };
    });
    const { recording } = await run('start', { data: { end_key: '5' } });
    recorder.handle({ type: 'dtmf', uuid: 'leg-a', at: 0, digit: '5' });
    await over;
    expect(await told(recording!)).to.deep.equal(['start code ok', 'stop service end_key']);
  });

  it('has, and is told of, the mask with which a recording begins that joins a masked call', async () => {
    recorder.handle({ type: 'record_start', uuid: 'leg-a', at: 0, path: '/theirs.wav', recordingId: '' });
    await run('mask');
    const events: string[] = [];
    onEvent = ({ type, recording }) => events.push(`${type} ${recording.state}`);
    const { recording } = await run('start');
    expect(await told(recording!)).to.deep.equal(['start code ok', 'mask service ok']);
    expect(events).to.deep.equal(['started masked', 'masked masked']);
  });

  it('has the start that a service did not live to write down', async () => {
    const begun = recordingDocument();
    const { file } = begun.internal;
    const audit = [{ action: 'start', at: new Date().toISOString(), by: 'code', result: 'ok' } as const];
    const doc = { ...begun, audit };
    globals = `${beginning(doc.id)}=${noteOf(doc)}\n`;
    // nothing shows that it has begun
    await recorder.recover('switch', [legData('leg-a')]);
    expect(await told(doc)).to.deep.equal([]);
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), secondOfWav(8000));
    await recorder.recover('switch', [legData('leg-a')]);
    await recorder.close();
    expect(await told(doc)).to.deep.equal(['start code ok', 'stop service switch_lost']);
    await recorder.recover('switch', [legData('leg-a')]);
    expect(await told(doc)).to.have.lengthOf(2);
    expect((await store.recordings.get(doc.account_id, doc.id))?.state).to.equal('completed');
  });
});
