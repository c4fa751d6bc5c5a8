/** Kazoo's times: seconds since the year 0 of the Gregorian calendar. */
const UNIX_EPOCH = 62_167_219_200;

/** From epoch milliseconds. */
export function gregorian(at: number): number {
  return Math.floor(at / 1000) + UNIX_EPOCH;
}

/** The epoch millisecond with which a Gregorian second begins. */
export function fromGregorian(seconds: number): number {
  return (seconds - UNIX_EPOCH) * 1000;
}
