import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import PouchDB from 'pouchdb';
import { verify, type StoredLine } from '../../src/audit/chain.js';
import type { AuditEvent } from '../../src/audit/events.js';
import { isMetaflowsError } from '../../src/errors.js';
import { AuditStore } from '../../src/store/audit.js';
import { Documents } from '../../src/store/documents.js';

function event(changes: Partial<AuditEvent> = {}): AuditEvent {
  return {
    action: 'mask',
    at: '2026-01-01T00:00:00.000Z',
    by: 'code',
    account_id: 'example.com',
    recording_id: 'r1',
    result: 'ok',
    ...changes,
  };
}

describe('store of the audit', () => {
  let folder: string;
  let db: PouchDB.Database;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-audit-'));
    db = new PouchDB(join(folder, 'db'));
  });
  afterEach(async () => {
    await db.close();
    await rm(folder, { recursive: true });
  });

  /** `settlesMs`: as where others write into the same database. */
  async function loaded(instance: string, settlesMs = 0): Promise<AuditStore> {
    const audit = new AuditStore(new Documents(db, settlesMs));
    await audit.load(instance);
    return audit;
  }

  async function* all(audit: AuditStore): AsyncGenerator<StoredLine> {
    let next: string | undefined;
    do {
      const page = await audit.page(2, next);
      yield* page.lines;
      next = page.next_start_key;
    } while (next !== undefined);
  }

  const broken = async (audit: AuditStore) => verify(await audit.heads(), all(audit), () => audit.heads());
  const count = async (audit: AuditStore) => {
    const places: string[] = [];
    for await (const { place } of all(audit)) places.push(place);
    return places.length;
  };

  it('chains what comes at once in the order in which it came', async () => {
    const audit = await loaded('a');
    const results = Array.from({ length: 7 }, (_, n) => `result ${n}`);
    await Promise.all(results.map((result) => audit.append(event({ result }))));
    const lines = await audit.of('example.com', 'r1');
    expect(lines.map(({ result, seq }) => [result, seq])).to.deep.equal(
      results.map((text, n) => [text, n + 1]),
    );
    expect(await broken(audit)).to.deep.equal([]);
    expect((await audit.heads()).map(({ instance, seq }) => [instance, seq])).to.deep.equal([['a', 7]]);
  });

  it('lists the lines of one recording by time, whoever wrote them', async () => {
    const [a, b] = [await loaded('a'), await loaded('b')];
    await b.append(event({ at: '2026-01-02T00:00:00.000Z' }));
    await a.append(event({ at: '2026-01-03T00:00:00.000Z' }));
    await a.append(event({ at: '2026-01-01T00:00:00.000Z' }));
    await a.append(event({ recording_id: 'r2' }));
    await a.append(event({ account_id: 'other' }));
    const { recording_id, ...unrecorded } = event();
    await a.append(unrecorded);
    expect((await b.of('example.com', 'r1')).map(({ at }) => at.slice(0, 10))).to.deep.equal([
      '2026-01-01',
      '2026-01-02',
      '2026-01-03',
    ]);
    expect(await count(a)).to.equal(6);
  });

  it('goes on with its chain after a restart, and beside those of others', async () => {
    await (await loaded('a')).append(event());
    await (await loaded('b')).append(event());
    const again = await loaded('a');
    await again.append(event());
    expect((await again.heads()).map(({ instance, seq }) => [instance, seq])).to.deep.equal([
      ['b', 1],
      ['a', 2],
    ]);
    expect(await broken(again)).to.deep.equal([]);
  });

  it('loses and doubles nothing where two processes have the same id by mistake', async () => {
    const [first, second] = [await loaded('a', 1), await loaded('a', 1)];
    await Promise.all([1, 2, 3, 4].flatMap(() => [first.append(event()), second.append(event())]));
    expect(await count(first)).to.equal(8);
    expect(await broken(await loaded('a'))).to.deep.equal([]);
  });

  it('goes on where a crash came between a line and its head', async () => {
    const audit = await loaded('a');
    await audit.append(event());
    const head = await db.get('audit-head/a');
    await audit.append(event());
    const { _rev } = await db.get('audit-head/a');
    await db.put({ ...head, _rev });
    const again = await loaded('a');
    await again.append(event());
    expect(await count(again)).to.equal(3);
    expect(await broken(again)).to.deep.equal([]);
  });

  for (const [where, settlesMs] of [
    ['in a folder', 0],
    ['in a database of many', 1],
  ] as const) {
    it(`leaves a head that says which line is the last, wherever the instance is killed, ${where}`, () =>
      headsSay(settlesMs));
  }

  async function headsSay(settlesMs: number): Promise<void> {
    const audit = await loaded('a', settlesMs);
    const bulkDocs = db.bulkDocs.bind(db);
    const left: Promise<number[]>[] = [];
    db.bulkDocs = async (docs: PouchDB.Core.PutDocument<object>[]) => {
      const written = await bulkDocs(docs);
      const other = await loaded('another');
      left.push(Promise.all([count(other), other.heads().then(([head]) => head?.seq ?? -1)]));
      await left.at(-1);
      return written;
    };
    for (let n = 0; n < 2; n++) await Promise.all([audit.append(event()), audit.append(event())]);
    // Where others write too, each start is of another instance.
    if (settlesMs === 0) await (await loaded('a')).append(event());
    db.bulkDocs = bulkDocs;
    const told = await Promise.all(left);
    const all = settlesMs === 0 ? 5 : 4;
    expect(told.at(-1)).to.deep.equal([all, all]);
    for (const [lines, head] of told) expect(head).to.equal(lines);
  }

  it('writes what comes at once in one piece in a folder, so that many cost little more than one', async () => {
    const audit = await loaded('a');
    const bulkDocs = db.bulkDocs.bind(db);
    const written: number[] = [];
    db.bulkDocs = (docs: PouchDB.Core.PutDocument<object>[]) => {
      written.push(docs.filter(({ _id }) => _id?.startsWith('audit/')).length);
      return bulkDocs(docs);
    };
    await audit.append(event());
    await Promise.all(Array.from({ length: 20 }, () => audit.append(event())));
    expect(written.filter((lines) => lines > 0)).to.deep.equal([1, 20]);
    expect(await broken(audit)).to.deep.equal([]);
  });

  it('does not hide by going on that its newest lines were cut off', async () => {
    const audit = await loaded('a');
    for (let n = 0; n < 3; n++) await audit.append(event());
    for (const seq of [2, 3]) await db.remove(await db.get(`audit/a/00000000000${seq}`));
    for (const each of [audit, await loaded('a')]) {
      expect(await broken(each)).to.deep.equal([{ instance: 'a', what: 'missing', from: 2, to: 3 }]);
    }
    const again = await loaded('a');
    await again.append(event());
    expect(await broken(again)).to.deep.equal([{ instance: 'a', what: 'missing', from: 2, to: 3 }]);
  });

  it('rejects where the line could not be stored, and chains the next one to the last that was', async () => {
    const audit = await loaded('a');
    await audit.append(event());
    const bulkDocs = db.bulkDocs.bind(db);
    db.bulkDocs = () => Promise.reject(new Error('the disk is full'));
    const failure = await audit.append(event()).catch((error: unknown) => error);
    expect(isMetaflowsError(failure, 'store_failed')).to.equal(true);
    db.bulkDocs = bulkDocs;
    await audit.append(event());
    expect(await count(audit)).to.equal(2);
    expect(await broken(audit)).to.deep.equal([]);
  });

  it('keeps its chain whole whichever writes fail, before and after a start', async () => {
    const bulkDocs = db.bulkDocs.bind(db);
    for (let fails = 0; fails < 2 ** 5; fails++) {
      const instance = `disk${fails}`;
      let audit = await loaded(instance);
      await audit.append(event());
      let write = 0;
      db.bulkDocs = (docs: PouchDB.Core.PutDocument<object>[]) =>
        (fails >> write++) & 1 ? Promise.reject(new Error('the disk is full')) : bulkDocs(docs);
      let appended = 1;
      for (const result of ['one', 'two', 'three', 'four']) {
        if (result === 'three') audit = await loaded(instance);
        const isStored = await audit.append(event({ result })).then(
          () => true,
          () => false,
        );
        if (isStored) appended++;
      }
      db.bulkDocs = bulkDocs;
      await audit.append(event());
      const head = (await audit.heads()).find((each) => each.instance === instance);
      expect(head?.seq, instance).to.equal(appended + 1);
      expect(await broken(await loaded(instance)), instance).to.deep.equal([]);
    }
  });

  it('goes on after lines that were stored, and were said not to be', async () => {
    const audit = await loaded('a');
    await audit.append(event());
    const bulkDocs = db.bulkDocs.bind(db);
    db.bulkDocs = async (docs: PouchDB.Core.PutDocument<object>[]) => {
      await bulkDocs(docs);
      throw new Error('the answer is lost');
    };
    await audit.append(event({ result: 'one' })).catch(() => undefined);
    db.bulkDocs = bulkDocs;
    await audit.append(event({ result: 'two' }));
    expect((await audit.of('example.com', 'r1')).map(({ result }) => result)).to.deep.equal([
      'ok',
      'one',
      'two',
    ]);
    expect(await broken(audit)).to.deep.equal([]);
  });

  it('does not hide by going on that its newest line was changed', async () => {
    await (await loaded('a')).append(event());
    await db.put({ ...(await db.get('audit/a/000000000001')), result: 'changed' });
    const again = await loaded('a');
    await again.append(event());
    expect(await broken(again)).to.deep.equal([{ instance: 'a', what: 'changed', from: 1, to: 1 }]);
  });
});
