/**
 * From the last DTMF event of a code to its `uuid_record`, as the switch sees the two, beside an `api` round trip: codes
 * are pressed in turn to start, mask, unmask and stop the recordings of a part of the live calls.
 */
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import type { BareClient } from './client.js';
import { dtmf, type BenchCall, type BenchLeg } from './legs.js';
import { framesOf, type BareSwitch } from './switch.js';

const CODES = ['*71', '*72', '*73', '*74'];
/** Milliseconds between the keys of a code, and between two codes of one call: nobody presses faster. */
const KEY_MS = 50;
const CODE_MS = 1000;
/** Milliseconds after which nothing more is waited for. */
const PATIENCE_MS = 20_000;

/** Presses keys, and sees the commands that come of them. */
export class Presses {
  private readonly waiting = new Map<string, { at: number; onCommand: (ms: number) => void }>();

  constructor(private readonly bare: BareSwitch) {
    bare.onCommand = (command, args) => {
      // With a lease the command stands in an `expand`.
      const [, uuid = ''] = /([0-9a-f-]{36})\S* (?:start|stop|mask|unmask) \//.exec(args) ?? [];
      const pressed = this.waiting.get(uuid);
      if (!pressed || !/^(uuid_record|expand)$/.test(command)) return;
      this.waiting.delete(uuid);
      pressed.onCommand(performance.now() - pressed.at);
    };
  }

  /** How many codes no command has come of. */
  get open(): number {
    return this.waiting.size;
  }

  press(leg: BenchLeg, digit: string): void {
    this.bare.send(framesOf([dtmf(leg, digit)]));
  }

  /** The last key of a code has been pressed: tells how many milliseconds later its `uuid_record` came. */
  expect(recorded: BenchLeg, onCommand: (ms: number) => void): void {
    this.waiting.set(recorded.uuid, { at: performance.now(), onCommand });
  }

  /** Resolves when a command has come of every code; rejects where none does for {@link PATIENCE_MS}. */
  async answered(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (this.open > 0) {
      if (performance.now() > deadline) throw new Error(`${this.open} codes came to nothing`);
      await delay(5);
    }
  }

  close(): void {
    this.bare.onCommand = undefined;
  }
}

/**
 * Milliseconds from code to command, of `seconds` in which `rate` codes a second are pressed. They are measured while all
 * four codes are pressed as often as each other: before, calls come as far, and afterwards all recordings are stopped.
 */
export async function codeRound(bare: BareSwitch, rate: number, seconds: number): Promise<number[]> {
  // Of every four presses each is another code, of a call whose code before that was pressed CODE_MS ago.
  const apart = Math.ceil((CODE_MS / 1000) * (rate / CODES.length));
  const warmUp = apart * (CODES.length - 1);
  const started = warmUp + Math.ceil((rate * seconds) / CODES.length);
  const keys: { at: number; call: number; digit: string; isLast: boolean; isMeasured: boolean }[] = [];
  for (let group = 0; group < started + warmUp; group++) {
    CODES.forEach((code, index) => {
      const call = group - index * apart;
      if (call < 0 || call >= started) return;
      const at = ((group * CODES.length + index) * 1000) / rate;
      const isMeasured = group >= warmUp && group < started;
      Array.from(code).forEach((digit, key) => {
        keys.push({ at: at + key * KEY_MS, call, digit, isLast: key === code.length - 1, isMeasured });
      });
    });
  }
  keys.sort((a, b) => a.at - b.at);
  if (bare.calls.length < started) throw new Error(`${started} live calls are needed`);

  const presses = new Presses(bare);
  const took: number[] = [];
  const began = performance.now();
  for (const { at, call, digit, isLast, isMeasured } of keys) {
    while (performance.now() - began < at) await turn();
    const { caller, callee } = bare.calls[call] as BenchCall;
    presses.press(callee, digit);
    if (!isLast) continue;
    // A code records the far party's leg.
    presses.expect(caller, (ms) => {
      if (isMeasured) took.push(ms);
    });
  }
  await presses.answered();
  presses.close();
  await bare.quiet();
  return took;
}

/** Milliseconds of `count` round trips of an `api` that answers at once, one after another. */
export async function roundTrips(client: BareClient, count: number): Promise<number[]> {
  const took: number[] = [];
  for (let n = 0; n < count; n++) {
    const began = performance.now();
    await client.api('uptime');
    took.push(performance.now() - began);
  }
  return took;
}
