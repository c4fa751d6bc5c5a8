/** `/v2/api_auth`, `/v2/user_auth`: Kazoo's logins, for which no token is needed (cb_api_auth.erl, cb_user_auth.erl). */
import type { Router } from 'express';
import type { ApiAuth } from '../../generated/api-auth.js';
import type { UserAuth } from '../../generated/user-auth.js';
import { validate } from '../../schemas.js';
import type { Principal, TokenStore } from '../../store/tokens.js';
import { bodyText } from '../body.js';
import { described, ref, type Operation } from '../openapi/operation.js';
import { factsOf } from '../requests.js';
import { invalid, methodNotAllowed, missingToken, send } from './answers.js';
import { bodyOf, dataOf } from './body.js';
import { enveloped, KAZOO, type KazooCode } from './dialect.js';

/** Who logs in, and the token that the answer carries. */
type LoggedIn = { principal: Principal; token: string } | undefined;

export function logins(router: Router, tokens: TokenStore, version: string): void {
  const ways = [
    {
      path: '/api_auth',
      name: 'ApiAuth',
      example: { api_key: '{token}' },
      logIn: (data: unknown) => byApiKey(tokens, data),
    },
    {
      path: '/user_auth',
      name: 'UserAuth',
      example: { credentials: '{MD5 of name:token}', account_name: 'example.com' },
      logIn: (data: unknown) => byCredentials(tokens, data),
    },
  ];
  for (const { path, name, example, logIn } of ways) {
    router.all(path, described(KAZOO, name, { PUT: said(name, example) }), bodyText, async (req, res) => {
      const body = bodyOf(req);
      if (req.method !== 'PUT') {
        res.set('Allow', 'PUT');
        throw methodNotAllowed();
      }
      const found = await logIn(dataOf(body));
      if (!found) throw missingToken();
      const { principal, token } = found;
      Object.assign(factsOf(res), { tokenId: principal.tokenId, token });
      res.status(201);
      send(res, version, { data: shown(principal) });
    });
  }
}

function said(name: string, data: object): Operation<KazooCode> {
  return {
    summary: 'A login, which is answered with auth_token.',
    body: { schema: enveloped(ref(name)), examples: { 'a login': { data } } },
    status: 201,
    answer: ref('KazooLogin'),
    errors: ['invalid_credentials'],
  };
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
async function byCredentials(tokens: TokenStore, data: unknown): Promise<LoggedIn> {
  const given = validate<UserAuth>('user-auth', data);
  if (!given.ok) throw invalid(given.errors);
  const { credentials, method = 'md5', account_name, account_realm, realm } = given.value;
  const account = account_realm ?? realm ?? account_name;
  const principal = account === undefined ? undefined : tokens.findLogin(account, credentials, method);
  return principal && { principal, token: await tokens.session(principal) };
}

/** Kazoo's keys (user_authentication.md), and the token's role; nobody is anybody's reseller here. */
function shown({ account, user, role }: Principal): object {
  return {
    account_id: account ?? undefined,
    owner_id: user,
    role,
    apps: [],
    is_reseller: false,
    language: 'en-us',
  };
}
