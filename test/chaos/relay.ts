/** The event socket between service and switch, where what must not happen happens. */
import type { Socket } from 'node:net';
import { Relay } from '../support/lab-relay.js';
import type { Moment } from './plan.js';

/** What is waited for: a command that matches, and what is done then. */
export interface Trap {
  command: RegExp;
  moment: Moment;
  /** At `command` it is not passed on, at `reply` its reply is not, at `write` both have been. */
  spring: () => void;
}

/** One connection of the service. */
interface Pair {
  client: Socket;
  target: Socket;
  /** Commands that the switch has not answered yet, in order; the switch answers in that order. */
  asked: string[];
  toSwitch: string;
  toService: string;
}

export class FaultyRelay extends Relay {
  #pairs = new Set<Pair>();
  #trap: Trap | undefined;
  #cutting: (() => void) | undefined;
  #refuses = false;
  #stalled = false;

  /** Ends every connection with a reset, and accepts none for so many milliseconds. */
  async reset(ms: number): Promise<void> {
    this.#refuses = true;
    for (const { client, target } of this.#pairs) {
      client.resetAndDestroy();
      target.destroy();
    }
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.#refuses = false;
  }

  /** Passes nothing on for so many milliseconds; nothing is lost. */
  async stall(ms: number): Promise<void> {
    this.#stalled = true;
    for (const { client, target } of this.#pairs) {
      client.pause();
      target.pause();
    }
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.#stalled = false;
    for (const { client, target } of this.#pairs) {
      client.resume();
      target.resume();
    }
  }

  /** Ends the connection in the middle of the next event, which `cut` hears of. */
  cutNextEvent(cut: () => void): void {
    this.#cutting = cut;
  }

  /** Sets a trap, or takes it away; it springs once. */
  set trap(trap: Trap | undefined) {
    this.#trap = trap;
  }

  protected override join(client: Socket): void {
    if (this.#refuses) client.resetAndDestroy();
    else super.join(client);
  }

  protected override pass(client: Socket, target: Socket): void {
    const pair: Pair = { client, target, asked: [], toSwitch: '', toService: '' };
    this.#pairs.add(pair);
    client.on('close', () => this.#pairs.delete(pair));
    client.on('data', (chunk) => this.#command(pair, chunk.toString('latin1')));
    target.on('data', (chunk) => this.#answer(pair, chunk.toString('latin1')));
    if (!this.#stalled) return;
    client.pause();
    target.pause();
  }

  #command(pair: Pair, chunk: string): void {
    pair.toSwitch += chunk;
    for (let end = pair.toSwitch.indexOf('\n\n'); end >= 0; end = pair.toSwitch.indexOf('\n\n')) {
      const command = pair.toSwitch.slice(0, end + 2);
      pair.toSwitch = pair.toSwitch.slice(end + 2);
      if (this.#matches(command, 'command')) {
        this.#spring();
        return;
      }
      pair.asked.push(command);
      pair.target.write(command, 'latin1');
    }
  }

  #answer(pair: Pair, chunk: string): void {
    pair.toService += chunk;
    for (let frame = nextFrame(pair); frame !== undefined; frame = nextFrame(pair)) {
      if (frame.startsWith('Content-Type: text/event') || /\nContent-Type: text\/event/.test(frame)) {
        if (this.#cutting) {
          this.#cutting();
          this.#cutting = undefined;
          pair.client.write(frame.slice(0, frame.length / 2), 'latin1', () => pair.client.destroy());
          pair.target.destroy();
          return;
        }
      } else if (/Content-Type: (api\/response|command\/reply)/.test(frame)) {
        const command = pair.asked.shift() ?? '';
        if (this.#matches(command, 'reply')) {
          this.#spring();
          return;
        }
        if (this.#matches(command, 'write')) {
          pair.client.write(frame, 'latin1', () => this.#spring());
          continue;
        }
      }
      pair.client.write(frame, 'latin1');
    }
  }

  #matches(command: string, moment: Moment): boolean {
    return this.#trap?.moment === moment && this.#trap.command.test(command);
  }

  #spring(): void {
    const trap = this.#trap;
    this.#trap = undefined;
    trap?.spring();
  }
}

/** Takes the next whole frame off what has come of the switch. */
function nextFrame(pair: Pair): string | undefined {
  const end = pair.toService.indexOf('\n\n');
  if (end < 0) return undefined;
  const length = Number(/^Content-Length: (\d+)$/m.exec(pair.toService.slice(0, end))?.[1] ?? 0);
  const size = end + 2 + length;
  if (pair.toService.length < size) return undefined;
  const frame = pair.toService.slice(0, size);
  pair.toService = pair.toService.slice(size);
  return frame;
}
