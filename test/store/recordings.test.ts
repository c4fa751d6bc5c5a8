import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import PouchDB from 'pouchdb';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { newRecordingId } from '../../src/recording/files.js';
import { Documents } from '../../src/store/documents.js';
import { RecordingStore } from '../../src/store/recordings.js';
import { openStore, type Store } from '../../src/store/store.js';
import { capturingLog } from '../support/api.js';
import { recordingDocument } from '../support/recordings.js';

const { log } = capturingLog();
/** The last seconds of a month, so that pages cross its end. */
const START = Date.UTC(2026, 0, 31, 23, 59, 57);

function recording(second: number, changes: Partial<RecordingDocument> = {}): RecordingDocument {
  const startedAt = START + second * 1000;
  return {
    ...recordingDocument({ startedAt }),
    id: newRecordingId(startedAt),
    state: 'completed',
    ...changes,
  };
}

describe('store of recordings', () => {
  let folder: string;
  let store: Store;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-recordings-'));
    store = await openStore(folder, log);
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  async function saved(...documents: RecordingDocument[]): Promise<string[]> {
    for (const document of documents) await store.recordings.save(document);
    return documents.map(({ id }) => id);
  }

  async function listed(account: string, query: Partial<Parameters<Store['recordings']['list']>[1]> = {}) {
    const { recordings } = await store.recordings.list(account, { limit: 100, ...query });
    return recordings.map(({ id }) => id);
  }

  it('gives a document back as it was saved last, also where saves overlap', async () => {
    const document = recording(0, { state: 'recording' });
    const last = { ...document, state: 'completed', duration_ms: 1234 } as const;
    await Promise.all([
      store.recordings.save(document),
      store.recordings.save({ ...document, state: 'masked' }),
      store.recordings.save(last),
    ]);
    expect(await store.recordings.get('example.com', document.id)).to.deep.equal(last);
    expect(await store.recordings.get('other', document.id)).to.equal(undefined);
    expect(await store.recordings.unfinished()).to.deep.equal([]);
  });

  it('keeps the order of saves where a database is slow at first', async () => {
    const db = new PouchDB(join(folder, 'slow'));
    const bulkDocs = db.bulkDocs.bind(db);
    db.bulkDocs = async (docs: PouchDB.Core.PutDocument<object>[]) => {
      db.bulkDocs = bulkDocs;
      await setTimeout(20);
      return bulkDocs(docs);
    };
    const recordings = new RecordingStore(new Documents(db));
    const document = recording(0, { state: 'recording' });
    const last = { ...document, state: 'failed' } as const;
    await Promise.all([recordings.save(document), recordings.save(last)]);
    expect(await recordings.get('example.com', document.id)).to.deep.equal(last);
    await db.close();
  });

  it('lists an account’s, and one user’s, newest first', async () => {
    const [first, second, third] = await saved(
      recording(0),
      recording(1, { owner_id: '1002' }),
      recording(4, { owner_id: '1/00 2' }),
    );
    await saved(recording(2, { account_id: 'example.com/x' }), recording(3, { account_id: 'other' }));
    expect(await listed('example.com')).to.deep.equal([third, second, first]);
    expect(await listed('example.com', { user: '1001' })).to.deep.equal([first]);
    expect(await listed('example.com', { user: '1/00 2' })).to.deep.equal([third]);
    expect(await listed('example.com', { user: '1' })).to.deep.equal([]);
    expect(await listed('example')).to.deep.equal([]);
  });

  it('lists by time, both ends included, over the end of a month', async () => {
    const ids = await saved(...[0, 1, 2, 3, 4, 5].map((second) => recording(second)));
    const between = (from: number, to: number) =>
      listed('example.com', { from: START + from, to: START + to });
    expect(await between(1000, 4000)).to.deep.equal([ids[4], ids[3], ids[2], ids[1]]);
    expect(await between(1001, 3999)).to.deep.equal([ids[3], ids[2]]);
    expect(await between(9000, 1000)).to.deep.equal([]);
    expect(await listed('example.com', { user: '1001', from: START + 4500 })).to.deep.equal([ids[5]]);
  });

  it('pages without missing or doubling one while others arrive and go', async () => {
    const ids = await saved(...Array.from({ length: 7 }, (_, second) => recording(second)));
    const seen: string[] = [];
    let startKey: string | undefined;
    for (let page = 0; page === 0 || startKey !== undefined; page++) {
      const { recordings, next_start_key } = await store.recordings.list('example.com', {
        limit: 3,
        startKey,
      });
      seen.push(...recordings.map(({ id }) => id));
      await saved(recording(100 + page));
      if (page === 0) await store.recordings.delete('example.com', next_start_key ?? '');
      startKey = next_start_key;
    }
    expect(seen).to.deep.equal([ids[6], ids[5], ids[4], ids[2], ids[1], ids[0]]);
  });

  it('pages so through what a filter leaves, a short page too, while others arrive', async () => {
    const many = Array.from({ length: 4100 }, (_, n) =>
      recording(n / 1000, { label: [50, 60, 70].includes(n % 4000) ? 'wanted' : 'other' }),
    );
    for (let at = 0; at < many.length; at += 100) await saved(...many.slice(at, at + 100));
    const pages: string[][] = [];
    let startKey: string | undefined;
    do {
      const { recordings, next_start_key } = await store.recordings.list('example.com', {
        limit: 2,
        startKey,
        matches: ({ label }) => label === 'wanted',
      });
      pages.push(recordings.map(({ id }) => id));
      await saved(recording(100, { label: 'wanted' }));
      startKey = next_start_key;
    } while (startKey !== undefined);
    const wanted = many.filter(({ label }) => label === 'wanted').map(({ id }) => id);
    expect(pages.flat()).to.deep.equal(wanted.reverse());
    expect(pages.map(({ length }) => length)).to.deep.equal([2, 1, 2, 1]);
  }).timeout(60_000);

  it('lists those that go on, an account’s and one user’s, without looking at those that have ended', async () => {
    const going = recording(0, { state: 'masked' });
    const others = recording(1, { state: 'recording', owner_id: '1002' });
    await saved(going, others, recording(2, { state: 'recording', account_id: 'other' }), recording(3));
    let looked = 0;
    const matches = () => ++looked > 0;
    expect(await listed('example.com', { running: true, matches })).to.deep.equal([others.id, going.id]);
    expect(looked).to.equal(2);
    expect(await listed('example.com', { running: true, user: '1001' })).to.deep.equal([going.id]);
  });

  it('finds those that had not ended when the service starts again', async () => {
    const running = recording(0, { state: 'recording' });
    const masked = recording(1, { state: 'masked', account_id: 'other' });
    const ended = recording(2, { state: 'recording' });
    await saved(running, masked, ended, { ...ended, state: 'failed' }, recording(3));
    await store.close();
    store = await openStore(folder, log);
    expect(await store.recordings.unfinished()).to.have.deep.members([running, masked]);
    await store.recordings.save({ ...running, state: 'completed' });
    expect(await store.recordings.unfinished()).to.deep.equal([masked]);
  });

  it('passes over what a crash left in the indexes', async () => {
    const [id = ''] = await saved(recording(0));
    await store.close();
    const db = new PouchDB(folder);
    const gone = newRecordingId(START);
    for (const each of [id, gone]) await db.put({ _id: `unfinished/example.com/${each}` });
    await db.put({ _id: `owned/example.com/1001/${gone}` });
    await db.close();
    store = await openStore(folder, log);
    expect(await store.recordings.unfinished()).to.deep.equal([]);
    expect(await listed('example.com', { user: '1001' })).to.deep.equal([id]);
  });

  it('deletes from every list', async () => {
    const [id = ''] = await saved(recording(0));
    expect(await store.recordings.delete('example.com', id)).to.equal(true);
    expect(await store.recordings.delete('example.com', id)).to.equal(false);
    expect(await listed('example.com')).to.deep.equal([]);
    expect(await listed('example.com', { user: '1001' })).to.deep.equal([]);
  });
});
