import { expect } from 'chai';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PouchDB from 'pouchdb';
import { Documents } from '../../src/store/documents.js';
import { OnceStore } from '../../src/store/once.js';
import { openStore } from '../../src/store/store.js';
import { capturingLog } from '../support/log.js';

describe('store of what is done once', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-once-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('remembers across a restart', async () => {
    let done = 0;
    const work = () => Promise.resolve(void (done += 1));
    for (let start = 0; start < 2; start += 1) {
      const store = await openStore(folder, capturingLog().log);
      await store.once.once('a', 'x', 60_000, work);
      await store.close();
    }
    expect(done).to.equal(1);
  });

  it('forgets when the time is over, and then keeps nothing of it', async () => {
    const db = new PouchDB(folder, { adapter: 'leveldb' });
    try {
      let now = 1000;
      const done: string[] = [];
      const store = new OnceStore(new Documents(db), () => now);
      const once = (name: string) =>
        store.once('a', name, 60_000, () => Promise.resolve(void done.push(name)));
      await once('x');
      now += 59_999;
      await once('x');
      expect(done).to.deep.equal(['x']);
      now += 1;
      await once('__proto__');
      expect(Object.keys((await db.get<{ until: object }>('done/a')).until)).to.have.lengthOf(1);
      await once('x');
      await once('__proto__');
      expect(done).to.deep.equal(['x', '__proto__', 'x']);
    } finally {
      await db.close();
    }
  });

  it('shares what comes of it with whoever asks meanwhile, and forgets what failed', async () => {
    const store = await openStore(folder, capturingLog().log);
    try {
      let attempts = 0;
      const work = () => {
        attempts += 1;
        return attempts === 1 ? Promise.reject(new Error('not now')) : Promise.resolve();
      };
      const both = [store.once.once('a', 'x', 60_000, work), store.once.once('a', 'x', 60_000, work)];
      const outcomes = await Promise.allSettled(both);
      expect(outcomes.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
      expect(attempts).to.equal(1);
      await store.once.once('a', 'x', 60_000, work);
      await store.once.once('b', 'x', 60_000, work);
      expect(attempts).to.equal(3);
    } finally {
      await store.close();
    }
  });
});
