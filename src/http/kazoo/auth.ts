/** `/v2/api_auth`, `/v2/user_auth`: Kazoo's logins, for which no token is needed (cb_api_auth.erl, cb_user_auth.erl). */
import type { Router } from 'express';
import type { ApiAuth } from '../../generated/api-auth.js';
import type { UserAuth } from '../../generated/user-auth.js';
import { validate } from '../../schemas.js';
import type { Principal, TokenStore } from '../../store/tokens.js';
import { bodyText } from '../body.js';
import { factsOf } from '../requests.js';
import { invalid, methodNotAllowed, missingToken, send } from './answers.js';
import { bodyOf, dataOf } from './body.js';

/** Who logs in, and the token that the answer carries. */
type LoggedIn = { principal: Principal; token: string } | undefined;

export function logins(router: Router, tokens: TokenStore, version: string): void {
  const ways: Record<string, (data: unknown) => LoggedIn> = {
    '/api_auth': (data) => byApiKey(tokens, data),
    '/user_auth': (data) => byCredentials(tokens, data),
  };
  for (const [path, logIn] of Object.entries(ways)) {
    router.all(path, bodyText, (req, res) => {
      const body = bodyOf(req);
      if (req.method !== 'PUT') {
        res.set('Allow', 'PUT');
        throw methodNotAllowed();
      }
      const found = logIn(dataOf(body));
      if (!found) throw missingToken();
      const { principal, token } = found;
      Object.assign(factsOf(res), { tokenId: principal.tokenId, token });
      res.status(201);
      send(res, version, { data: shown(principal) });
    });
  }
}

/** The key is a token already, and stays the one. */
function byApiKey(tokens: TokenStore, data: unknown): LoggedIn {
  const given = validate<ApiAuth>('api-auth', data);
  if (!given.ok) throw invalid(given.errors);
  const token = given.value.api_key;
  const principal = tokens.find(token);
  return principal && { principal, token };
}

/** A telephone number belongs to no account here. */
function byCredentials(tokens: TokenStore, data: unknown): LoggedIn {
  const given = validate<UserAuth>('user-auth', data);
  if (!given.ok) throw invalid(given.errors);
  const { credentials, method = 'md5', account_name, account_realm, realm } = given.value;
  const account = account_realm ?? realm ?? account_name;
  const principal = account === undefined ? undefined : tokens.findLogin(account, credentials, method);
  return principal && { principal, token: tokens.session(principal) };
}

/** Kazoo's keys (user_authentication.md); nobody is anybody's reseller here. */
function shown({ account, user }: Principal): object {
  return {
    account_id: account ?? undefined,
    owner_id: user,
    apps: [],
    is_reseller: false,
    language: 'en-us',
  };
}
