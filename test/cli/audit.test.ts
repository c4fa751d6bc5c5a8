import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import PouchDB from 'pouchdb';
import { listen, type HttpServer } from '../../src/http/server.js';
import type { AuditEvent } from '../../src/audit/events.js';
import { openStore, type Store } from '../../src/store/store.js';
import { capturingLog, startApi, type Api } from '../support/api.js';

const { log } = capturingLog();
const TOKEN = 'a token that is configured';

describe('npm run audit:verify', function () {
  this.timeout(30_000);
  let folder: string;
  let store: Store;
  let api: Api;
  let http: HttpServer;
  let instance: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-audit-'));
    await open();
    for (let n = 0; n < 1200; n++) await store.audit.append(event(n));
    instance = (await store.audit.heads())[0]!.instance;
  });
  after(async () => {
    await close();
    await rm(folder, { recursive: true });
  });

  async function open(): Promise<void> {
    store = await openStore(folder, log);
    await store.tokens.ensureAdminToken(TOKEN);
    api = await startApi({ store });
    http = await listen(api.app, '127.0.0.1', 0);
  }

  async function close(): Promise<void> {
    await http.close();
    await api.close();
    await store.close();
  }

  function event(n: number): AuditEvent {
    return { action: 'mask', at: new Date(n).toISOString(), by: 'code', account_id: 'a', result: 'ok' };
  }

  const idOf = (seq: number) => `audit/${instance}/${String(seq).padStart(12, '0')}`;

  function run(token = TOKEN): Promise<{ code: number; stdout: string; stderr: string }> {
    const env = {
      PATH: process.env.PATH,
      METAFLOWS_HTTP_PORT: String(http.port),
      METAFLOWS_ADMIN_TOKEN: token,
    };
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        ['--import', 'tsx', 'src/cli/main.ts', 'audit', 'verify'],
        { env },
        (error, stdout, stderr) => {
          resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
        },
      );
    });
  }

  it('says that nobody touched it, and shows where each chain ends', async () => {
    const { code, stdout } = await run();
    const [head] = await store.audit.heads();
    expect(stdout).to.equal(
      `${instance}  1200 lines, the last one ${head!.hash}\nAll 1200 lines are as they were written.\n`,
    );
    expect(code).to.equal(0);
  });

  it('says which lines were changed, removed, moved and cut off, and exits 1', async () => {
    // As somebody with access to the files of a database that nobody has open.
    await close();
    const db = new PouchDB(folder);
    await db.put({ ...(await db.get(idOf(1001))), result: 'not quite' } as PouchDB.Core.PutDocument<object>);
    await db.remove(await db.get(idOf(7)));
    const { _rev, ...rest } = await db.get(idOf(20));
    const other = await db.get(idOf(30));
    await db.put({ ...other, _id: idOf(20), _rev });
    await db.put({ ...rest, _id: idOf(30), _rev: other._rev });
    for (const seq of [1199, 1200]) await db.remove(await db.get(idOf(seq)));
    await db.close();
    await open();
    const { code, stdout, stderr } = await run();
    expect(stdout.split('\n').slice(1, -1)).to.have.members(
      [
        'line 1001 was changed',
        'line 7 missing',
        'line 20 holds another line',
        'line 19 was changed',
        'line 20 was changed',
        'line 30 holds another line',
        'line 29 was changed',
        'line 30 was changed',
        'lines 1199 to 1200 missing',
      ].map((text) => `${instance}  ${text}`),
    );
    expect(stderr).to.equal('The audit is broken in 9 places.\n');
    expect(code).to.equal(1);
  });

  it('is for the admin', async () => {
    const { code, stderr } = await run('somebody else’s');
    expect(code).to.equal(1);
    expect(stderr).to.include('refused: 401');
  });
});
