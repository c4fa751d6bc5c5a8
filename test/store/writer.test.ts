import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import PouchDB from 'pouchdb';
import { Writer } from '../../src/store/writer.js';

describe('documents that are written together', () => {
  let folder: string;
  let db: PouchDB.Database;
  let writer: Writer;
  let writes: number[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-writer-'));
    db = new PouchDB(folder);
    await db.info();
    writer = new Writer(db);
    writes = [];
    const bulkDocs = db.bulkDocs.bind(db);
    db.bulkDocs = (docs: PouchDB.Core.PutDocument<object>[]) => {
      writes.push(docs.length);
      return bulkDocs(docs);
    };
  });

  afterEach(async () => {
    await db.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('are those that one turn asks for, and those that come while it is being written', async () => {
    const first = Promise.all([writer.put({ _id: 'a' }), writer.put({ _id: 'b' })]);
    await Promise.resolve().then(() => Promise.resolve());
    const later = Promise.all(['c', 'd', 'e'].map((_id) => writer.put({ _id })));
    expect((await Promise.all([first, later])).flat())
      .to.have.length(5)
      .and.not.include(undefined);
    expect(writes).to.deep.equal([2, 3]);
    expect((await db.allDocs()).rows.map(({ id }) => id)).to.deep.equal(['a', 'b', 'c', 'd', 'e']);
  });

  it('fail one by one where another writer came first', async () => {
    await writer.put({ _id: 'taken' });
    const revs = await Promise.all([writer.put({ _id: 'taken' }), writer.put({ _id: 'free' })]);
    expect(revs[0]).to.equal(undefined);
    expect(revs[1]).to.match(/^1-/);
  });

  it('are never two versions of one document', async () => {
    const revs = await Promise.all([writer.put({ _id: 'a' }), writer.put({ _id: 'a' })]);
    expect(revs.map((rev) => rev === undefined)).to.deep.equal([false, true]);
    expect(writes).to.deep.equal([1, 1]);
  });

  it('fail all where the database does, and the next ones are written', async () => {
    const bulkDocs = db.bulkDocs.bind(db);
    db.bulkDocs = () => Promise.reject(new Error('the disk is full'));
    const failed = await Promise.allSettled([writer.put({ _id: 'a' }), writer.put({ _id: 'b' })]);
    expect(failed.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    db.bulkDocs = bulkDocs;
    expect(await writer.put({ _id: 'a' })).to.match(/^1-/);
  });

  describe('where a cluster answers that no majority of its nodes took one', () => {
    const THEIRS = `1-${'0'.repeat(32)}`;
    const OURS = `1-${'f'.repeat(32)}`;

    beforeEach(() => {
      const cluster = new PouchDB(folder);
      const bulkDocs = cluster.bulkDocs.bind(cluster);
      cluster.bulkDocs = async ([doc]: PouchDB.Core.PutDocument<object>[]) => {
        cluster.bulkDocs = bulkDocs;
        await bulkDocs([{ ...doc, _rev: OURS }], { new_edits: false });
        return [{ ok: true, id: 'a', rev: OURS, accepted: true }];
      };
      writer = new Writer(cluster);
    });

    it('give way to the one that came first', async () => {
      await new PouchDB(folder).bulkDocs([{ _id: 'a', _rev: THEIRS }], { new_edits: false });
      expect(await writer.put({ _id: 'a' })).to.equal(undefined);
      expect(await db.get('a', { conflicts: true })).to.deep.equal({ _id: 'a', _rev: THEIRS });
    });

    it('fail where none did', async () => {
      const failure = await writer.put({ _id: 'a' }).catch((error: unknown) => error);
      expect(failure).to.include({ status: 404 });
    });
  });
});
