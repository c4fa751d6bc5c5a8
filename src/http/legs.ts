/** The leg that a request names, as far as whoever asks may know of it. */
import type { Scope } from '../store/scoped.js';
import type { CallsPort, Channel } from './ports.js';

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
