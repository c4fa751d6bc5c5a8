/**
 * The chain that audit lines form: each holds the SHA-256 of the line before it, and the head, kept apart, that of the
 * last one. Whoever changes, removes, moves or cuts off lines breaks it. Pure.
 */
import { createHash } from 'node:crypto';
import type { AuditEvent } from './events.js';

/** A line of the audit of one instance of the service; `seq` counts from 1. */
export interface AuditLine extends AuditEvent {
  instance: string;
  seq: number;
  /** SHA-256 of the line before, hex; {@link BEGINNING} in the first one. */
  previous: string;
}

/** The newest line of a chain. */
export interface Head {
  instance: string;
  /** 0 where there is none yet. */
  seq: number;
  /** SHA-256, hex. */
  hash: string;
}

/** A line where it was found: its place says which one it should be. */
export interface StoredLine {
  /** {@link placeOf} the line that belongs there. */
  place: string;
  line: object;
}

/** What is wrong with a chain. */
export interface Break {
  instance: string;
  /** `foreign`: what lies there is no place of a line; `headless`: nothing says where the chain ends. */
  what: 'changed' | 'missing' | 'misplaced' | 'foreign' | 'headless';
  /** The lines it is about; missing ones are a range. */
  from: number;
  to: number;
}

export const BEGINNING = '0'.repeat(64);
/** Digits of `seq` in a place, so that places sort: a line each millisecond lasts thirty years. */
const SEQ_DIGITS = 12;

export function beginningOf(instance: string): Head {
  return { instance, seq: 0, hash: BEGINNING };
}

export function lineAfter({ instance, seq, hash }: Head, event: AuditEvent): AuditLine {
  return { ...event, instance, seq: seq + 1, previous: hash };
}

export function placeOf(instance: string, seq: number): string {
  return `${instance}/${String(seq).padStart(SEQ_DIGITS, '0')}`;
}

/** SHA-256 of the line's canonical JSON, hex. */
export function hashOf(line: object): string {
  return createHash('sha256').update(canonical(line)).digest('hex');
}

/** JSON without spaces, keys sorted by code unit: RFC 8785, whose numbers are JavaScript's. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`);
  return `{${members.join(',')}}`;
}

/**
 * Finds every break. `heads` are as they were before the first of `lines`, which come in the order of their places,
 * was read: what is appended meanwhile has to fit too. `later` are those after the last line was read, asked for where a
 * chain may have begun meanwhile.
 */
export async function verify(
  heads: Head[],
  lines: AsyncIterable<StoredLine>,
  later: () => Promise<Head[]>,
): Promise<Break[]> {
  const breaks = new Map<string, Break>();
  const found = (instance: string, what: Break['what'], from: number, to = from) =>
    breaks.set([instance, what, from].join('/'), { instance, what, from, to });
  const ends = new Map(heads.map((head) => [head.instance, head]));
  const reached = new Map<string, Head>();

  for await (const { place, line } of lines) {
    const [, instance = '', digits = '0'] = /^([^/]+)\/(\d+)$/.exec(place) ?? [];
    const seq = Number(digits);
    if (seq < 1 || place !== placeOf(instance, seq)) {
      found(place, 'foreign', 0);
      continue;
    }
    const last = reached.get(instance) ?? beginningOf(instance);
    const stored = line as Partial<AuditLine>;
    const end = ends.get(instance);
    if (stored.instance !== instance || stored.seq !== seq) found(instance, 'misplaced', seq);
    if (seq > last.seq + 1) found(instance, 'missing', last.seq + 1, seq - 1);
    else if (stored.previous !== last.hash) found(instance, 'changed', Math.max(last.seq, 1));
    const hash = hashOf(line);
    if (end?.seq === seq && end.hash !== hash) found(instance, 'changed', seq);
    reached.set(instance, { instance, seq, hash });
  }
  for (const { instance, seq } of heads) {
    const last = reached.get(instance)?.seq ?? 0;
    if (last < seq) found(instance, 'missing', last + 1, seq);
  }
  const begun = [...reached.values()].filter(({ instance }) => !ends.has(instance));
  const headed = new Set((begun.length > 0 ? await later() : []).map(({ instance }) => instance));
  for (const { instance, seq } of begun) if (!headed.has(instance)) found(instance, 'headless', seq);
  return [...breaks.values()];
}
