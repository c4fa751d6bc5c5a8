/** The service as a process of its own, which is killed and comes back on what it has stored. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What the process holds, after a collection of garbage. */
export interface Holdings {
  /** Handles and timers by Node's name of them. */
  counts: Record<string, number>;
  /** Bytes. */
  heap: number;
}

/** How long a start, or an answer about what it holds, may take, milliseconds. */
const DEADLINE = 20_000;

export class ServiceChild {
  /** Ends that nobody here brought about, and lines of the log that no error of a switch or a network explains. */
  readonly mishaps: string[] = [];
  readonly #log: WriteStream;
  #child: ChildProcess | undefined;
  #url = '';
  #clockMs = 0;

  /** `log` is the file that gets every line that the service says, at every level. */
  constructor(
    private readonly environment: Record<string, string>,
    log: string,
  ) {
    this.#log = createWriteStream(log);
  }

  /** Where its API listened last. */
  get url(): string {
    return this.#url;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** Milliseconds by which its clock is wrong. */
  get clockMs(): number {
    return this.#clockMs;
  }

  /** Starts it, and resolves when its API listens. */
  async start(): Promise<void> {
    const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));
    const child = spawn(
      process.execPath,
      ['--expose-gc', '--import', path('preload.js'), path('../../dist/main.js')],
      {
        env: { PATH: process.env.PATH, CHAOS_CLOCK_MS: String(this.#clockMs), ...this.environment },
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      },
    );
    this.#child = child;
    child.once('exit', (code, signal) => {
      if (this.#child === child) this.mishaps.push(`the service ended by itself: ${signal ?? code}`);
    });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the service does not start')), DEADLINE);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      createInterface(child.stdout!).on('line', (line) => {
        this.#log.write(`${line}\n`);
        if (/"message":"(uncaught exception|unhandled rejection)"/.test(line)) this.mishaps.push(line);
        const url = /"message":"listening".*"url":"([^"]+)"/.exec(line)?.[1];
        if (url === undefined) return;
        this.#url = url;
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Ends it without a farewell. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    this.#log.end();
    await once(this.#log, 'finish');
  }

  /** Makes its clock wrong by so many milliseconds, also that of those that come after it. */
  shiftClock(ms: number): void {
    this.#clockMs = ms;
    this.#child?.send({ shiftMs: ms });
  }

  async holdings(): Promise<Holdings> {
    const child = this.#child;
    if (!child) throw new Error('the service does not run');
    const answer = once(child, 'message', { signal: AbortSignal.timeout(DEADLINE) });
    child.send({});
    const [holdings] = (await answer) as [Holdings];
    return holdings;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}
