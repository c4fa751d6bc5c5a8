import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

describe('npm start', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-main-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Runs it until it ends, or says that it listens; resolves with what it printed. */
  async function start(
    port: number,
    settings: Record<string, string> = {},
  ): Promise<{ code: number | null; printed: string }> {
    const child = spawn(process.execPath, ['--import', 'tsx', MAIN], {
      env: {
        PATH: process.env.PATH,
        METAFLOWS_SWITCHES: 'embedded',
        METAFLOWS_HTTP_PORT: String(port),
        METAFLOWS_DATABASE: join(folder, 'db'),
        METAFLOWS_RECORDINGS_DIR: join(folder, 'recordings'),
        METAFLOWS_FLOWS_DIR: join(folder, 'flows'),
        ...settings,
      },
    });
    let printed = '';
    const take = (chunk: Buffer) => {
      printed += chunk.toString();
      if (printed.includes('listening')) child.kill();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, printed };
  }

  it('shows the admin token at the first start that comes about, and never again', async () => {
    const busy = createServer().listen(0, '127.0.0.1');
    await once(busy, 'listening');
    const failed = await start((busy.address() as AddressInfo).port);
    busy.close();
    expect(failed.code).to.equal(1);
    expect(failed.printed.trim().split('\n')).to.have.lengthOf(1);
    expect(failed.printed).to.include('METAFLOWS_HTTP_PORT').and.to.include('EADDRINUSE');
    expect((await start(0)).printed).to.match(/shown this once: mf_admin_/);
    expect((await start(0)).printed).not.to.include('mf_admin_');
  });

  it('names the setting that cannot be used, in one line', async () => {
    const file = join(folder, 'a file');
    await writeFile(file, '');
    const push = { METAFLOWS_TRANSPORT: 'push', METAFLOWS_PUSH_URL: 'http://127.0.0.1:1' };
    const away = { ...push, METAFLOWS_SWITCHES: 'esl://:x@127.0.0.1:1' };
    for (const [name, settings] of [
      ['METAFLOWS_DATABASE', { METAFLOWS_DATABASE: join(file, 'db') }],
      ['METAFLOWS_RECORDINGS_DIR', { METAFLOWS_RECORDINGS_DIR: join(file, 'recordings') }],
      ['METAFLOWS_RECORDINGS_MOUNT', { ...away, METAFLOWS_RECORDINGS_MOUNT: join(file, 'recordings') }],
      ['METAFLOWS_HTTP_HOST', { METAFLOWS_HTTP_HOST: '192.0.2.1' }],
    ] as const) {
      const { code, printed } = await start(0, settings);
      expect(code, name).to.equal(1);
      expect(printed.trim().split('\n'), printed).to.have.lengthOf(1);
      expect(printed).to.include(name);
    }
  });
});
