/** Whose metaflows apply to a leg. */
import type { Metaflows } from '../generated/metaflows.js';

/**
 * The metaflows of an account, a device and a user as one: the user's win over the device's, the device's
 * over the account's.
 *
 * Code by code: the nearer node replaces the farther one whole, `none` among them; so `{}` for `numbers` or
 * `patterns` adds nothing and takes nothing away. What is omitted is inherited. The nearer patterns are tried
 * first.
 */
export function merge(account?: Metaflows, device?: Metaflows, user?: Metaflows): Metaflows {
  return [user, device, account].reduce<Metaflows>((nearer, farther) => {
    const merged = { ...farther, ...nearer };
    if (farther?.numbers && nearer.numbers) merged.numbers = nearest(nearer.numbers, farther.numbers);
    if (farther?.patterns && nearer.patterns) merged.patterns = nearest(nearer.patterns, farther.patterns);
    return merged;
  }, {});
}

/** `nearer` first in order, and its nodes where both have the code. */
function nearest<T extends object>(nearer: T, farther: T): T {
  return { ...nearer, ...farther, ...nearer };
}
