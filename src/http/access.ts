/** Who may do what: the same for every system's API. */
import type { Request } from 'express';
import type { Scope } from '../store/scoped.js';
import type { Principal } from '../store/tokens.js';

export type Action = 'read' | 'write';

/** Whether `principal` may do this with what belongs to `scope`. */
export function may(principal: Principal, action: Action, scope: Scope): boolean {
  if (principal.account !== null && principal.account !== scope.account) return false;
  if (principal.role === 'viewer') return action === 'read';
  return principal.role === 'admin' || (principal.user !== undefined && principal.user === scope.user);
}

/** What `principal` means by `scope`: a user's token that names no user asks for its own user's. */
export function ownScope(principal: Principal, scope: Scope): Scope {
  const { user = principal.user } = scope;
  return principal.role === 'user' && user !== undefined ? { ...scope, user } : scope;
}

/** Whether `principal` is the admin of every account. */
export function isSiteAdmin({ account, role }: Principal): boolean {
  return account === null && role === 'admin';
}

/** The token in `X-Auth-Token` or `Authorization: Bearer`; Node.js reads the bytes of a header as Latin-1. */
export function tokenOf(req: Request): string | undefined {
  const text = req.get('x-auth-token') ?? /^Bearer +(.+)$/i.exec(req.get('authorization') ?? '')?.[1];
  return text === undefined ? undefined : Buffer.from(text, 'latin1').toString();
}
