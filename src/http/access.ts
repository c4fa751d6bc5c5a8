/** Who may do what: the same for every system's API. */
import type { Request, Response } from 'express';
import type { Scope } from '../store/scoped.js';
import type { Principal, TokenStore } from '../store/tokens.js';
import { unauthorized } from './errors.js';
import { factsOf } from './requests.js';

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

/** Somebody who has shown a user's name, `user@account`, with a token as its password. */
export interface Login {
  principal: Principal;
  token: string;
  account: string;
  user: string;
}

/** A user's token is the password of that user alone; any other is that of every user whom it can act for. */
export function login(tokens: TokenStore, name: string, password: string): Login | undefined {
  const at = name.lastIndexOf('@');
  const [user, account] = [name.slice(0, Math.max(0, at)), name.slice(at + 1)];
  const principal = tokens.find(password);
  if (!principal || user === '' || account === '') return undefined;
  if (!may(principal, 'read', { account, user })) return undefined;
  return { principal, token: password, account, user };
}

/** The token in `X-Auth-Token` or `Authorization: Bearer`, or as `scheme` has it; Node.js reads a header as Latin-1. */
export function tokenOf(req: Request, scheme = /^Bearer +(.+)$/i): string | undefined {
  const text = req.get('x-auth-token') ?? scheme.exec(req.get('authorization') ?? '')?.[1];
  return text === undefined ? undefined : Buffer.from(text, 'latin1').toString();
}

/** Whose token a request shows; an HttpError 401 where it shows none that is good. */
export function authenticated(req: Request, res: Response, tokens: TokenStore, scheme?: RegExp): Principal {
  const principal = tokens.find(tokenOf(req, scheme) ?? '');
  if (!principal) throw unauthorized();
  Object.assign(factsOf(res), { tokenId: principal.tokenId });
  return principal;
}
