import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { loadConfig } from '../../src/config.js';

const FOLDER = new URL('../../deploy/systemd/', import.meta.url);
const SETTINGS = fileURLToPath(new URL('metaflows.json', FOLDER));

describe('the systemd unit', () => {
  let text: string;
  before(async () => {
    text = await readFile(new URL('metaflows.service', FOLDER), 'utf8');
  });

  /** The values of a directive, in order. */
  function values(directive: string): string[] {
    return [...text.matchAll(new RegExp(`^${directive}=(.*)$`, 'gm'))].map(([, value = '']) => value);
  }

  it('gives the service its settings as a file that root alone can read, and no secret otherwise', () => {
    expect(values('LoadCredential')).to.deep.equal(['metaflows.json:/etc/metaflows/metaflows.json']);
    expect(values('Environment')).to.deep.equal(['METAFLOWS_CONFIG=%d/metaflows.json']);
    // Nobody has it with a token that everybody can read here.
    const [error = '', ...others] = errorsOf({ METAFLOWS_CONFIG: SETTINGS });
    expect([error.split(':')[0], others]).to.deep.equal(['admin_token', []]);
    const loaded = loadConfig({ METAFLOWS_CONFIG: SETTINGS, METAFLOWS_ADMIN_TOKEN: 'a token of mine' });
    if (!loaded.ok) throw new Error(loaded.errors.join('\n'));
    const { switches, database, recordingsDir } = loaded.config;
    expect(switches).to.deep.equal([{ host: '127.0.0.1', port: 8021, password: 'PASSWORD' }]);
    // what it may write to
    expect(database).to.match(new RegExp(`^/var/lib/${values('StateDirectory')[0]}/`));
    expect(values('ReadWritePaths')).to.deep.equal([recordingsDir]);
    expect(values('ProtectSystem')).to.deep.equal(['strict']);
  });

  it('runs what npm start does, and waits as long as that may take to stop', async () => {
    const { scripts } = JSON.parse(await readFile(new URL('../../package.json', FOLDER), 'utf8')) as {
      scripts: { start: string };
    };
    expect(values('ExecStart')).to.deep.equal([`/usr/bin/${scripts.start}`]);
    const main = await readFile(new URL('../../src/main.ts', FOLDER), 'utf8');
    const longest = Number(/SHUTDOWN_MS = (\d+)/.exec(main)?.[1]) / 1000;
    expect(Number(values('TimeoutStopSec')[0])).to.be.within(longest + 0.5, 10);
    expect([values('Restart'), values('StartLimitIntervalSec')]).to.deep.equal([['always'], ['0']]);
  });

  it('is well formed, and where there is a systemd it is well understood and well closed', async () => {
    for (const line of text.split('\n')) {
      expect(line).to.match(/^($|#|\[(Unit|Service|Install)\]$|[A-Z][A-Za-z]+=)/);
    }
    // 250 is the first that knows %d and --offline
    const { stdout } = analyze('--version') as { stdout: string | null };
    if (!(Number(/systemd (\d+)/.exec(stdout ?? '')?.[1]) >= 250)) return;
    const folder = await mkdtemp(join(tmpdir(), 'metaflows-unit-'));
    const unit = join(folder, 'metaflows.service');
    // this machine's node, wherever that is
    await writeFile(unit, text.replace('/usr/bin/node', process.execPath));
    const verified = analyze('verify', unit);
    // exposure is at most 2.0 of 10
    const judged = analyze('security', '--offline=true', '--threshold=20', unit);
    await rm(folder, { recursive: true });
    expect([verified.status, verified.stderr]).to.deep.equal([0, '']);
    expect(judged.status, judged.stdout).to.equal(0);
  });
});

function errorsOf(env: Record<string, string>): string[] {
  const loaded = loadConfig(env);
  return loaded.ok ? [] : loaded.errors;
}

function analyze(...args: string[]) {
  return spawnSync('systemd-analyze', args, { encoding: 'utf8' });
}
