/**
 * When something that could not be sent is tried again. Pure: time and chance come in as arguments.
 *
 *   waiting ──2xx──► sent
 *      │ ▲
 *      │ └── failed, and may go better later: waits 2 s, doubling up to 1 h, jittered
 *      └──── refused for good, or 72 h or the retries are over ──► failed
 */

/** The shortest wait: a receiver that restarts is back in seconds. */
export const SHORTEST_MS = 2000;
/** The longest wait: whoever mends a receiver sees within the hour that it works. */
export const LONGEST_MS = 3_600_000;
/** A receiver that breaks on a Friday evening is seen to on Monday. */
export const GIVE_UP_MS = 72 * 3_600_000;

/** What one attempt came to, where it did not succeed. */
export interface Failure {
  /** Epoch, milliseconds. */
  at: number;
  /** A stable code: of `errors.ts`, or `http_status`. */
  error: string;
  /** The HTTP status, where there was an answer. */
  status?: number;
}

/** Something on its way. */
export interface Shipment {
  state: 'waiting' | 'failed';
  /** Where it goes: host and port, for a limit to each. */
  host: string;
  /** That of the recording that it is about: whoever acts for it sends. */
  switch: string;
  /** Epoch, milliseconds: when it was handed in, or handed in again. */
  since: number;
  /** Epoch, milliseconds: the next attempt. */
  due: number;
  /** How often it was tried since then. */
  attempts: number;
  /** At most so many attempts after the first; none given: as many as there is time for. */
  retries?: number;
  last?: Failure;
}

/** What is wrong with an attempt, beside what is kept of it. */
export interface FailedAttempt extends Failure {
  /** Trying again cannot help. */
  permanent: boolean;
  /** Milliseconds: the receiver asks not to be tried earlier. */
  retryAfterMs?: number;
}

/** The shipment after a failed attempt at `failed.at`; `random` is in [0, 1). */
export function afterFailure<T extends Shipment>(shipment: T, failed: FailedAttempt, random: number): T {
  const { at, error, status, permanent, retryAfterMs = 0 } = failed;
  const attempts = shipment.attempts + 1;
  const end = shipment.since + GIVE_UP_MS;
  const next = {
    ...shipment,
    attempts,
    last: { at, error, ...(status !== undefined && { status }) },
  };
  if (permanent || at >= end || attempts > (shipment.retries ?? Infinity))
    return { ...next, state: 'failed' };
  const wait = Math.max(waitAfter(attempts, random), Math.min(retryAfterMs, LONGEST_MS));
  // One attempt is made when the time is up, however long the wait before it would have been.
  return { ...next, due: Math.min(Math.ceil(at + wait), end) };
}

/** Milliseconds to wait after so many failures in a row, from 1 on; `random` is in [0, 1). */
export function waitAfter(failures: number, random: number): number {
  // Half of the wait is by chance, so that what failed together does not come back together.
  return Math.min(2 * SHORTEST_MS * 2 ** (failures - 1), LONGEST_MS) * (0.5 + 0.5 * random);
}

/** The shipment, handed in again. */
export function handedInAgain<T extends Shipment>(shipment: T, at: number): T {
  return { ...shipment, state: 'waiting', since: at, due: at, attempts: 0 };
}
