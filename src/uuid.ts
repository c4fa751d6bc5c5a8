/** UUIDs of version 7 (RFC 9562), as 32 hex digits: they begin with the time, so that ids made of them sort by it. */
import { randomUUID } from 'node:crypto';

/** `at` in epoch milliseconds. */
export function uuidDigits(at: number): string {
  // Version 4's, of which Node makes many at a time: all but the version stands where version 7 has it.
  const random = randomUUID().replaceAll('-', '').slice(13);
  return `${at.toString(16).padStart(12, '0')}7${random}`;
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
