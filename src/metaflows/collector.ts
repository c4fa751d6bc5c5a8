/**
 * Collects the digits of one leg into codes. Pure: time comes in as an argument, in milliseconds of any
 * clock that does not run backwards.
 *
 *                        binding digit
 *   ┌─────────┐ ────────────────────────────► ┌──────────────────┐ ─┐ binding digit: starts over, or a
 *   │ unarmed │                               │ armed: collected │  │ digit after which more can match:
 *   └─────────┘ ◄──────────────────────────── └──────────────────┘ ◄┘ appended; the timeout begins again
 *     │     ▲    timeout, or a digit after
 *     └─────┘    which nothing more can match:
 *   other digits what was collected fires, or
 *                is no code and is forgotten
 *
 * As in Kazoo it is all that was collected which matches or not: with codes 7 and 712, `71` is a miss.
 */
import type { CompiledMetaflows, Match } from './compile.js';

/** Where a leg's collector stands; `until` is when {@link expire} is due. */
export type CollectorState =
  { readonly armed: false } | { readonly armed: true; readonly collected: string; readonly until: number };

/** A new state, and the codes that fired on the way to it, in order. */
export interface Step {
  readonly state: CollectorState;
  readonly fired: readonly Match[];
}

/** Where every leg begins. */
export const UNARMED: CollectorState = { armed: false };

/** The digit timeout that codes are bound with inside the switch, in milliseconds (freeswitch.md: 800 or less). */
export const SWITCH_DIGIT_TIMEOUT_MS = 800;

/** One digit was pressed. A timeout that has passed by then comes first. */
export function press(state: CollectorState, compiled: CompiledMetaflows, digit: string, at: number): Step {
  const { state: before, fired } = expire(state, compiled, at);
  const until = at + compiled.digitTimeoutMs;
  if (digit === compiled.bindingDigit) return { state: { armed: true, collected: '', until }, fired };
  if (!before.armed) return { state: UNARMED, fired };
  const collected = before.collected + digit;
  if (compiled.canGrow(collected)) return { state: { armed: true, collected, until }, fired };
  return { state: UNARMED, fired: [...fired, ...evaluate(compiled, collected)] };
}

/** The timeout: does nothing before `until`. */
export function expire(state: CollectorState, compiled: CompiledMetaflows, at: number): Step {
  if (!state.armed || at < state.until) return { state, fired: [] };
  return { state: UNARMED, fired: evaluate(compiled, state.collected) };
}

/**
 * The switch caught a whole code, binding digit and all, and no digits of it will come. Where it is ambiguous
 * among the codes bound there, the switch has waited its own timeout before it said so.
 */
export function absorbed(state: CollectorState, compiled: CompiledMetaflows, code: string, at: number): Step {
  const waited = compiled.codes.some((other) => other.length > code.length && other.startsWith(code))
    ? SWITCH_DIGIT_TIMEOUT_MS
    : 0;
  const pressedAt = at - waited;
  const due = expire(state, compiled, pressedAt);
  let step: Step = { state: UNARMED, fired: due.fired };
  for (const digit of code) step = after(step, press(step.state, compiled, digit, pressedAt));
  return after(step, expire(step.state, compiled, at));
}

function after(first: Step, then: Step): Step {
  return { state: then.state, fired: [...first.fired, ...then.fired] };
}

function evaluate(compiled: CompiledMetaflows, collected: string): Match[] {
  const match = compiled.match(collected);
  return match === undefined ? [] : [match];
}
