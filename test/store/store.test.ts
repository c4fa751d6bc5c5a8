import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import PouchDB from 'pouchdb';
import type { Metaflows } from '../../src/generated/metaflows.js';
import { Documents } from '../../src/store/documents.js';
import type { Scope } from '../../src/store/scoped.js';
import { openStore, type Store } from '../../src/store/store.js';
import { ADMIN_TOKEN, capturingLog } from '../support/api.js';

const { log } = capturingLog();
const codes = (number: string): Metaflows => ({ numbers: { [number]: { module: 'record_call' } } });

describe('store', () => {
  let folder: string;
  let store: Store;

  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'metaflows-store-')), 'deep', 'db');
    store = await openStore(folder, log);
  });
  afterEach(async () => {
    await store.close();
    await rm(join(folder, '..', '..'), { recursive: true });
  });

  async function reopen(): Promise<void> {
    await store.close();
    store = await openStore(folder, log);
  }

  it('gives way to what is said to switches, where both want the processor', async () => {
    // Elsewhere a thread has no priority of its own.
    if (process.platform !== 'linux') return;
    const nice = async (thread: string): Promise<number> => {
      const stat = await readFile(`/proc/self/task/${thread}/stat`, 'utf8');
      return Number(stat.slice(stat.lastIndexOf(')')).split(' ')[17]);
    };
    const all = await Promise.all((await readdir('/proc/self/task')).map(nice));
    expect(Math.max(...all)).to.be.above(await nice(String(process.pid)));
  });

  it('is the same instance at each start on a folder', async () => {
    const { instance } = store;
    await reopen();
    expect(store.instance)
      .to.equal(instance)
      .and.match(/^[0-9a-f]{16}$/);
  });

  describe('metaflows', () => {
    it('are kept for accounts, users and devices each, whatever their names', async () => {
      const scopes: Scope[] = [
        { account: 'a' },
        { account: 'a', user: 'b' },
        { account: 'a', device: 'b' },
        { account: 'a/user/b' },
        { account: 'ä %2F~', user: '_design/x' },
        { account: '__proto__', user: 'constructor' },
      ];
      for (const [index, scope] of scopes.entries()) await store.metaflows.put(scope, codes(String(index)));
      await reopen();
      for (const [index, scope] of scopes.entries()) {
        expect(store.metaflows.get(scope)).to.deep.equal(codes(String(index)));
      }
      expect(store.metaflows.forLeg('a', 'b', 'b')).to.deep.equal({
        account: codes('0'),
        user: codes('1'),
        device: codes('2'),
      });
      expect(store.metaflows.forLeg('nobody', 'b')).to.deep.equal({});
    });

    it('are seeded only where there never were any', async () => {
      expect(await store.metaflows.seed('a', 'u', codes('1'))).to.equal(true);
      expect(await store.metaflows.seed('a', 'u', codes('2'))).to.equal(false);
      await store.metaflows.delete({ account: 'a', user: 'u' });
      await reopen();
      expect(await store.metaflows.seed('a', 'u', codes('3'))).to.equal(false);
      expect(store.metaflows.get({ account: 'a', user: 'u' })).to.equal(undefined);
    });

    it('lose no change that is made at the same time', async () => {
      const scope = { account: 'a' };
      const add = (number: number) =>
        store.metaflows.change(scope, (current) => ({
          numbers: { ...current?.numbers, ...codes(String(number)).numbers },
        }));
      await Promise.all(Array.from({ length: 50 }, (_, number) => add(number)));
      expect(Object.keys(store.metaflows.get(scope)?.numbers ?? {})).to.have.length(50);
    });

    it('stay as they are where a change throws', async () => {
      await store.metaflows.put({ account: 'a' }, codes('1'));
      const refused = new Error('refused');
      const change = store.metaflows.change({ account: 'a' }, () => {
        throw refused;
      });
      expect(await change.catch((error: unknown) => error)).to.equal(refused);
      expect(store.metaflows.get({ account: 'a' })).to.deep.equal(codes('1'));
    });

    it('tell their listeners once a change, and one that throws keeps none from the others', async () => {
      const told: Scope[] = [];
      store.metaflows.onChange(() => {
        throw new Error('a bad listener');
      });
      const stop = store.metaflows.onChange((scope) => told.push(scope));
      await store.metaflows.put({ account: 'a', user: 'u/v' }, {});
      await store.metaflows.delete({ account: 'a', device: 'd' });
      stop();
      await store.metaflows.put({ account: 'a' }, {});
      expect(told).to.deep.equal([
        { account: 'a', user: 'u/v' },
        { account: 'a', device: 'd' },
      ]);
    });
  });

  describe('tokens', () => {
    it('are found by their text, and their text is nowhere', async () => {
      const { id, token } = await store.tokens.create({ account: 'a', role: 'user', user: '1001' });
      const { id: viewer } = await store.tokens.create({ account: null, role: 'viewer' });
      await reopen();
      expect(store.tokens.find(token)).to.deep.equal({
        tokenId: id,
        account: 'a',
        role: 'user',
        user: '1001',
      });
      expect(store.tokens.list()).to.have.length(2);
      expect(store.tokens.list().map((each) => each.id)).to.have.members([id, viewer]);
      const listed = store.tokens.list();
      await store.close();
      const db = new PouchDB(folder);
      const { rows } = await db.allDocs({ include_docs: true });
      await db.close();
      store = await openStore(folder, log);
      const secret = token.replace(/^mf_[0-9a-f]{16}_/, '');
      expect(secret).to.have.length.of.at.least(32);
      expect(JSON.stringify([rows, listed])).not.to.include(secret);
    });

    it('are nobody’s when they are wrong, or deleted', async () => {
      const { id, token } = await store.tokens.create({ account: 'a', role: 'admin' });
      for (const wrong of [`${token}x`, token.slice(0, -1), `mf_${id}_`, id, '', 'mf_admin_']) {
        expect(store.tokens.find(wrong)).to.equal(undefined);
      }
      expect(await store.tokens.delete(id)).to.equal(true);
      expect(await store.tokens.delete(id)).to.equal(false);
      expect(store.tokens.find(token)).to.equal(undefined);
      await reopen();
      expect(store.tokens.find(token)).to.equal(undefined);
    });

    it('have one for the admin, made once, where none is configured', async () => {
      const admin = { tokenId: 'admin', account: null, role: 'admin' };
      const { made = '' } = await store.tokens.ensureAdminToken();
      expect(store.tokens.find(made)).to.deep.equal(admin);
      await reopen();
      expect(await store.tokens.ensureAdminToken()).to.deep.equal({});
      expect(store.tokens.find(made)).to.deep.equal(admin);
      expect(await store.tokens.ensureAdminToken(ADMIN_TOKEN)).to.deep.equal({});
      expect(store.tokens.find(ADMIN_TOKEN)).to.deep.equal(admin);
      expect(store.tokens.find(made)).to.equal(undefined);
      expect(store.tokens.list()).to.deep.equal([]);
    });
  });

  describe('documents', () => {
    let db: PouchDB.Database;

    beforeEach(() => {
      db = new PouchDB(join(folder, 'own'));
    });
    afterEach(() => db.close());

    it('are written again where another process came first', async () => {
      const documents = new Documents(db);
      const { rev } = await documents.update('x', () => ({ list: ['first'] }));
      let theirs: Promise<unknown> | undefined;
      await documents.update<{ list: string[] }>('x', (current) => {
        theirs ??= db.put({ _id: 'x', _rev: rev, list: ['first', 'theirs'] });
        return { list: [...(current?.list ?? []), 'ours'] };
      });
      await theirs;
      expect((await documents.get('x'))?.value).to.deep.equal({ list: ['first', 'theirs', 'ours'] });
    });

    it('that another process writes faster than we can are an error with a name', async () => {
      const documents = new Documents(db);
      const bulkDocs = db.bulkDocs.bind(db);
      let writes = 0;
      db.bulkDocs = async (docs: PouchDB.Core.PutDocument<object>[]) => {
        const { _rev } = await db.get('x').catch(() => ({ _rev: undefined }));
        await bulkDocs([{ _id: 'x', writes: writes++, ...(_rev !== undefined && { _rev }) }]);
        return bulkDocs(docs);
      };
      const failure = await documents.update('x', () => ({})).catch((error: unknown) => error);
      expect(failure).to.include({ code: 'store_failed', status: 503 });
      expect(writes).to.equal(10);
    });
  });

  it('keeps what it acknowledged when the process is killed at that very moment', async function () {
    this.timeout(20_000);
    await store.close();
    for (let round = 0; round < 3; round++) {
      const args = ['--import', 'tsx', 'test/support/service-child.ts', folder];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      const [port] = (await once(child.stdout, 'data')) as [Buffer];
      const { status } = await fetch(`http://127.0.0.1:${port.toString().trim()}/v2/accounts/a/metaflows`, {
        method: 'POST',
        headers: { 'X-Auth-Token': ADMIN_TOKEN },
        body: JSON.stringify({ data: codes(String(round)) }),
      });
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(status).to.equal(200);
      store = await openStore(folder, log);
      expect(store.metaflows.get({ account: 'a' })).to.deep.equal(codes(String(round)));
      if (round < 2) await store.close();
    }
  });

  it('says in one sentence what is wrong with a database that it cannot open', async () => {
    const file = join(folder, '..', 'file');
    await writeFile(file, '');
    const failure = await openStore(file, log).then(
      () => new Error('it was opened'),
      (error: unknown) => error as Error,
    );
    expect(failure).to.include({ code: 'database_unopenable' });
    expect(failure.message).to.match(/^the database that METAFLOWS_DATABASE names cannot be opened: [^\n]+$/);
  });
});
