/**
 * From the last DTMF event of a code to its `uuid_record`, as the switch sees the two, beside an `api` round trip: codes
 * are pressed in turn to start, mask, unmask and stop the recordings of a part of the live calls.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { BareClient } from './client.js';
import { dtmf, type BenchCall, type BenchLeg } from './legs.js';
import type { BenchService } from './service.js';
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
      if (command !== 'uuid_record') return;
      const uuid = args.slice(0, args.indexOf(' '));
      const pressed = this.waiting.get(uuid);
      if (!pressed) return;
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

/** Milliseconds, of each that there was. */
export interface CodeRound {
  /** From the last key of a code to its command. */
  codes: number[];
  /** Of an `api` command of the service's, on the connection on which events come to it: `probe.js`. */
  trips: number[];
}

/**
 * Has `rate` codes a second pressed. Both are measured in the `seconds` in which all four codes are pressed as often as
 * each other: before, calls come as far, and afterwards all recordings are stopped.
 */
export async function codeRound(
  bare: BareSwitch,
  service: BenchService,
  rate: number,
  seconds: number,
): Promise<CodeRound> {
  // Of every four presses each is another code, of a call whose code before that was pressed CODE_MS ago.
  const apart = Math.ceil((CODE_MS / 1000) * (rate / CODES.length));
  const warmUp = apart * (CODES.length - 1);
  const started = warmUp + Math.ceil((rate * seconds) / CODES.length);
  if (bare.calls.length < started) throw new Error(`${started} live calls are needed`);
  // Made before the clock starts, so that what is measured has the processor.
  const keys: { at: number; frame: Buffer; recorded?: BenchLeg; isMeasured: boolean }[] = [];
  for (let group = 0; group < started + warmUp; group++) {
    CODES.forEach((code, index) => {
      const call = group - index * apart;
      if (call < 0 || call >= started) return;
      const at = ((group * CODES.length + index) * 1000) / rate;
      const isMeasured = group >= warmUp && group < started;
      const { caller, callee } = bare.calls[call] as BenchCall;
      Array.from(code).forEach((digit, key) => {
        // A code records the far party's leg.
        const recorded = key === code.length - 1 ? { recorded: caller } : {};
        keys.push({ at: at + key * KEY_MS, frame: framesOf([dtmf(callee, digit)]), ...recorded, isMeasured });
      });
    });
  }
  keys.sort((a, b) => a.at - b.at);

  const presses = new Presses(bare);
  const codes: number[] = [];
  let trips: Promise<number[]> | undefined;
  const first = keys.findIndex(({ isMeasured }) => isMeasured);
  const last = keys.findLastIndex(({ isMeasured }) => isMeasured);
  const began = performance.now();
  for (const [index, { at, frame, recorded, isMeasured }] of keys.entries()) {
    while (performance.now() - began < at) await delay(1);
    if (index === first) void service.beginTrips();
    bare.send(frame);
    if (recorded) {
      presses.expect(recorded, (ms) => {
        if (isMeasured) codes.push(ms);
      });
    }
    if (index === last) trips = service.endTrips();
  }
  await presses.answered();
  presses.close();
  const round = { codes, trips: (await trips) ?? [] };
  await bare.quiet();
  return round;
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
