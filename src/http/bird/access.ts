/** Who asks Bird's API, and in which workspace: an account, under its own name. */
import type { Request, Response } from 'express';
import type { Principal, TokenStore } from '../../store/tokens.js';
import { authenticated, may, type Action } from '../access.js';
import { forbidden } from '../errors.js';

const CREDENTIALS = /^(?:Bearer|AccessKey) +(.+)$/i;

/** Who it is, and the account. */
export interface Permitted {
  principal: Principal;
  account: string;
}

export function permitted(
  req: Request<{ workspace: string }>,
  res: Response,
  tokens: TokenStore,
  action: Action,
): Permitted {
  const principal = authenticated(req, res, tokens, CREDENTIALS);
  const account = req.params.workspace;
  const { user } = principal;
  if (!may(principal, action, { account, ...(user !== undefined && { user }) })) throw forbidden();
  return { principal, account };
}
