/**
 * Switch events through the whole service, beside JSON.parse alone of the same bodies: calls end and begin, so that as
 * many are live at the end of a round as at its beginning, and four keys are pressed for each.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { beginning, dtmf, ending } from './legs.js';
import { framesOf, type BareSwitch } from './switch.js';

/** Events of a call that ended, of one that began, and of four keys. */
export const EVENTS_PER_CALL = 14;

/** Milliseconds in which the service renews its lease: while the events are made, the switch answers nobody. */
const SETTLE_MS = 1000;

/** Events a second. */
export interface EventRates {
  service: number;
  parse: number;
}

/**
 * One round over about `count` events. The service has applied them all when it has bound the codes of the last call,
 * its legs pinned and everything before them done.
 */
export async function eventRound(bare: BareSwitch, count: number): Promise<EventRates> {
  const bodies: string[] = [];
  for (let each = 0; each < count / EVENTS_PER_CALL; each++) {
    const old = bare.calls[0];
    if (old) bodies.push(...ending(old));
    const pressed = bare.calls[Math.floor(bare.calls.length / 2)] ?? old;
    if (pressed) for (const digit of '1234') bodies.push(dtmf(pressed.callee, digit));
    bare.remove();
    bodies.push(...beginning(bare.add()));
  }
  const last = bare.calls.at(-1)?.callee.uuid ?? '';
  const frames = framesOf(bodies);
  await delay(SETTLE_MS);
  const parseBegan = performance.now();
  for (const body of bodies) JSON.parse(body);
  const parseMs = performance.now() - parseBegan;

  const applied = new Promise<number>((resolve) => {
    bare.onCommand = (_command, args) => {
      if (args.startsWith(last) && args.includes('metaflows_realm')) resolve(performance.now());
    };
  });
  const began = performance.now();
  bare.send(frames);
  const serviceMs = (await applied) - began;
  bare.onCommand = undefined;
  await bare.quiet();
  return { service: (bodies.length / serviceMs) * 1000, parse: (bodies.length / parseMs) * 1000 };
}
