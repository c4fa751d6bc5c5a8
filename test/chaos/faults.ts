/** Brings about what is planned to go wrong, and writes down when it did. */
import type { ServiceChild } from './child.js';
import type { FaultJournal, Journal } from './journal.js';
import type { Fault } from './plan.js';
import type { Target, Targets } from './targets.js';
import { pass, type World } from './world.js';

/** How long a trap waits for its command, milliseconds; then the service is killed all the same. */
const TRAP_MS = 6000;

export interface Scene {
  world: World;
  child: ServiceChild;
  targets: Targets;
  journal: Journal;
}

export class Faults {
  /** Killing and starting take their turns. */
  #killing: Promise<void> = Promise.resolve();

  constructor(private readonly scene: Scene) {}

  /** Resolves when the fault is over. */
  async happen(fault: Fault): Promise<void> {
    const { kind, ...how } = fault;
    const facts = Object.values(how).join(' ');
    const entry = { what: `${kind} ${facts}`.trim(), kind, from: Date.now(), to: Infinity };
    this.scene.journal.faults.push(entry);
    await this.#happen(fault, entry);
    entry.to = Date.now();
  }

  async #happen(fault: Fault, entry: FaultJournal): Promise<void> {
    const { world, child, targets } = this.scene;
    switch (fault.kind) {
      case 'kill':
        return this.#kill(fault.downMs);
      case 'kill_at':
        return this.#killAt(fault, entry);
      case 'reset':
        return world.relay.reset(fault.ms);
      case 'stall':
        return world.relay.stall(fault.ms);
      case 'cut':
        return new Promise((resolve) => world.relay.cutNextEvent(resolve));
      case 'switch_crash':
        return world.crash(fault.downMs);
      case 'disk_full':
        return this.#fill(fault.ms);
      case 'uploads':
        return this.#upset(targets.upload, fault);
      case 'webhooks':
        return this.#upset(targets.webhook, fault);
      case 'clock':
        child.shiftClock(child.clockMs + fault.shiftMs);
    }
  }

  #kill(downMs: number): Promise<void> {
    this.#killing = this.#killing.then(async () => {
      await this.scene.child.kill();
      await pass(downMs);
      await this.scene.child.start();
    });
    return this.#killing;
  }

  async #killAt(fault: Fault & { kind: 'kill_at' }, entry: FaultJournal): Promise<void> {
    const { command, moment, delayMs, downMs } = fault;
    const { relay } = this.scene.world;
    let sprung = (): void => undefined;
    const late = setTimeout(() => sprung(), TRAP_MS);
    await new Promise<void>((resolve) => {
      sprung = resolve;
      const spring = moment === 'write' && delayMs > 0 ? () => setTimeout(sprung, delayMs) : sprung;
      relay.trap = { command: new RegExp(command), moment, spring };
    });
    clearTimeout(late);
    relay.trap = undefined;
    entry.from = Date.now();
    await this.#kill(downMs);
  }

  async #fill(ms: number): Promise<void> {
    if (!this.scene.world.canFill) return;
    const empty = await this.scene.world.fillDisk();
    await pass(ms);
    await empty();
  }

  async #upset(target: Target, { mood, ms }: Fault & { kind: 'uploads' | 'webhooks' }): Promise<void> {
    target.mood = mood;
    await pass(ms);
    target.mood = 'well';
  }
}
