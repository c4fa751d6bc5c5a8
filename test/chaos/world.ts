/** The switch, its telephones and its disk, and the relay through which the service reaches it. */
import { execFile } from 'node:child_process';
import { mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startFreeSwitch } from '../support/lab-freeswitch.js';
import { Phones } from '../support/lab-phones.js';
import { LabSocket } from '../support/lab-socket.js';
import { startEmbedded, type RunningSwitch } from '../support/lab-switch.js';
import { FaultyRelay } from './relay.js';

const run = promisify(execFile);

/** The test's own connections to a switch that has not crashed since. */
export interface View {
  pbx: LabSocket;
  phones: Phones;
  /** The telephones' event socket. */
  handsets: LabSocket;
}

/** How long a view is used for new calls, milliseconds: what it has seen is all kept. */
const VIEW_MS = 60_000;
const CHUNK = Buffer.alloc(65_536);

export class World {
  readonly relay: FaultyRelay;
  relayPort = 0;
  #view: { users: number; view: Promise<View>; since: number } | undefined;
  #mounted = false;
  /** Calls cannot be made now. */
  #down: Promise<void> | undefined;

  private constructor(
    readonly running: RunningSwitch,
    private readonly folder: string,
  ) {
    this.relay = new FaultyRelay(running.pbx.port);
  }

  /** Starts the switch, with a disk of `diskMb` megabytes of its own where this process may mount one. */
  static async start(freeswitch: boolean, diskMb: number): Promise<World> {
    const running = await (freeswitch ? startFreeSwitch() : startEmbedded());
    const world = new World(running, await mkdtemp(join(tmpdir(), 'metaflows-chaos-')));
    world.relayPort = await world.relay.open();
    world.#mounted = await run('mount', [
      '-t',
      'tmpfs',
      '-o',
      `size=${diskMb}m`,
      'chaos',
      running.recordingsDir,
    ]).then(
      () => true,
      () => false,
    );
    return world;
  }

  /** Whether the recordings are on a disk that can be filled. */
  get canFill(): boolean {
    return this.#mounted;
  }

  /** Lends a view; whoever has done with it gives it back. */
  async borrow(): Promise<{ view: View; giveBack: () => void }> {
    await this.#down;
    if (!this.#view || Date.now() - this.#view.since > VIEW_MS) {
      this.#release(this.#view);
      this.#view = { users: 1, view: this.#look(), since: Date.now() };
    }
    const lent = this.#view;
    lent.users++;
    return { view: await lent.view, giveBack: () => this.#release(lent) };
  }

  /** Ends the switch without a farewell, and starts it again after so many milliseconds. */
  async crash(downMs: number): Promise<void> {
    let up = (): void => undefined;
    this.#down = new Promise((resolve) => (up = resolve));
    this.#release(this.#view);
    this.#view = undefined;
    await this.running.crash();
    await pass(downMs);
    this.relay.port = (await this.running.restart()).pbx.port;
    up();
    this.#down = undefined;
  }

  /** Takes all room on the disk of the recordings, until the returned function is called. */
  async fillDisk(): Promise<() => Promise<void>> {
    const ballast = join(this.running.recordingsDir, 'ballast');
    const file = await open(ballast, 'w');
    const { bavail, bsize } = await statfs(this.running.recordingsDir);
    for (let left = bavail * bsize; left > 0; left -= CHUNK.length) {
      const { bytesWritten } = await file.write(CHUNK).catch(() => ({ bytesWritten: 0 }));
      if (bytesWritten < CHUNK.length) break;
    }
    await file.close();
    return () => rm(ballast, { force: true });
  }

  async close(): Promise<void> {
    this.#release(this.#view);
    await this.relay.close();
    if (this.#mounted) await run('umount', ['-l', this.running.recordingsDir]);
    await this.running.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #look(): Promise<View> {
    const { running } = this;
    const pbx = await LabSocket.open('pbx', running.pbx);
    const handsets = await LabSocket.open('phones', running.phones);
    return { pbx, handsets, phones: new Phones(pbx, handsets, running.carrier, this.folder) };
  }

  #release(lent: { users: number; view: Promise<View> } | undefined): void {
    if (!lent || --lent.users > 0) return;
    void lent.view.then(({ pbx, handsets }) => {
      pbx.close();
      handsets.close();
    });
  }
}

/** Lets time pass: what happens meanwhile is what a run is for. */
export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
