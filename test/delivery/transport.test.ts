import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { PushInbox } from '../../src/delivery/push.js';
import { PushTransport } from '../../src/delivery/transport.js';
import { isMetaflowsError, MetaflowsError } from '../../src/errors.js';
import type { ApiCommand } from '../../src/switch/commands.js';
import { capturingLog } from '../support/log.js';
import { recordingDocument } from '../support/recordings.js';

describe('files that are asked for', () => {
  const recording = recordingDocument();
  const first = recording.segments[0]!;
  const second = { ...first, file: first.file.replace('.wav', '-2.wav') };
  const doc = { ...recording, segments: [first, second] };
  let mount: string;
  let inbox: PushInbox;
  let transport: PushTransport;
  let asked: string[];
  let lines: readonly string[];
  /** What the switch does about a file; it answers before it has done it. */
  let send: (path: string, put: () => Promise<void>) => unknown;

  beforeEach(async () => {
    mount = await mkdtemp(join(tmpdir(), 'metaflows-push-'));
    inbox = new PushInbox({ mount, url: 'http://service', goodForMs: 20 });
    asked = [];
    const apis = (_key: string, [{ command, args } = { command: '', args: '' }]: ApiCommand[]) => {
      const [, link = '', path = ''] = /^http_put '(http:[^']+)' (\S+)$/.exec(args) ?? [];
      asked.push(`${command} ${path}`);
      const url = new URL(link);
      const body = Readable.from([path]);
      const put = () => inbox.take(doc.id, Object.fromEntries(url.searchParams), body);
      send(path, put);
      return Promise.resolve(['+OK Job-UUID: x']);
    };
    const captured = capturingLog();
    lines = captured.lines;
    const switchOf = () => ({ apis });
    transport = new PushTransport({ inbox, switchOf, dir: '/rec', log: captured.log, waitMs: 1 });
  });
  afterEach(async () => {
    transport.close();
    await rm(mount, { recursive: true });
  });

  const code = (promise: Promise<unknown>) =>
    promise.catch((error: unknown) => (isMetaflowsError(error) ? error.code : error));

  it('come one after the other, each from its path on the switch', async () => {
    send = (_path, put) => put();
    expect(await transport.fetch(doc)).to.deep.equal([]);
    expect(asked).to.deep.equal([`bgapi /rec/${first.file}`, `bgapi /rec/${second.file}`]);
    for (const { file } of doc.segments) {
      expect(await readFile(join(mount, file), 'utf8')).to.equal(`/rec/${file}`);
    }
  });

  it('are asked for again where they do not come, and the log does not have the link', async () => {
    send = (_path, put) => asked.length % 3 === 0 && put();
    await transport.fetch({ ...doc, segments: [first] });
    expect(asked).to.have.lengthOf(3);
    expect(lines).to.have.lengthOf(2);
    expect(lines.join()).to.contain(doc.id).and.not.contain('signature');
  });

  it('are given up after five times each: the others come', async () => {
    send = (path, put) => path.endsWith(second.file) && put();
    expect(await transport.fetch(doc)).to.deep.equal([first.file]);
    expect(asked).to.have.lengthOf(6);
    expect(await readFile(join(mount, second.file), 'utf8')).to.equal(`/rec/${second.file}`);
  });

  it('are left to the next connection where the switch is gone, or the service stops', async () => {
    send = () => {
      throw new MetaflowsError('switch_down');
    };
    expect(await code(transport.fetch(doc))).to.equal('switch_down');
    send = () => setImmediate(() => transport.close());
    expect(await code(transport.fetch(doc))).to.equal('shutting_down');
    expect(await code(transport.fetch(doc))).to.equal('shutting_down');
    expect(asked).to.have.lengthOf(2);
  });
});
