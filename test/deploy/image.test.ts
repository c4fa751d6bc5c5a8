import { exec, execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** What `docker stop` grants, milliseconds. */
const GRACE = 10_000;

interface Instruction {
  word: string;
  rest: string;
}

/** The stages of a Dockerfile, each with its instructions in order. */
async function stagesOf(path: string): Promise<Instruction[][]> {
  const text = (await readFile(path, 'utf8')).replace(/^\s*#.*\n/gm, '').replace(/\\\n\s*/g, '');
  const stages: Instruction[][] = [];
  for (const line of text.split('\n').filter(Boolean)) {
    const [, word = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    if (word === 'FROM') stages.push([]);
    stages.at(-1)?.push({ word, rest });
  }
  return stages;
}

function only(stage: Instruction[], word: string): string {
  const found = stage.filter((instruction) => instruction.word === word);
  expect(found, word).to.have.lengthOf(1);
  return found[0]?.rest ?? '';
}

/** What a stage takes from the project: names at its root, and under which names it has them. */
function copied(stage: Instruction[]): { from: string; to: string }[] {
  return stage
    .filter(({ word, rest }) => word === 'COPY' && !rest.startsWith('--from='))
    .flatMap(({ rest }) => {
      const names = rest.split(' ');
      const to = names.pop() ?? '';
      return names.map((from) => ({ from, to: to.endsWith('/') ? join(to, from) : to }));
    });
}

/** What `npm ci --omit=dev` installs: all in the lock that development does not alone need. */
async function installProduction(folder: string): Promise<void> {
  const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  for (const [path, { dev }] of Object.entries(lock.packages)) {
    if (path === '' || dev === true || !existsSync(join(ROOT, path))) continue;
    const nested = join(ROOT, path, 'node_modules');
    await mkdir(join(folder, path), { recursive: true });
    await cp(join(ROOT, path), join(folder, path), { recursive: true, filter: (from) => from !== nested });
  }
}

/** What `npm run build` makes of src, but for the types, which it checks. */
async function build(target: string): Promise<void> {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  for (const file of await readdir(join(ROOT, 'src'), { recursive: true })) {
    if (!/\.[jt]s$/.test(file) || file.endsWith('.d.ts')) continue;
    const source = await readFile(join(ROOT, 'src', file), 'utf8');
    const made = join(target, file.replace(/\.ts$/, '.js'));
    await mkdir(dirname(made), { recursive: true });
    await writeFile(made, ts.transpileModule(source, { compilerOptions }).outputText);
  }
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: { build: string };
  };
  for (const step of scripts.build.split(' && ').filter((step) => step.startsWith('chmod '))) {
    await promisify(exec)(step, { cwd: dirname(target) });
  }
}

describe('the Dockerfile', () => {
  let stages: Instruction[][];
  let image: Instruction[];
  /** What the container has as /. */
  let folder: string;
  let environment: Record<string, string>;
  let child: ChildProcess | undefined;

  before(async function () {
    // a copy of all that runs in production, and of src as JavaScript
    this.timeout(60_000);
    stages = await stagesOf(join(ROOT, 'Dockerfile'));
    image = stages.at(-1) ?? [];
    folder = await mkdtemp(join(tmpdir(), 'metaflows-image-'));
    const app = join(folder, only(image, 'WORKDIR'));
    for (const { from, to } of copied(image)) await cp(join(ROOT, from), join(app, to), { recursive: true });
    await installProduction(app);
    await build(join(app, 'dist'));
    environment = Object.fromEntries(
      only(image, 'ENV')
        .split(/\s+/)
        .map((setting) => setting.split('=') as [string, string])
        .map(([name, value]) => [name, value.startsWith('/') ? join(folder, value) : value]),
    );
    for (const path of JSON.parse(only(image, 'VOLUME')) as string[]) await mkdir(join(folder, path));
  });
  after(() => rm(folder, { recursive: true, force: true }));
  afterEach(() => child?.kill('SIGKILL'));

  /** Runs the image's command, and resolves with the port and what ends with it. */
  async function start(): Promise<{ port: number; ended: Promise<unknown[]> }> {
    const port = await freePort();
    const [command = '', ...args] = JSON.parse(only(image, 'CMD')) as string[];
    expect(command).to.equal('node');
    child = spawn(process.execPath, args, {
      cwd: join(folder, only(image, 'WORKDIR')),
      // nobody listens there: the switch is away
      env: {
        ...environment,
        METAFLOWS_HTTP_PORT: String(port),
        METAFLOWS_SWITCHES: 'esl://:x@127.0.0.1:1',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    for await (const line of createInterface({ input: child.stdout! })) {
      if (!line.includes('"listening"')) continue;
      child.stdout!.resume();
      return { port, ended };
    }
    throw new Error('it ended before it listened');
  }

  /** The exit code of the container's health check. */
  async function healthCheck(port: number): Promise<unknown> {
    const [, check = ''] = / CMD (\[.*\])$/.exec(only(image, 'HEALTHCHECK')) ?? [];
    const [command = '', ...args] = JSON.parse(check) as string[];
    expect(command).to.equal('node');
    const env = { ...environment, METAFLOWS_HTTP_PORT: String(port) };
    const [code] = (await once(spawn(process.execPath, args, { env }), 'exit')) as unknown[];
    return code;
  }

  it('copies what is there, and what .dockerignore lets through', async () => {
    const ignore = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).split('\n');
    expect(ignore).to.include('*');
    const names = [...new Set(stages.flatMap(copied).map(({ from }) => from))];
    for (const name of names) expect(existsSync(join(ROOT, name)), name).to.equal(true);
    expect(ignore.filter((line) => line.startsWith('!')).sort()).to.deep.equal(
      names.map((name) => `!${name}`).sort(),
    );
  });

  it('builds with all that the build reads, and runs with production’s packages alone, as nobody in particular', () => {
    const [dependencies = [], build = []] = stages;
    expect(only(dependencies, 'RUN')).to.equal('npm ci --omit=dev');
    expect(copied(build).map(({ from, to }) => (from === to ? from : ''))).to.include.members([
      'tsconfig.json',
      'tsconfig.build.json',
      'src',
      'console',
      'schemas',
    ]);
    expect(image.map(({ rest }) => rest)).to.include('--from=dependencies /app/node_modules node_modules');
    expect(only(image, 'USER')).to.equal('node');
  });

  it('makes a service that is healthy though its switch is away, and gone on SIGTERM', async () => {
    const { port, ended } = await start();
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).to.equal(503);
    expect(await healthCheck(port)).to.equal(0);
    expect(existsSync(join(folder, 'data', 'db'))).to.equal(true);
    const told = Date.now();
    child?.kill('SIGTERM');
    expect(await ended).to.deep.equal([0, null]);
    expect(Date.now() - told).to.be.lessThan(GRACE);
  });

  it('has the command line by its name', async () => {
    const [, file = '', link = ''] = / ln -s (\S+) (\S+)/.exec(` ${only(image, 'RUN')}`) ?? [];
    await mkdir(join(folder, dirname(link)), { recursive: true });
    await symlink(join(folder, file), join(folder, link));
    const { stdout } = await promisify(execFile)(join(folder, link), ['--help']);
    expect(stdout).to.match(/^Usage: metaflows /);
  });

  it('has a health check that fails where nothing answers, or not well', async () => {
    expect(await healthCheck(await freePort())).to.equal(1);
    const unwell = createHttpServer((_req, res) => res.writeHead(500).end()).listen(0, '127.0.0.1');
    await once(unwell, 'listening');
    expect(await healthCheck((unwell.address() as AddressInfo).port)).to.equal(1);
    unwell.close();
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
