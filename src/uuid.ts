/** UUIDs of version 7 (RFC 9562), as 32 hex digits: they begin with the time, so that ids made of them sort by it. */
import { randomBytes } from 'node:crypto';

/** `at` in epoch milliseconds. */
export function uuidDigits(at: number): string {
  const random = randomBytes(10);
  random[0] = 0x70 | ((random[0] ?? 0) & 0x0f);
  random[2] = 0x80 | ((random[2] ?? 0) & 0x3f);
  return at.toString(16).padStart(12, '0') + random.toString('hex');
}

/** When they were made: epoch, milliseconds. */
export function timeOfUuid(digits: string): number {
  return Number.parseInt(digits.slice(0, 12), 16);
}

/** The digits as UUIDs are written. */
export function dashed(digits: string): string {
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** The digits of a UUID of any version; undefined where it is none. */
export function digitsOf(uuid: string): string | undefined {
  const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid);
  return isUuid ? uuid.replaceAll('-', '').toLowerCase() : undefined;
}
