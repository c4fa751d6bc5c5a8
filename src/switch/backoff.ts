/** Milliseconds: the first try comes that soon, so that a switch which restarts is missed for a moment only. */
const MIN_MS = 250;
/** Milliseconds: a switch that was away for hours is back within that. */
const MAX_MS = 10_000;

/**
 * How long to wait before the next try, from 250 to 10,000 ms: doubling, and anywhere in the upper half of that, so
 * that many services do not all come back to a switch at once.
 *
 * @param attempt how many tries have failed in a row, from 0
 * @param random from 0 up to 1
 */
export function backoff(attempt: number, random: number): number {
  const ceiling = Math.min(MAX_MS, 2 * MIN_MS * 2 ** attempt);
  return (ceiling / 2) * (1 + random);
}
