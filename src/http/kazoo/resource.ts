/** What every resource of Kazoo's API has in common: the order of the checks, and the envelope. */
import type { Request, Response, Router } from 'express';
import type { Audit, SettingsAction } from '../../audit/events.js';
import type { Scope } from '../../store/scoped.js';
import type { Principal, TokenStore } from '../../store/tokens.js';
import { tokenOf, type Action } from '../access.js';
import { accountedSettings } from '../accounting.js';
import { bodyText } from '../body.js';
import { described, type Method, type Operation } from '../openapi/operation.js';
import { factsOf } from '../requests.js';
import { badIdentifier, forbidden, methodNotAllowed, missingToken, send, unknownToken } from './answers.js';
import { bodyOf } from './body.js';
import { KAZOO, type KazooCode } from './dialect.js';

/** A request whose body is JSON, whose path is sane, and whose sender is known and may. */
export interface Asked {
  req: Request;
  res: Response;
  principal: Principal;
  /** What the path names; the account is empty where it names none. */
  scope: Scope;
  /** The last part of a path to one thing, else empty. */
  id: string;
  body: Record<string, unknown>;
}

/** `data`, and what stands beside it in the envelope; undefined where the handler has answered by itself. */
export type Answer = ({ data: unknown } & Record<string, unknown>) | undefined;

export interface Resource {
  /** With the parameters `account`, `user`, `device` and `id`. */
  paths: string[];
  /** What it is, for the description of the API. */
  name: string;
  says: Partial<Record<Method, Operation<KazooCode>>>;
  permits(principal: Principal, action: Action, scope: Scope): boolean;
  /** Takes note of a request that is not permitted, before that is answered. */
  refused?(asked: Asked): Promise<void>;
  methods: Partial<Record<Method, (asked: Asked) => Answer | Promise<Answer>>>;
}

/** Accounts for an attempt to change settings by somebody of the account who may not. */
export async function settingsRefused(
  audit: Audit,
  action: SettingsAction,
  { req, principal, scope, id }: Asked,
): Promise<void> {
  const isOfAccount = principal.account === null || principal.account === scope.account;
  if (/^(GET|HEAD)$/.test(req.method) || !isOfAccount) return;
  const which = id === '' ? {} : { webhook_id: id };
  await accountedSettings(audit, action, principal, scope.account, which, 'forbidden');
}

/** Characters that neither a log line nor a path could show, half characters too. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;
const MAX_IDENTIFIER = 256;

/** The checks go by the order that `kazoo.md` gives: JSON, method, token, permission; the schema's come last. */
export function serve(router: Router, tokens: TokenStore, version: string, resource: Resource): void {
  const { paths, name, says } = resource;
  router.all(paths, described(KAZOO, name, says), bodyText, async (req, res) => {
    const body = bodyOf(req);
    const method = (req.method === 'HEAD' ? 'GET' : req.method) as Method;
    const handler = resource.methods[method];
    if (!handler) {
      res.set('Allow', Object.keys(resource.methods).join(', '));
      throw methodNotAllowed();
    }
    const token = tokenOf(req) ?? text(req.query['auth_token']) ?? text(body['auth_token']);
    if (token === undefined) throw missingToken();
    const principal = tokens.find(token);
    if (!principal) throw unknownToken();
    Object.assign(factsOf(res), { tokenId: principal.tokenId, token });
    const { scope, id } = named(req.params);
    const asked = { req, res, principal, scope, id, body };
    if (!resource.permits(principal, method === 'GET' ? 'read' : 'write', scope)) {
      await resource.refused?.(asked);
      throw forbidden();
    }
    const answer = await handler(asked);
    if (answer) send(res, version, answer);
  });
}

function named(params: Request['params']): Pick<Asked, 'scope' | 'id'> {
  for (const value of Object.values(params).flat()) {
    if (value.length > MAX_IDENTIFIER || UNPRINTABLE.test(value) || value === '.' || value === '..') {
      throw badIdentifier(value);
    }
  }
  const { account, user, device, id } = params as Partial<Record<string, string>>;
  const of = { ...(user !== undefined && { user }), ...(device !== undefined && { device }) };
  return { scope: { account: account ?? '', ...of }, id: id ?? '' };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
