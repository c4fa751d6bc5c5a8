/** Times as people read them, in the visitor's own zone. */
import { signal } from '@preact/signals';

/** Kazoo's Gregorian seconds of 1970. */
const UNIX_EPOCH = 62_167_219_200;
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** Epoch, milliseconds; it goes on every second. */
export const now = signal(Date.now());
setInterval(() => (now.value = Date.now()), 1000);

/** Epoch, milliseconds, of Gregorian seconds. */
export function fromGregorian(seconds: number): number {
  return (seconds - UNIX_EPOCH) * 1000;
}

/** Gregorian seconds. */
export function toGregorian(ms: number): number {
  return Math.floor(ms / 1000) + UNIX_EPOCH;
}

export function dateOf(ms: number): string {
  return DATE.format(ms);
}

/** `1:02:03`, or `2:03`. */
export function durationOf(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value % 60).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes}:${two(seconds)}`
    : `${Math.floor(minutes / 60)}:${two(minutes)}:${two(seconds)}`;
}
