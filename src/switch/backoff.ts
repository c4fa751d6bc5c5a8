/** Milliseconds: the first try comes that soon, so that a switch which restarts is missed for a moment only. */
const MIN_MS = 250;
/** Milliseconds: a switch that was away for hours is back within that. */
const MAX_MS = 10_000;
/** Milliseconds: a connection that has held for less is one more failure, else a flapping switch is never left alone. */
const STABLE_MS = 10_000;

/**
 * How long to wait before the next try, from 250 to 10,000 ms: doubling, and anywhere in the upper half of that, so
 * that many services do not all come back to a switch at once.
 *
 * @param failures how many have come in a row, from 1: {@link failuresAfter}
 * @param random from 0 up to 1
 */
export function backoff(failures: number, random: number): number {
  const ceiling = Math.min(MAX_MS, MIN_MS * 2 ** failures);
  return (ceiling / 2) * (1 + random);
}

/** How many failures have come in a row, after another one, or the loss of what was up for `upMs` milliseconds. */
export function failuresAfter(before: number, upMs: number): number {
  return upMs < STABLE_MS ? before + 1 : 1;
}
