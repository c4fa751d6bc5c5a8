/**
 * `/phones`: drives the simulated phones of the embedded softswitch, for `npm run phone`, and for the console. Nothing
 * but simulated calls can be made with it, so that a program of this machine needs no token; a page in a browser needs
 * that of an admin of every account.
 */
import { json, Router, type Request, type RequestHandler } from 'express';
import { isIP } from 'node:net';
import type { TokenStore } from '../store/tokens.js';
import { isSiteAdmin, tokenOf } from './access.js';
import { SERVICE } from './dialect.js';
import { described, ref } from './openapi/operation.js';

/** What the simulated phones can do; each resolves with a sentence that says what happened. */
export interface Phones {
  call(from: string, to: string): Promise<string>;
  press(user: string, keys: string): Promise<string>;
  transfer(user: string, to: string): Promise<string>;
  hold(user: string): Promise<string>;
  unhold(user: string): Promise<string>;
  hangup(user: string): Promise<string>;
}

const ACTIONS = new Map<string, (phones: Phones, first: string, second: string) => Promise<string>>([
  ['call', (phones, from, to) => phones.call(from, to)],
  ['press', (phones, user, keys) => phones.press(user, keys)],
  ['transfer', (phones, user, to) => phones.transfer(user, to)],
  ['hold', (phones, user) => phones.hold(user)],
  ['unhold', (phones, user) => phones.unhold(user)],
  ['hangup', (phones, user) => phones.hangup(user)],
]);

export function phonesRouter(phones: Phones, tokens: Pick<TokenStore, 'find'>): Router {
  const router = Router();
  const act: RequestHandler = async (req, res) => {
    const { arguments: args } = req.body as { arguments?: unknown };
    const action = ACTIONS.get(String(req.params.action));
    if (!action || !Array.isArray(args)) {
      res.status(404).json({ error: `there is call, press, transfer, hold, unhold and hangup` });
      return;
    }
    const [first = '', second = ''] = args.map(String);
    try {
      res.json({ happened: await action(phones, first, second) });
    } catch (error) {
      res.status(409).json({ error: error instanceof Error ? error.message : String(error) });
    }
  };
  router.use((req, res, next) => {
    const principal = tokens.find(tokenOf(req) ?? '');
    if (isLocal(req) || (principal && isSiteAdmin(principal))) next();
    else
      res.status(403).json({
        error:
          'the simulated phones are driven from this machine, by npm run phone, or with the site admin’s token',
      });
  });
  const fault = (description: string) => ({
    description,
    content: { 'application/json': ref('PhoneFault') },
  });
  const says = described(SERVICE, 'Phones', {
    POST: {
      summary: 'Drives the simulated phones of the embedded softswitch.',
      description: 'From this machine; from elsewhere, and by pages, with the token of a site admin.',
      body: {
        schema: {
          type: 'object',
          required: ['arguments'],
          properties: { arguments: { type: 'array', items: { type: 'string' }, maxItems: 2 } },
        },
        examples: { '1001 calls 1002': { arguments: ['1001', '1002'] } },
      },
      answer: ref('Happened'),
      answers: {
        403: fault('Neither from this machine nor with the token of a site admin.'),
        404: fault('There is no such action.'),
        409: fault('The phone could not do that.'),
      },
    },
  });
  router.post('/:action', says, json({ limit: '1kb' }), act);
  return router;
}

/** From this machine, past no proxy, and by no page in a browser, which would send an Origin. */
function isLocal(req: Request): boolean {
  const address = req.socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
  const loopback = address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
  const forwarded = req.get('X-Forwarded-For') ?? req.get('Forwarded') ?? req.get('Origin');
  return loopback && forwarded === undefined && req.is('application/json') === 'application/json';
}
