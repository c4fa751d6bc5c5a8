import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import PouchDB from 'pouchdb';
import { openStore, type Store } from '../../src/store/store.js';
import { Couch } from '../support/couch.js';
import { eventually } from '../support/lab-service.js';
import { capturingLog } from '../support/log.js';

const AT = Date.now();
const HOUR = 3_600_000;

describe('sessions', () => {
  const { log } = capturingLog();
  let folder: string;
  let store: Store;

  const open = async () => {
    store = await openStore(join(folder, 'db'), log);
    await store.tokens.ensureAdminToken('first');
  };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-sessions-'));
    await open();
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  const userOf = (text: string, at = AT) => store.tokens.find(text, at)?.user;
  const session = async (at = AT): Promise<string> => {
    const { id } = await store.tokens.create({ account: 'a', role: 'user', user: '1001' });
    return store.tokens.session({ tokenId: id, account: 'a', role: 'user' }, at);
  };

  it('stand for a token for an hour', async () => {
    const text = await session();
    expect([AT, AT + HOUR - 1, AT + HOUR].map((at) => userOf(text, at))).to.deep.equal([
      '1001',
      '1001',
      undefined,
    ]);
  });

  it('cannot be made up', async () => {
    const [text, other] = [await session(), await session()];
    const [, id = '', secret = ''] = /^mfs_(\w+?)_(.+)$/.exec(text) ?? [];
    const [, otherId = ''] = /^mfs_(\w+?)_/.exec(other) ?? [];
    const forged = [`mfs_${otherId}_${secret}`, `mfs_${id}_`, text.slice(0, -1), `${text}0`, ''];
    expect(forged.map((each) => userOf(each))).to.deep.equal(forged.map(() => undefined));
  });

  it('outlive a start, and end with the token that they stand for', async () => {
    const text = await session();
    const admin = await store.tokens.session({ tokenId: 'admin', account: null, role: 'admin' }, AT);
    await store.close();
    await open();
    expect(userOf(text)).to.equal('1001');
    expect(store.tokens.find(admin, AT)?.role).to.equal('admin');
    await store.tokens.ensureAdminToken('another');
    expect(store.tokens.find(admin, AT)).to.equal(undefined);
    const [{ id } = { id: '' }] = store.tokens.list();
    await store.tokens.delete(id);
    expect(userOf(text)).to.equal(undefined);
  });

  it('are deleted some time after their end, and stored without what would open anything', async () => {
    const [text, admin] = [await session(AT - HOUR), 'first'];
    await store.tokens.session({ tokenId: 'admin', account: null, role: 'admin' }, AT);
    await store.close();
    const db = new PouchDB(join(folder, 'db'));
    const { rows } = await db.allDocs<object>({
      startkey: 'session/',
      endkey: 'session/\uffff',
      include_docs: true,
    });
    await db.close();
    await open();
    expect(rows).to.have.lengthOf(1);
    expect(Object.keys(rows[0]!.doc!)).to.have.members(['_id', '_rev', 'hash', 'token_id', 'until']);
    for (const secret of [text, text.slice(-43), admin]) expect(JSON.stringify(rows)).not.to.include(secret);
  });

  it('are good at every instance that shares the database, where they end too', async () => {
    const couch = await Couch.start();
    const [ours, theirs] = [await openStore(couch.url(), log), await openStore(couch.url(), log)];
    for (const each of [ours, theirs]) await each.tokens.ensureAdminToken('first');
    try {
      const { id } = await ours.tokens.create({ account: 'a', role: 'user', user: '1001' });
      const text = await ours.tokens.session({ tokenId: id, account: 'a', role: 'user' }, AT);
      const found = (at: number) => theirs.tokens.find(text, at);
      await eventually('the session', () => Promise.resolve(found(AT)));
      expect(found(AT)).to.deep.equal({ tokenId: id, account: 'a', role: 'user', user: '1001' });
      expect(found(AT + HOUR)).to.equal(undefined);
      await theirs.tokens.delete(id);
      await eventually('its end', () => Promise.resolve(ours.tokens.find(text, AT) ? undefined : true));
      // Both delete what has ended, whoever made it.
      await Promise.all(
        [ours, theirs].map(({ tokens }) =>
          tokens.session({ tokenId: 'admin', account: null, role: 'admin' }, AT + HOUR),
        ),
      );
    } finally {
      await Promise.all([ours.close(), theirs.close()]);
      await couch.close();
    }
  });
});
