import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { expect } from 'chai';
import { MetaflowsError } from '../../src/errors.js';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { ActiveRecordings, type Active } from '../../src/recording/active.js';
import { RecordingFiles } from '../../src/recording/files.js';
import type { Transport } from '../../src/recording/ports.js';
import { Finisher } from '../../src/recording/finisher.js';
import { audited, masked, segmentEnded, segmentStarted, unmasked } from '../../src/recording/state.js';
import { capturingLog } from '../support/log.js';
import { recordingDocument } from '../support/recordings.js';
import { secondOfWav } from '../support/wav.js';

const STARTED = 1_700_000_000_000;
const NOW = STARTED + 4000;

describe('the end of a recording', () => {
  let folder: string;
  let saved: RecordingDocument[];
  let told: string[];
  let active: Active;
  let first: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-files-'));
    saved = [];
    told = [];
  });
  afterEach(() => rm(folder, { recursive: true }));

  const finisherWith = (transport?: Transport, files = new RecordingFiles(folder)): Finisher => {
    const recordings = new ActiveRecordings({
      store: {
        save: (doc) => Promise.resolve(void saved.push(doc)),
        unfinished: () => Promise.resolve([]),
        get: () => Promise.resolve(undefined),
      },
      audit: () => Promise.resolve(),
      onEvent: ({ type }) => Promise.resolve(void told.push(type)),
    });
    active = recordings.add(recordingDocument({ startedAt: STARTED }));
    first = active.doc.internal.file;
    return new Finisher(
      recordings,
      {
        files,
        transport,
        dir: '/rec',
        log: capturingLog().log,
      },
      () => NOW,
      () => undefined,
    );
  };
  const put = async (file: string, rate: number): Promise<void> => {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), secondOfWav(rate));
  };

  it('is told and stored before the file has come from the switch, complete when it has', async () => {
    let arrive: (missing: string[]) => void = () => undefined;
    const finisher = finisherWith({ fetch: () => new Promise((resolve) => (arrive = resolve)) });
    const doc = await finisher.finish(active, 'code', undefined);
    expect(doc).to.include({ state: 'recording', stop_reason: 'code' });
    expect(saved).to.deep.equal([doc]);
    expect(told).to.deep.equal([]);
    expect(finisher.isFinishing(doc.id)).to.equal(true);
    await put(first, 8000);
    arrive([]);
    await finisher.idle();
    expect(saved.at(-1)).to.include({ state: 'completed', stop_reason: 'code', duration_ms: 1000 });
    expect(told).to.deep.equal(['stopped', 'completed']);
    expect(finisher.isFinishing(doc.id)).to.equal(false);
  });

  it('is failed, not_pushed, where the file never comes, with the time that the call took', async () => {
    const finisher = finisherWith({ fetch: () => Promise.resolve([first]) });
    await finisher.finish(active, 'hangup', undefined);
    await finisher.idle();
    expect(saved.at(-1)).to.include({ state: 'failed', failure: 'not_pushed', duration_ms: 4000 });
    expect(saved.at(-1)!.audit.filter(({ action }) => action === 'stop')).to.have.lengthOf(1);
  });

  it('has what has come where a segment stays on the switch, with its masks where they are heard, and says so', async () => {
    const finisher = finisherWith({
      fetch: async ({ segments }) => {
        await put(segments[1]!.file, 8000);
        return [first];
      },
    });
    const gap = segmentEnded(active.doc, STARTED + 2000);
    const file = first.replace('.wav', '-2.wav');
    const next = segmentStarted(gap, { leg: 'leg-a', file, isHeld: false, heldMs: 0 }, STARTED + 3000);
    active.doc = unmasked(masked(next, STARTED + 3200), STARTED + 3700);
    await finisher.finish(active, 'hangup', undefined);
    await finisher.idle();
    const doc = saved.at(-1)!;
    expect(doc).to.include({ state: 'completed', failure: 'not_pushed', duration_ms: 1000, size: 16_044 });
    expect(doc.segments.map(({ duration_ms }) => duration_ms)).to.deep.equal([0, 1000]);
    expect(doc.mask_intervals).to.deep.equal([{ start_ms: 200, end_ms: 700 }]);
  });

  it('says of a complete one that a segment of it could not be begun', async () => {
    const finisher = finisherWith();
    const entry = { action: 'start', at: '', by: 'service', result: 'switch_refused' } as const;
    active.doc = audited(active.doc, entry);
    await put(first, 8000);
    expect(await finisher.finish(active, 'hangup', undefined)).to.include({
      state: 'completed',
      failure: 'switch_refused',
    });
  });

  it('is left for later where the switch is gone, and then ends as it would have', async () => {
    let fetch = () => Promise.reject(new MetaflowsError('connection_lost'));
    const finisher = finisherWith({ fetch: () => fetch() });
    await finisher.finish(active, 'hangup', undefined);
    await finisher.idle();
    expect(saved.map(({ state }) => state)).to.deep.equal(['recording']);
    fetch = () => put(first, 8000).then(() => [] as never);
    await finisher.finish(active, 'hangup', undefined);
    await finisher.idle();
    expect(saved.at(-1)).to.include({ state: 'completed', stop_reason: 'hangup', duration_ms: 1000 });
    expect(saved.at(-1)!.audit.filter(({ action }) => action === 'stop')).to.have.lengthOf(1);
  });

  it('of somebody else’s recording has its file where that lies below the recordings folder, and asks for no other', async () => {
    let fetched = 0;
    const fetch = () => {
      fetched++;
      return put(first, 8000).then(() => []);
    };
    for (const path of ['/elsewhere/a.wav', '/rec/a/b.wav']) {
      const finisher = finisherWith({ fetch });
      first = 'a/b.wav';
      active.doc = { ...active.doc, internal: { ...active.doc.internal, file: first, path } };
      await finisher.finish(active, 'hangup', { at: 0, durationMs: 1000, cause: 'success-silence' });
      await finisher.idle();
    }
    expect(fetched).to.equal(1);
    expect(saved.at(1)).to.include({ state: 'completed' }).and.not.have.property('size');
    expect(saved.at(-1)).to.include({ state: 'completed', size: 16_044, duration_ms: 1000 });
  });

  it('is failed, and keeps its audio, where the switch could not write all of it', async () => {
    for (const path of [undefined, '/rec/a/b.wav']) {
      const finisher = finisherWith();
      if (path !== undefined) {
        first = 'a/b.wav';
        active.doc = { ...active.doc, internal: { ...active.doc.internal, file: first, path } };
      }
      await put(first, 8000);
      active.doc = { ...active.doc, failure: 'write_error' };
      await finisher.finish(active, 'hangup', { at: NOW, durationMs: 1000, cause: 'uri-failure' });
      expect(saved.at(-1)).to.include({ state: 'failed', failure: 'write_error', size: 16_044 });
      expect(existsSync(join(folder, first))).to.equal(true);
    }
    expect(told).to.deep.equal(['stopped', 'failed', 'stopped', 'failed']);
  });

  it('is failed where its last segment is shorter than the switch and the clock say', async () => {
    for (const [durationMs, expected] of [
      [4000, { state: 'failed', failure: 'write_error', size: 16_044 }],
      [1400, { state: 'completed' }],
      // a switch that counts otherwise than the clock goes
      [1_000_000, { state: 'failed', failure: 'write_error' }],
    ] as const) {
      const finisher = finisherWith();
      await put(first, 8000);
      await finisher.finish(active, 'hangup', { at: NOW, durationMs, cause: 'success-silence' });
      expect(saved.at(-1)).to.include(expected);
    }
    const finisher = finisherWith();
    active.doc = { ...active.doc, internal: { ...active.doc.internal, held_ms: 3000 } };
    await put(first, 8000);
    await finisher.finish(active, 'hangup', { at: NOW, durationMs: 4000, cause: 'success-silence' });
    expect(saved.at(-1)).to.include({ state: 'completed' });
  });

  it('of somebody else’s recording is failed where its file cannot be read', async () => {
    const finisher = finisherWith();
    const file = 'a/b.wav';
    active.doc = { ...active.doc, internal: { ...active.doc.internal, file, path: '/rec/a/b.wav' } };
    await mkdir(join(folder, file), { recursive: true });
    await finisher.finish(active, 'hangup', { at: NOW, durationMs: 4000, cause: 'success-silence' });
    expect(saved.at(-1)).to.include({ state: 'failed', failure: 'file_error' }).and.not.have.property('size');
  });

  it('is failed, and keeps its audio, where it is too short and cannot be removed', async () => {
    class Stuck extends RecordingFiles {
      override remove = () => Promise.reject(new Error('EACCES'));
    }
    const finisher = finisherWith(undefined, new Stuck(folder));
    active.doc = { ...active.doc, internal: { ...active.doc.internal, min_s: 10 } };
    await put(first, 8000);
    expect(await finisher.finish(active, 'code', undefined)).to.include({
      state: 'failed',
      failure: 'file_error',
      size: 16_044,
    });
  });

  it('is complete where its segments cannot be removed', async () => {
    class Stuck extends RecordingFiles {
      override removeParts = () => Promise.reject(new Error('EACCES'));
    }
    const finisher = finisherWith(undefined, new Stuck(folder));
    await put(first, 8000);
    expect(await finisher.finish(active, 'code', undefined)).to.include({ state: 'completed' });
  });

  it('keeps the segments where the document says, and nothing else, where they cannot be joined', async () => {
    const finisher = finisherWith();
    const [segment] = active.doc.segments;
    const second = first.replace('.wav', '-2.wav');
    active.doc = { ...active.doc, segments: [segment!, { ...segment!, file: second }] };
    await put(first, 8000);
    await put(second, 16_000);
    const doc = await finisher.finish(active, 'hangup', undefined);
    expect(doc).to.include({ failure: 'file_error' });
    const left = await readdir(dirname(join(folder, first)));
    expect(left).to.have.members(doc.segments.map(({ file }) => basename(file)));
  });
});
