import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { expect } from 'chai';
import { PushInbox } from '../../src/delivery/push.js';
import { isMetaflowsError } from '../../src/errors.js';
import { pushRouter } from '../../src/http/push.js';
import { listen, type HttpServer } from '../../src/http/server.js';
import { startApi, type Api } from '../support/api.js';

const ID = `202611-${'a'.repeat(32)}`;
const EXPECTED = { id: ID, file: `a/2026/11/20/${ID}.wav`, limitS: 1 };
const MOST = 192_000 + 65_536;

describe('files that the switch sends', () => {
  let folder: string;
  let api: Api;
  let http: HttpServer;
  let inbox: PushInbox;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-push-'));
    const options = { mount: folder, url: '' };
    inbox = new PushInbox(options);
    api = await startApi({ push: pushRouter(inbox) });
    http = await listen(api.app, '127.0.0.1', 0);
    options.url = `http://127.0.0.1:${http.port}`;
  });
  afterEach(async () => {
    inbox.close();
    await http.close();
    await api.close();
    await rm(folder, { recursive: true });
  });

  const put = async (url: string, body: string | Buffer = 'sound') =>
    (await fetch(url, { method: 'PUT', body })).status;
  const code = (promise: Promise<unknown>) =>
    promise.catch((error: unknown) => (isMetaflowsError(error) ? error.code : error));
  const files = async () =>
    (await readdir(folder, { recursive: true })).filter((name) => /\.\w+$/.test(name));

  it('are taken once, whole, where the recording is to lie', async () => {
    const { url, arrived } = inbox.expect(EXPECTED);
    expect(url).to.match(/^\S+$/);
    const body = Buffer.alloc(MOST, 'sound');
    expect(await put(url, body)).to.equal(204);
    await arrived;
    const path = join(folder, EXPECTED.file);
    expect((await readFile(path)).equals(body)).to.equal(true);
    expect((await stat(path)).mode & 0o777).to.equal(0o640);
    expect(await put(url, 'again')).to.equal(403);
    expect((await readFile(path)).equals(body)).to.equal(true);
    expect(api.lines.join()).to.contain('/push/').and.not.contain('signature');
  });

  it('are refused without the right link', async () => {
    const { url } = inbox.expect(EXPECTED);
    const other = inbox.expect({ ...EXPECTED, id: ID.replace('a', 'b') }).url;
    const signature = new URL(other).searchParams.get('signature') ?? '';
    for (const wrong of [
      url.replace(/signature=.*/, `signature=${signature}`),
      url.replace(/signature=.*/, 'signature='),
      url.replace(/&signature=.*/, ''),
      url.replace(/expires=\d/, 'expires=9'),
      url.replace(ID, ID.replace('a', 'c')),
    ]) {
      expect(await put(wrong), wrong).to.equal(403);
    }
    expect(await put(url)).to.equal(204);
    expect(await files()).to.deep.equal([EXPECTED.file]);
  });

  it('are refused when it is too late, and whoever waits is told', async () => {
    const late = new PushInbox({ mount: folder, url: 'http://127.0.0.1', goodForMs: 1 });
    const { url, arrived } = late.expect(EXPECTED);
    expect(await code(arrived)).to.equal('push_missing');
    const query = Object.fromEntries(new URL(url).searchParams);
    expect(await code(late.take(ID, query, Readable.from(['sound'])))).to.equal('push_refused');
    expect(await files()).to.deep.equal([]);
  });

  it('may take longer than it may take to begin', async () => {
    const hasty = new PushInbox({ mount: folder, url: 'http://127.0.0.1', goodForMs: 50 });
    const { url, arrived } = hasty.expect(EXPECTED);
    const body = new PassThrough();
    const taken = hasty.take(ID, Object.fromEntries(new URL(url).searchParams), body);
    const other = hasty.expect({ ...EXPECTED, id: ID.replace('a', 'b') }).arrived;
    expect(await code(other)).to.equal('push_missing');
    body.end('sound');
    await taken;
    await arrived;
    expect(await files()).to.deep.equal([EXPECTED.file]);
  });

  it('leave nothing behind where they are too large, or break off', async () => {
    const large = inbox.expect(EXPECTED);
    expect(await put(large.url, Buffer.alloc(MOST + 1)).catch(() => 413)).to.equal(413);
    expect(await code(large.arrived)).to.equal('push_too_large');
    const broken = inbox.expect(EXPECTED);
    const headers = { 'Content-Length': '1000', Expect: '100-continue' };
    const sent = request(broken.url, { method: 'PUT', headers });
    sent.on('error', () => undefined).flushHeaders();
    sent.once('continue', () => sent.destroy());
    expect(await code(broken.arrived)).to.be.an('error');
    expect(await files()).to.deep.equal([]);
    expect(await put(inbox.expect(EXPECTED).url)).to.equal(204);
  });

  it('are not expected any more when the service stops, nor by a link that another replaced', async () => {
    const first = inbox.expect(EXPECTED);
    const second = inbox.expect(EXPECTED);
    expect(await code(first.arrived)).to.equal('push_missing');
    inbox.close();
    expect(await code(second.arrived)).to.equal('shutting_down');
    expect(await put(second.url)).to.equal(403);
  });
});
