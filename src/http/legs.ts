/** The leg that a request names, as far as whoever asks may know of it. */
import type { Scope } from '../store/scoped.js';
import type { Principal } from '../store/tokens.js';
import type { Actor, CallsPort, Channel } from './ports.js';

/** A user, or a device, has its own legs and those of whoever it talks with. */
export function visibleLeg(
  calls: CallsPort,
  { account, user, device }: Scope,
  uuid: string,
): Channel | undefined {
  const found = calls.channel(account, uuid);
  const other = found?.otherLeg === undefined ? undefined : calls.channel(account, found.otherLeg);
  const isOf = (leg: Channel | undefined) =>
    leg !== undefined &&
    (user === undefined || leg.user === user) &&
    (device === undefined || leg.device === device);
  return isOf(found) || isOf(other) ? found : undefined;
}

/** What a leg's name stands for, and as whom it is acted on. */
export type NamedLeg = { leg: Channel; actor: Actor } | 'ended' | 'unknown';

/** For systems whose paths name no account, and whose tokens so say which: the admin's token acts for the leg's own. */
export function namedLeg(
  calls: CallsPort,
  { account: own, user, tokenId }: Principal,
  uuid: string,
  account = own,
): NamedLeg {
  for (const each of account === null ? calls.accountsOf(uuid) : [account]) {
    const scope: Scope = { account: each, ...(user !== undefined && { user }) };
    const leg = visibleLeg(calls, scope, uuid);
    if (leg) return { leg, actor: { ...scope, tokenId } };
  }
  const accounts = calls.accountsOfEnded(uuid);
  const isOwn = account === null ? accounts.length > 0 : accounts.includes(account);
  return isOwn ? 'ended' : 'unknown';
}
