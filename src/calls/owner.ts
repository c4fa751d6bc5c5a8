/** Whose a leg is: `interface.md`'s table, from what the switch set after authentication and nothing a caller writes. */
import type { IdentityVariables } from '../generated/configuration.js';
import type { LegData } from '../switch/events.js';

/** The user or device, or both, that a leg belongs to. */
export interface Owner {
  account: string;
  user?: string;
  device?: string;
}

/** The channel variable that holds a leg's pin. */
export const PIN = 'metaflows_owner';

/** What is set on a leg that has been transferred, or has run a dialplan of its own. */
const REWRITTEN = ['transfer_history', 'transfer_source', 'current_application'];

/** The module that a channel belongs to, from its name: `sofia`, `loopback`, `verto` (named `verto.rtc/…`). */
export function endpointOf(name: string): string {
  return /^[^/.]*/.exec(name)?.[0] ?? '';
}

/**
 * Reads a leg's owner as it is created. Legs of `verto` (its client writes channel variables) and `loopback`
 * belong to nobody unless trusted by configuration; an account without a user or a device is nobody.
 */
export function ownerOf(leg: LegData, identity: Required<IdentityVariables>): Owner | undefined {
  if (!isTrusted(leg, identity)) return undefined;
  const first = (names: string[]) => names.map((name) => leg.variable(name)).find((value) => value) ?? '';
  const inbound = leg.direction === 'inbound';
  const account = first(inbound ? identity.inbound_account : identity.outbound_account);
  const user = first(inbound ? identity.inbound_user : identity.outbound_user);
  const device = first(identity.device);
  if (!account || !(user || device)) return undefined;
  // Half a character is no part of any name, and of no key in the database.
  if ([account, user, device].some((name) => /\p{Cs}/u.test(name))) return undefined;
  return { account, ...(user && { user }), ...(device && { device }) };
}

function isTrusted({ name }: LegData, { trusted_endpoints }: Required<IdentityVariables>): boolean {
  const endpoint = endpointOf(name);
  return (endpoint !== 'verto' && endpoint !== 'loopback') || trusted_endpoints.includes(endpoint);
}

/**
 * The value of {@link PIN}: the leg's own uuid first, so that a variable that a dialplan exports to another
 * leg gives that leg nobody's rights.
 */
export function pinOf(uuid: string, owner: Owner | undefined): string {
  if (!owner) return uuid;
  return [uuid, owner.account, owner.user ?? '', owner.device ?? ''].map(encodeURIComponent).join('/');
}

/** Reads a pin back; `undefined` where there is none for this leg, `null` where it says nobody. */
export function readPin(uuid: string, pin: string | undefined): Owner | null | undefined {
  const parts = pin?.split('/');
  if (!parts || parts[0] !== uuid) return undefined;
  try {
    const [, account, user, device] = parts.map(decodeURIComponent);
    if (!account) return null;
    return { account, ...(user && { user }), ...(device && { device }) };
  } catch {
    return undefined;
  }
}

/**
 * The owner of a leg that was there before the service was. Without a pin, an inbound leg is read as at its
 * creation. An outbound one that has been transferred or has run a bridge of its own may carry the variables
 * of whom it called since (`lab/README.md`): it is nobody's.
 */
export function ownerOfFoundLeg(leg: LegData, identity: Required<IdentityVariables>): Owner | undefined {
  // What its client writes may look like a pin as well.
  if (!isTrusted(leg, identity)) return undefined;
  const pinned = readPin(leg.uuid, leg.variable(PIN));
  if (pinned !== undefined) return pinned ?? undefined;
  const rewritten = REWRITTEN.some((name) => leg.variable(name));
  return leg.direction === 'outbound' && rewritten ? undefined : ownerOf(leg, identity);
}
