import { EventEmitter, once } from 'node:events';
import { setImmediate as settled } from 'node:timers/promises';
import { expect } from 'chai';
import { Calls } from '../../src/calls/calls.js';
import { MetaflowsError } from '../../src/errors.js';
import type { RecordCallData } from '../../src/generated/record_call.js';
import type { RecordingDocument } from '../../src/generated/recording.js';
import type { Active } from '../../src/recording/active.js';
import type { RecordOutcome } from '../../src/recording/ports.js';
import { Recorder } from '../../src/recording/recorder.js';
import { Bugs } from '../support/bugs.js';
import { bridge, create, IDENTITY, legData } from '../support/legs.js';
import { recorderOptions, recordingDocument } from '../support/recordings.js';

describe('the mask of a call', () => {
  let bugs: Bugs;
  let calls: Calls;
  let recorder: Recorder;
  let events: string[];
  let stored: RecordingDocument[];
  let isStoreAway: boolean;
  /** Until when the store takes nothing, and refuses nothing. */
  let storeAnswers: Promise<void>;
  let told: EventEmitter;

  const kept = async (): Promise<void> => {
    await storeAnswers;
    if (isStoreAway) throw new MetaflowsError('store_failed');
  };
  const recorderOf = (): Recorder =>
    new Recorder({
      ...recorderOptions(calls),
      audit: kept,
      switchOf: () => ({ apis: (_key, commands) => bugs.apis(commands) }),
      store: {
        save: () => {
          told.emit('saved');
          return kept();
        },
        unfinished: () => Promise.resolve(stored),
        get: () => Promise.resolve(undefined),
      },
      onEvent: ({ type }) => {
        events.push(type);
        told.emit(type);
        return Promise.resolve();
      },
    });

  beforeEach(() => {
    events = [];
    stored = [];
    isStoreAway = false;
    storeAnswers = Promise.resolve();
    told = new EventEmitter();
    calls = new Calls(IDENTITY);
    const variables = { domain_name: 'example.com', user_name: '1001' };
    calls.apply('switch', create('leg-a', { variables, answered: true }));
    for (const uuid of ['leg-b', 'leg-c']) calls.apply('switch', create(uuid, { answered: true }));
    calls.apply('switch', bridge('leg-a', 'leg-b'));
    bugs = new Bugs();
    recorder = recorderOf();
    bugs.emit = (event) => recorder.handle(event);
  });
  afterEach(() => recorder.close());

  const run = (action: RecordCallData['action']): Promise<RecordOutcome> =>
    recorder.run({
      data: { ...(action !== undefined && { action }) },
      leg: calls.get('leg-a')!,
      by: 'code',
      owner: { account: 'example.com', user: '1001' },
      at: Date.now(),
    });
  const outcome = (action: RecordCallData['action']): Promise<string> =>
    run(action).then(
      ({ result }) => result,
      (error: unknown) => (error instanceof MetaflowsError ? error.code : String(error)),
    );
  const quiet = async (): Promise<void> => {
    for (let turn = 0; turn < 50; turn++) await settled();
  };
  const [ours, theirs] = ['leg-b', 'leg-b /other/x.au'];
  const recording = (): Active => [...recorder.active.all()][0]!;
  const own = (): string => `${ours} /rec/${recording().doc.internal.file}`;
  /** A recording of ours runs, as if started and found again. */
  const begun = async (): Promise<void> => {
    const doc = recordingDocument({ startedAt: Date.now() });
    const internal = { ...doc.internal, switch: 'switch', leg: 'leg-b', parties: ['leg-a', 'leg-b'] };
    recorder.active.add({ ...doc, internal });
    bugs.masked.set(own(), false);
    await quiet();
  };

  it('masks a recorder that is not listed, whichever begins while the call is masked', async () => {
    await begun();
    await run('mask');
    bugs.begin('leg-b', '/other/x.au');
    await quiet();
    expect(bugs.masked.get(theirs)).to.equal(true);
    await run('unmask');
    bugs.begin('leg-b', '/other/y.au');
    await quiet();
    expect(bugs.masked.get(theirs)).to.equal(false);
    expect(bugs.masked.get('leg-b /other/y.au')).to.equal(false);
  });

  it('masks a recorder that is not listed again when it had to be begun again', async () => {
    await begun();
    bugs.begin('leg-a', '/other/x.au');
    await run('mask');
    const path = `/rec/${recording().doc.internal.file}`;
    bugs.masked.set(`leg-a ${path}`, true);
    bugs.emit({ type: 'bug_start', uuid: 'leg-a', at: Date.now(), function: 'session_record', target: path });
    await quiet();
    expect(bugs.masked.get('leg-a /other/x.au')).to.equal(true);
    expect(bugs.masked.has(`leg-a ${path}`)).to.equal(false);
  });

  it('is there when an unmask is told as failed because it could not be stored, and the document says so', async () => {
    await begun();
    await run('mask');
    isStoreAway = true;
    expect(await outcome('unmask')).to.equal('store_failed');
    expect(bugs.masked.get(own())).to.equal(true);
    const { state, mask_intervals, audit } = recording().doc;
    expect([state, mask_intervals.length]).to.deep.equal(['masked', 2]);
    expect(audit.map(({ action, by, result }) => `${action} ${by} ${result}`)).to.deep.equal([
      'mask code ok',
      'unmask code ok',
      'mask service ok',
      'unmask code store_failed',
    ]);
  });

  it('does not wait for the store, whatever was asked before; whoever asked does', async () => {
    let answer: () => void = () => undefined;
    storeAnswers = new Promise((resolve) => (answer = resolve));
    const acknowledged: string[] = [];
    void run('start');
    const asked = (['mask', 'unmask', 'mask'] as const).map(async (action) => {
      acknowledged.push((await run(action)).result);
    });
    await quiet();
    expect(bugs.masked.get(own())).to.equal(true);
    expect(acknowledged).to.deep.equal([]);
    answer();
    await Promise.all(asked);
    expect(acknowledged).to.deep.equal(['masked', 'unmasked', 'masked']);
  });

  it('is not put back by an unmask that could not be stored where another has been since', async () => {
    await begun();
    await run('mask');
    let answer: () => void = () => undefined;
    storeAnswers = new Promise((resolve) => (answer = resolve));
    isStoreAway = true;
    const unmasks = [outcome('unmask'), outcome('mask'), outcome('unmask')];
    await quiet();
    const given: string[] = [];
    bugs.refuses = (command) => (
      /^uuid_record \S+ (un)?mask/.test(command) && given.push(command),
      undefined
    );
    answer();
    expect(await Promise.all(unmasks)).to.deep.equal(['store_failed', 'store_failed', 'store_failed']);
    // that of the last one alone
    expect(given).to.have.length(1);
    expect(bugs.masked.get(own())).to.equal(true);
  });

  it('is put back where an unmask could not be stored, and another one after it could not either', async () => {
    await begun();
    await run('mask');
    let answer: () => void = () => undefined;
    storeAnswers = new Promise((resolve) => (answer = resolve));
    isStoreAway = true;
    const unmasks = [outcome('unmask'), outcome('unmask')];
    await quiet();
    expect(bugs.masked.get(own())).to.equal(false);
    answer();
    expect(await Promise.all(unmasks)).to.deep.equal(['store_failed', 'store_failed']);
    expect(bugs.masked.get(own())).to.equal(true);
  });

  it('is put back of the recording, wherever whoever unmasked it has gone meanwhile', async () => {
    await begun();
    await run('mask');
    let answer: () => void = () => undefined;
    storeAnswers = new Promise((resolve) => (answer = resolve));
    isStoreAway = true;
    const unmask = outcome('unmask');
    await quiet();
    // leg-a has transferred the other party
    calls.apply('switch', bridge('leg-b', 'leg-c'));
    await recorder.bridged(calls.get('leg-b')!);
    expect(recording().doc.internal.parties).to.deep.equal(['leg-b', 'leg-c']);
    answer();
    expect(await unmask).to.equal('store_failed');
    expect(bugs.masked.get(own())).to.equal(true);
  });

  it('is there when the replies to an unmask do not come, though the switch carries it out', async () => {
    for (const late of [/leg-b unmask \/rec/, /unmask \/other/]) {
      await begun();
      bugs.begin('leg-b', '/other/x.au');
      expect(await outcome('mask')).to.equal('masked');
      bugs.delays = (command) => late.test(command);
      expect(await outcome('unmask')).to.equal('switch_timeout');
      bugs.delays = () => false;
      expect(bugs.masked.get(own()), late.source).to.equal(true);
      expect(bugs.masked.get(theirs), late.source).to.equal(true);
      expect(bugs.globals.get(`metaflows_masked_${recording().doc.id}`)).to.match(/^@\d{13}$/);
      expect(recording().doc.state).to.equal('masked');
      expect(await outcome('unmask')).to.equal('unmasked');
      recorder.active.retire(recording());
      bugs.masked.clear();
    }
  });

  it('is there again, and said since when, where the switch carried an unmask out that nobody heard of', async () => {
    await begun();
    expect(await outcome('mask')).to.equal('masked');
    bugs.delays = (command) => command.includes('leg-b unmask');
    bugs.loses = (command) => command.includes('leg-b mask');
    expect(await outcome('unmask')).to.equal('switch_timeout');
    expect(bugs.masked.get(own())).to.equal(false);
    bugs.loses = () => false;
    events.length = 0;
    for (let n = 0; n < 2; n++) {
      await recorder.maskAgain('switch');
      expect(bugs.masked.get(own())).to.equal(true);
      await recorder.recover('switch', [legData('leg-a'), legData('leg-b')]);
    }
    const { state, mask_intervals, internal, audit, id } = recording().doc;
    const moment = (name: string) => Number(bugs.globals.get(`metaflows_${name}_${id}`)!.slice(1, 14));
    expect(state).to.equal('masked');
    expect(mask_intervals).to.have.lengthOf(2);
    expect(mask_intervals[0]!.end_ms).to.equal(moment('clear') - internal.started_at);
    expect(mask_intervals[1]).to.deep.equal({ start_ms: moment('masked') - internal.started_at });
    expect(audit.slice(-2).map(({ action, by, result }) => `${action} ${by} ${result}`)).to.deep.equal([
      'unmask service connection_lost',
      'mask service ok',
    ]);
    expect(events).to.deep.equal(['unmasked', 'masked']);
  });

  it('is whole where one recorder could not be unmasked: switch, note and document agree, nothing is told', async () => {
    await begun();
    bugs.begin('leg-b', '/other/x.au');
    await run('mask');
    const since = bugs.globals.get(`metaflows_masked_${recording().doc.id}`);
    events.length = 0;
    bugs.refuses = (command) => (command.includes('unmask /other') ? '-ERR Cannot unmask' : undefined);
    expect(await outcome('unmask')).to.equal('unmask_incomplete');
    expect([...bugs.masked.values()]).to.deep.equal([true, true]);
    expect(bugs.globals.get(`metaflows_masked_${recording().doc.id}`)).to.match(/^@\d{13}$/);
    expect(since).to.match(/^@\d{16}$/);
    expect(bugs.globals.get(`metaflows_clear_${recording().doc.id}`)).to.equal('');
    expect([recording().doc.state, recording().doc.mask_intervals.length]).to.deep.equal(['masked', 1]);
    expect(events).to.deep.equal([]);
  });

  it('is told of where it changed, however often it is asked for', async () => {
    await begun();
    expect(await outcome('unmask')).to.equal('unmasked');
    for (let n = 0; n < 2; n++) expect(await outcome('mask')).to.equal('masked');
    expect(events).to.deep.equal(['masked']);
    bugs.begin('leg-b', '/other/x.wav');
    await quiet();
    // that of the one that joined
    expect(events).to.deep.equal(['masked', 'started', 'masked']);
    expect(bugs.masked.get('leg-b /other/x.wav')).to.equal(true);
    for (let n = 0; n < 2; n++) expect(await outcome('unmask')).to.equal('unmasked');
    expect(events.slice(3)).to.deep.equal(['unmasked', 'unmasked']);
  });

  it('outlives the recorders of others that it was made for, and the service that made it', async () => {
    bugs.begin('leg-b', '/other/x.wav');
    await quiet();
    await run('mask');
    const completed = once(told, 'completed');
    bugs.end('leg-b', '/other/x.wav');
    await completed;
    expect(bugs.variables.get('leg-a metaflows_masked')).to.equal('true');
    await recorder.close();
    recorder = recorderOf();
    await recorder.recover('switch', [legData('leg-a', { variables: { metaflows_masked: 'true' } })]);
    bugs.begin('leg-b', '/other/y.au');
    await quiet();
    expect(bugs.masked.get('leg-b /other/y.au')).to.equal(true);
    isStoreAway = true;
    for (const end of [() => undefined, () => bugs.end('leg-b', '/other/y.au')]) {
      end();
      expect(await outcome('unmask')).to.equal('store_failed');
      bugs.begin('leg-b', '/other/y.au');
      await quiet();
      expect(bugs.masked.get('leg-b /other/y.au')).to.equal(true);
    }
    isStoreAway = false;
    expect(await outcome('unmask')).to.equal('unmasked');
    expect(bugs.masked.get('leg-b /other/y.au')).to.equal(false);
    expect(bugs.variables.get('leg-a metaflows_masked')).to.equal('');
  });

  it('cannot be made any more by the codes of legs whose recording the switch has ended', async () => {
    const started = run('start');
    await quiet();
    expect(bugs.variables.get('leg-a metaflows_mask')).to.include('leg-b mask');
    bugs.end('leg-b', `/rec/${recording().doc.internal.file}`);
    await started.catch(() => undefined);
    await quiet();
    expect(bugs.variables.get('leg-a metaflows_mask')).to.equal('');
    expect(bugs.variables.get('leg-a metaflows_mask_note')).to.equal('');
  });

  describe('where ending a recorder that the switch moved would end another of ours', () => {
    /** The recorder of another recording is moved to the leg on which ours runs. */
    const moved = async (): Promise<void> => {
      await begun();
      const doc = recordingDocument({ startedAt: Date.now() });
      const internal = { ...doc.internal, switch: 'switch', leg: 'leg-c', parties: ['leg-c'] };
      const path = `/rec/${internal.file}`;
      const other = recorder.active.add({ ...doc, internal });
      bugs.masked.set(`leg-b ${path}`, false);
      const bug = { type: 'bug_start', function: 'session_record', at: Date.now() } as const;
      bugs.emit({ ...bug, uuid: 'leg-b', target: path });
      await quiet();
      recorder.active.retire(other);
    };

    for (const how of ['refuses', 'loses'] as const) {
      it(`and the switch ${how} that: ours stops when it is told to`, async () => {
        bugs.refuses = (command) =>
          how === 'refuses' && command.includes('stop all') ? '-ERR Cannot stop' : undefined;
        bugs.loses = (command) => how === 'loses' && command.includes('stop all');
        await moved();
        expect(await outcome('stop')).to.equal('stopped');
        expect([...recorder.active.all()]).to.deep.equal([]);
      });
    }

    it('and the switch is slow to say so: ours goes on', async () => {
      bugs.delays = (command) => command.includes('stop all');
      await moved();
      while (recording().doc.segments.length < 2) await once(told, 'saved');
      expect(bugs.masked.has(`leg-b /rec/${recording().doc.segments[1]!.file}`)).to.equal(true);
    });
  });
});
