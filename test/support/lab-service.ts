import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/config.js';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { startService } from '../../src/service.js';
import type { Lab } from './lab.js';
import type { Leg } from './lab-phones.js';
import { capturingLog } from './log.js';
import { parseWav, type Wav } from './wav.js';

export const TOKEN = 'the token of the tests';
/** How long a test waits for what the service has to bring about, milliseconds. */
const DEADLINE = 10_000;
const POLL = 25;
const READY = /"ready"/;

/** The codes of `kazoo.md`'s example, and of the demo. */
export const CODES = {
  numbers: {
    71: { module: 'record_call', data: { action: 'start' } },
    72: { module: 'record_call', data: { action: 'mask' } },
    73: { module: 'record_call', data: { action: 'unmask' } },
    74: { module: 'record_call', data: { action: 'stop' } },
  },
};

/** What an answer of the API says. */
export interface Answer {
  status: number;
  message: string | undefined;
  data: Record<string, unknown>;
}

/** The service on a lab: asked over HTTP, and judged by what the switch and the phones do. */
export class TestService {
  private constructor(
    private readonly lab: Lab,
    readonly url: string,
    private readonly folder: string,
    /** All that it has logged, at every level. */
    readonly lines: readonly string[],
    private readonly stop: (signal?: 'SIGKILL') => Promise<void>,
    /** Resolves when its process has ended by itself. */
    readonly ended: () => Promise<unknown> = () => Promise.resolve(),
    private readonly signal: (signal: NodeJS.Signals) => void = () => undefined,
  ) {}

  /**
   * Starts it in this process; `settings` are environment variables without their prefix, `readyz` is what /readyz says
   * when it can be tried.
   */
  static async start(lab: Lab, settings: Record<string, string> = {}, readyz = READY): Promise<TestService> {
    const folder = await mkdtemp(join(tmpdir(), 'metaflows-service-'));
    const loaded = loadConfig(environment(lab, folder, settings));
    if (!loaded.ok) throw new Error(loaded.errors.join('\n'));
    const { log, lines } = capturingLog();
    const service = await startService(loaded.config, log);
    return new TestService(lab, service.url, folder, lines, () => service.close()).ready(readyz);
  }

  /** Starts it as a process of its own, on the database of `after`, which has ended; `killedAfter` as `killed.ts` has it. */
  static async spawn(
    lab: Lab,
    after?: TestService,
    settings: Record<string, string> = {},
    killedAfter?: string,
  ): Promise<TestService> {
    const folder = after?.folder ?? (await mkdtemp(join(tmpdir(), 'metaflows-service-')));
    const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
    const hook = fileURLToPath(new URL('killed.ts', import.meta.url));
    const imports = ['tsx', ...(killedAfter === undefined ? [] : [hook])].flatMap((each) => [
      '--import',
      each,
    ]);
    const child = spawn(process.execPath, [...imports, main], {
      env: {
        PATH: process.env.PATH,
        KILLED_AFTER: killedAfter,
        ...environment(lab, folder, { LOG_LEVEL: 'silly', ...settings }),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(child, 'exit');
    const lines: string[] = [];
    const url = await new Promise<string>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the service ended with ${code}`)));
      createInterface(child.stdout).on('line', (line) => {
        lines.push(line);
        const told = /"url":"([^"]+)"/.exec(line)?.[1];
        if (told !== undefined) resolve(told);
      });
    });
    const service = new TestService(
      lab,
      url,
      folder,
      lines,
      (signal) => ended(child, signal),
      () => exit,
      (signal) => child.kill(signal),
    );
    return service.ready().catch(async (error: unknown) => {
      await service.kill();
      throw error;
    });
  }

  /** Ends it in order, and removes what it stored. */
  async close(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Ends it in order. */
  async end(): Promise<void> {
    await this.stop();
  }

  /** Ends its process without a farewell. */
  async kill(): Promise<void> {
    await this.stop('SIGKILL');
  }

  /** Stops its process in the middle of whatever it does. */
  pause(): void {
    this.signal('SIGSTOP');
  }

  /** Lets it go on after {@link pause}. */
  wake(): void {
    this.signal('SIGCONT');
  }

  async ask(method: string, path: string, data?: object): Promise<Answer> {
    const response = await fetch(`${this.url}/v2${path}`, {
      method,
      headers: { 'X-Auth-Token': TOKEN },
      ...(data && { body: JSON.stringify({ data }) }),
    });
    const body = (await response.json()) as { message?: string; data: Record<string, unknown> };
    return { status: response.status, message: body.message, data: body.data };
  }

  /** A new token of a user. */
  async tokenOf(user: string): Promise<string> {
    const { data } = await this.ask('POST', '/tokens', { account: this.lab.domain, role: 'user', user });
    return data['token'] as string;
  }

  /** Stores a user's metaflows. */
  async flows(user: string, data: object = CODES): Promise<void> {
    const { status } = await this.ask('POST', `/accounts/${this.lab.domain}/users/${user}/metaflows`, data);
    if (status !== 200) throw new Error(`metaflows refused: ${status}`);
  }

  /** Waits until the service, which hears of calls on a connection of its own, knows that a leg is answered. */
  async answered(leg: Leg): Promise<void> {
    await eventually(
      'the answered leg',
      async () => (await this.channel(leg))['answered'] === true || undefined,
    );
  }

  /** {@link answered}, and bridged. */
  async connected(leg: Leg): Promise<void> {
    await eventually('the bridged leg', async () => {
      const data = await this.channel(leg);
      return (data['answered'] === true && data['other_leg'] !== undefined) || undefined;
    });
  }

  private async channel({ uuid }: Leg): Promise<Record<string, unknown>> {
    return (await this.ask('GET', `/accounts/${this.lab.domain}/channels/${uuid}`)).data;
  }

  /** Runs record_call on a leg. */
  async record(leg: Leg, data: object): Promise<Answer> {
    return this.ask('PUT', `/accounts/${this.lab.domain}/channels/${leg.uuid}`, {
      action: 'metaflow',
      data: { module: 'record_call', data },
    });
  }

  /** The recordings there are, those of other tests too, newest first. */
  async recordings(): Promise<RecordingDocument[]> {
    const { data } = await this.ask('GET', `/accounts/${this.lab.domain}/recordings`);
    return data as unknown as RecordingDocument[];
  }

  /** The recording of a call, once it is as `state` says; `leg` is the one that pressed or was named. */
  async recording(leg: Leg, ...states: RecordingDocument['state'][]): Promise<RecordingDocument> {
    return eventually(`recording ${states.join(' or ')}`, async () =>
      (await this.recordings()).find((each) => each.call_id === leg.uuid && states.includes(each.state)),
    );
  }

  /** A finished recording's audio, over HTTP. */
  async audio({ id }: RecordingDocument): Promise<Wav> {
    const path = `/v2/accounts/${this.lab.domain}/recordings/${id}?accept=audio/wav`;
    const response = await fetch(this.url + path, { headers: { 'X-Auth-Token': TOKEN } });
    if (!response.ok) throw new Error(`no audio: ${response.status}`);
    return parseWav(Buffer.from(await response.arrayBuffer()));
  }

  /** The file of a recording, as the switch wrote it. */
  async file({ segments }: RecordingDocument): Promise<Wav> {
    return parseWav(await readFile(join(this.lab.recordingsDir, segments[0]!.file)));
  }

  /** Waits until codes are bound on a leg inside the switch. */
  async bound(leg: Leg, ...codes: string[]): Promise<void> {
    for (const code of codes.length > 0 ? codes : ['*71', '*72', '*73', '*74']) {
      await this.lab.socket.until(
        `binding of ${code}`,
        (event) =>
          event['Unique-ID'] === leg.uuid &&
          event.Application === 'bind_digit_action' &&
          event['Application-Data']!.includes(`Metaflow-Code=${code}`),
      );
    }
  }

  /** Presses a code and waits for the tone that tells what came of it. */
  async code(leg: Leg, keys: string): Promise<'done' | 'refused' | 'failed'> {
    const mark = this.lab.socket.mark();
    await this.lab.phones.press(leg, keys);
    const says = { 'Media-Bug-Function': 'displace' };
    const { 'Media-Bug-Target': tone = '' } = await this.lab.socket.event(
      'MEDIA_BUG_START',
      leg.uuid,
      says,
      mark,
    );
    if (tone.includes(',1500)')) return 'done';
    return tone.includes(',500)') ? 'refused' : 'failed';
  }

  private async ready(readyz = READY): Promise<this> {
    await eventually(`readyz ${readyz.source}`, async () => {
      const response = await fetch(`${this.url}/readyz`);
      return readyz.test(await response.text()) || undefined;
    });
    return this;
  }
}

/** Asks again and again until there is an answer: for what no event tells. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + DEADLINE;
  while (Date.now() < deadline) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
  throw new Error(`no ${what} within ${DEADLINE} ms`);
}

function environment(lab: Lab, folder: string, settings: Record<string, string>): Record<string, string> {
  const all: Record<string, string> = {
    SWITCHES: `esl://:${lab.pbx.password}@${lab.pbx.host}:${lab.pbx.port}`,
    HTTP_PORT: '0',
    ADMIN_TOKEN: TOKEN,
    DATABASE: join(folder, 'db'),
    RECORDINGS_DIR: lab.recordingsDir,
    FLOWS_DIR: join(folder, 'none'),
    ...settings,
  };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [`METAFLOWS_${name}`, value]));
}

function ended(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}
