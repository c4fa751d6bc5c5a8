/** The service under measure: `main` in a process of its own, its log in a file, as a system's journal has it. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ACCOUNT } from './legs.js';
import { PASSWORD } from './switch.js';

export const TOKEN = 'the token of the bench';
const READY_MS = 120_000;
const POLL_MS = 10;

/** What `npm start` gives to Node.js. */
function startOptions(): string[] {
  const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    scripts: { start: string };
  };
  return scripts.start.split(' ').slice(1, -1);
}

/** What `probe.js` tells of the process. */
export interface Vitals {
  /** Bytes in use after a full collection. */
  heap: number;
  /** Bytes that the system has given. */
  rss: number;
  /** Sockets, timers, files and requests under way. */
  handles: number;
  /** Milliseconds of the processor so far. */
  cpu: number;
}

/** The codes of the README. */
export const CODES = {
  numbers: {
    71: { module: 'record_call', data: { action: 'start' } },
    72: { module: 'record_call', data: { action: 'mask' } },
    73: { module: 'record_call', data: { action: 'unmask' } },
    74: { module: 'record_call', data: { action: 'stop' } },
  },
};

export class BenchService {
  url = '';
  private child: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly main: string,
  ) {}

  /**
   * Starts what was built, or with `fromSources` what is to be, on a switch's port, with a database that is empty; resolves
   * when it is ready.
   */
  static async start(port: number, fromSources = false): Promise<BenchService> {
    const main = fileURLToPath(new URL(fromSources ? '../src/main.ts' : '../dist/main.js', import.meta.url));
    const service = new BenchService(await mkdtemp(join(tmpdir(), 'metaflows-bench-')), port, main);
    // One client asks for all.
    await writeFile(service.file('config.json'), JSON.stringify({ limits: { requests_per_minute: 1e9 } }));
    await service.run();
    await service.ask('POST', `/accounts/${ACCOUNT}/metaflows`, CODES);
    return service;
  }

  /** Starts the process, on what an earlier one has stored; resolves when it is ready. */
  async run(): Promise<void> {
    const log = openSync(this.file('log'), 'w');
    const probe = fileURLToPath(new URL('probe.js', import.meta.url));
    const child = fork(this.main, {
      execArgv: [
        ...(this.main.endsWith('.ts') ? ['--import', 'tsx'] : []),
        ...startOptions(),
        ...['--expose-gc', '--import', probe],
        ...(process.env['BENCH_NODE_OPTIONS']?.split(' ') ?? []),
      ],
      env: {
        PATH: process.env['PATH'],
        METAFLOWS_CONFIG: this.file('config.json'),
        METAFLOWS_SWITCHES: `esl://:${PASSWORD}@127.0.0.1:${this.port}`,
        METAFLOWS_HTTP_PORT: '0',
        METAFLOWS_ADMIN_TOKEN: TOKEN,
        METAFLOWS_DATABASE: this.file('db'),
        METAFLOWS_RECORDINGS_DIR: this.file('recordings'),
        METAFLOWS_FLOWS_DIR: this.file('none'),
        METAFLOWS_DELIVERY_ALLOW: '127.0.0.0/8',
      },
      stdio: ['ignore', log, 'inherit', 'ipc'],
    });
    closeSync(log);
    this.child = child;
    const deadline = performance.now() + READY_MS;
    while (performance.now() < deadline && child.exitCode === null) {
      this.url = /"url":"([^"]+)"/.exec(readFileSync(this.file('log'), 'utf8'))?.[1] ?? '';
      if (this.url !== '' && (await fetch(`${this.url}/readyz`)).ok) return;
      await delay(POLL_MS);
    }
    throw new Error('the service is not ready');
  }

  /** A request of the admin's to Kazoo's API; rejects where it is refused. */
  async ask(method: string, path: string, data?: object): Promise<unknown> {
    const response = await fetch(`${this.url}/v2${path}`, {
      method,
      headers: { 'X-Auth-Token': TOKEN },
      ...(data && { body: JSON.stringify({ data }) }),
    });
    const body = (await response.json()) as { data: unknown };
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(body)}`);
    return body.data;
  }

  vitals(): Promise<Vitals> {
    return this.probe<Vitals>('vitals');
  }

  /** Has the service ask the switch something every few milliseconds, on the connection on which events come to it. */
  beginTrips(): Promise<unknown> {
    return this.probe('begin trips');
  }

  /** Milliseconds that each answer took since {@link beginTrips}. */
  endTrips(): Promise<number[]> {
    return this.probe('end trips');
  }

  /** Ends the process, with SIGKILL without a farewell. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  /** Ends the process and removes what it stored. */
  async close(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async probe<T>(asked: string): Promise<T> {
    const answer = once(this.child as ChildProcess, 'message');
    this.child?.send(asked);
    return (await answer)[0] as T;
  }

  private file(name: string): string {
    return join(this.folder, name);
  }
}
