import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { newRecordingId, RecordingFiles, segmentFile } from '../../src/recording/files.js';
import { Removal } from '../../src/recording/removal.js';
import { DAY_MS } from '../../src/retention/due.js';
import { Retention } from '../../src/retention/retention.js';
import { openStore, type Store } from '../../src/store/store.js';
import { TestClock } from '../support/delivery.js';
import { capturingLog } from '../support/log.js';
import { recordingDocument } from '../support/recordings.js';

const ACCOUNT = 'example.com';
const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;

describe('retention of recordings', () => {
  const { log, lines } = capturingLog();
  let folder: string;
  let store: Store;
  let clock: TestClock;
  let retention: Retention;

  beforeEach(async () => {
    lines.length = 0;
    folder = await mkdtemp(join(tmpdir(), 'metaflows-retention-'));
    store = await openStore(join(folder, 'db'), log);
    clock = new TestClock(NOW);
    const removal = new Removal({
      recordings: store.recordings,
      files: new RecordingFiles(folder),
      audit: (event) => store.audit.append(event),
    });
    retention = new Retention({
      settings: store.retention,
      recordings: store.recordings,
      removal,
      log,
      clock,
    });
  });
  afterEach(async () => {
    await retention.close();
    await store.close();
    await rm(folder, { recursive: true });
  });

  async function recorded(
    ageDays: number,
    changes: Partial<RecordingDocument> = {},
    account = ACCOUNT,
  ): Promise<RecordingDocument> {
    const startedAt = NOW - ageDays * DAY_MS;
    const doc: RecordingDocument = {
      ...recordingDocument({ startedAt, account }),
      id: newRecordingId(startedAt),
      state: 'completed',
      ...changes,
    };
    await store.recordings.save(doc);
    return doc;
  }

  const left = async (account = ACCOUNT) =>
    (await store.recordings.list(account, { limit: 1000 })).recordings.map(({ id }) => id);
  const pass = (ms: number) => clock.pass(ms, () => retention.idle());

  it('deletes what an account has kept for long enough, and nobody else’s', async () => {
    const old = await recorded(31);
    const young = await recorded(29);
    const others = await recorded(31, {}, 'other');
    await store.retention.put(ACCOUNT, { days: 30 });
    retention.start();
    await pass(0);
    expect(await left()).to.deep.equal([young.id]);
    expect(await left('other')).to.deep.equal([others.id]);
    const told = await store.audit.of(ACCOUNT, old.id);
    expect(told.map(({ action, by, result }) => [action, by, result])).to.deep.equal([
      ['deletion', 'service', 'begun'],
      ['deletion', 'service', 'ok'],
    ]);
  });

  it('deletes every file, also what a crash has left', async () => {
    const doc = await recorded(2);
    const { file } = doc.internal;
    const files = [file, segmentFile(file, 1), segmentFile(file, 2), `${file}.joined`, `${file}.trimmed`];
    await store.recordings.save({
      ...doc,
      segments: [file, segmentFile(file, 2)].map((each) => ({ call_id: 'leg', file: each, start_ms: 0 })),
    });
    await mkdir(dirname(join(folder, file)), { recursive: true });
    for (const each of files) await writeFile(join(folder, each), 'a sound');
    await store.retention.put(ACCOUNT, { days: 1 });
    retention.start();
    await pass(0);
    expect(files.filter((each) => existsSync(join(folder, each)))).to.deep.equal([]);
  });

  it('leaves alone what runs, is held or is still to be delivered, and comes back for it', async () => {
    const kept = [
      await recorded(4, { state: 'masked' }),
      await recorded(3, { legal_hold: true }),
      await recorded(2, { delivery: 'pending', url: 'http://example.com' }),
    ];
    await store.retention.put(ACCOUNT, { days: 1 });
    retention.start();
    await pass(0);
    expect(await left()).to.have.members(kept.map(({ id }) => id));
    for (const { id } of kept) expect(await store.audit.of(ACCOUNT, id)).to.deep.equal([]);
    for (const { id } of kept) {
      await store.recordings.change(ACCOUNT, id, ({ legal_hold, ...doc }) => ({
        ...doc,
        state: 'completed',
        ...(doc.delivery && { delivery: 'delivered' }),
      }));
    }
    await pass(HOUR);
    expect(await left()).to.deep.equal([]);
  });

  it('takes them a hundred at a time, a second apart, in turn with other accounts', async () => {
    for (let n = 0; n < 150; n++) await recorded(2 + n / 1000);
    await recorded(2, {}, 'other');
    for (const account of [ACCOUNT, 'other']) await store.retention.put(account, { days: 1 });
    retention.start();
    await pass(0);
    expect((await left()).length).to.equal(50);
    await pass(1000);
    expect([(await left()).length, (await left('other')).length]).to.deep.equal([50, 0]);
    await pass(1000);
    expect(await left()).to.deep.equal([]);
  });

  it('goes by what is set when it looks, and goes on after what it could not delete', async () => {
    const first = await recorded(3);
    const second = await recorded(2);
    // Where the file should lie, there is a folder.
    await mkdir(join(folder, second.internal.file), { recursive: true });
    retention.start();
    await pass(HOUR);
    expect(await left()).to.have.members([first.id, second.id]);
    await store.retention.put(ACCOUNT, { days: 1 });
    await pass(HOUR);
    expect(await left()).to.deep.equal([second.id]);
    const told = await store.audit.of(ACCOUNT, second.id);
    expect(told.map(({ result }) => result)).to.deep.equal(['begun', 'recordings_unusable']);
    await store.retention.delete(ACCOUNT);
    await rm(join(folder, second.internal.file), { recursive: true });
    await pass(2 * HOUR);
    expect(await left()).to.deep.equal([second.id]);
  });

  it('begins nothing after it is closed', async () => {
    await recorded(2);
    await store.retention.put(ACCOUNT, { days: 1 });
    await retention.close();
    await pass(2 * HOUR);
    expect((await left()).length).to.equal(1);
  });
});
