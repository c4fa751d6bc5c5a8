/** What a change of an account's settings was, as the audit says it. Pure. */
import { canonical } from './chain.js';

/** The keys that changed, with what they were and are; missing where there was, or is, nothing. */
export interface SettingsChange {
  before?: Record<string, unknown>;
  after?: Record<string, unknown>;
}

/** Keys that may hold a secret: the audit says that they changed, and no more. */
const HIDDEN = ['secret', 'custom_data'];

/** `before` and `after` are undefined where there are no settings; values are JSON. */
export function changeOf(before: object | undefined, after: object | undefined): SettingsChange {
  const [was, is] = [new Map(Object.entries(before ?? {})), new Map(Object.entries(after ?? {}))];
  const changed = [...new Set([...was.keys(), ...is.keys()])].filter(
    (key) => canonical(was.get(key) ?? null) !== canonical(is.get(key) ?? null),
  );
  const shown = (of: ReadonlyMap<string, unknown>) =>
    Object.fromEntries(
      changed.filter((key) => of.has(key)).map((key) => [key, shownValue(key, of.get(key))]),
    );
  return { ...(before && { before: shown(was) }), ...(after && { after: shown(is) }) };
}

/** A URL without its user, password and query, in which receivers have their keys. */
function shownValue(key: string, value: unknown): unknown {
  if (HIDDEN.includes(key)) return '…';
  if (key !== 'uri') return value;
  const { origin, pathname } = new URL(String(value));
  return origin + pathname;
}
