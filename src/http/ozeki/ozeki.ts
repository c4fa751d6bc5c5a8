/** Ozeki's HTTP API, `/api?command=Record`, by GET and by form POST (docs/ozeki.md). */
import { Router, text, type ErrorRequestHandler, type Request, type Response } from 'express';
import { isMetaflowsError } from '../../errors.js';
import { login, may } from '../access.js';
import { visibleLeg } from '../legs.js';
import { parametersOf as queryOf } from '../openapi/components.js';
import { described, ref, WRITERS, type Parameter } from '../openapi/operation.js';
import type { Deps } from '../ports.js';
import { baseUrl, factsOf, logOf } from '../requests.js';
import type { System } from '../system.js';
import { answer, MESSAGES, OzekiError } from './answers.js';
import { OZEKI } from './dialect.js';
import { parametersOf, recordCallOf, recordOf } from './parameters.js';

const FORM = 'application/x-www-form-urlencoded';
const MAX_BODY_BYTES = 64 * 1024;

const EXAMPLE = { CallId: '2f0a5a0e-5b0b-4f6e-9d5c-1f9c2f0a7d11', Format: 'wav', Duration: 60 };

const QUERY: Parameter[] = [
  { name: 'command', in: 'query', required: true, schema: { const: 'Record' }, example: 'Record' },
  ...queryOf('OzekiRecord', EXAMPLE),
];

const ANSWERS = {
  200: { description: 'Code says what came of it.', content: { 'application/xml': ref('OzekiAnswer') } },
};

const SAYS = described(OZEKI, 'OzekiRecord', {
  GET: {
    summary: 'Records a call.',
    description: 'The names of parameters count without regard to case; an empty one counts as none.',
    roles: WRITERS,
    query: QUERY,
    answers: ANSWERS,
  },
  POST: {
    summary: 'Records a call.',
    description: 'Each parameter stands in the form or in the query, credentials too, and in one of them.',
    roles: WRITERS,
    body: {
      type: FORM,
      schema: {
        type: 'object',
        required: QUERY.flatMap(({ name, required }) => (required === true ? [name] : [])),
        properties: Object.fromEntries(QUERY.map(({ name, schema }) => [name, schema])),
      },
      examples: { 'for a minute': { command: 'Record', ...EXAMPLE } },
    },
    answers: ANSWERS,
  },
});

export function ozeki({ store, calls, recordingsMount }: Deps): System {
  const record = async (req: Request, res: Response, command: string, given: Map<string, string>) => {
    const [name, password] = ['username', 'password'].map((key) => given.get(key));
    if (name === undefined || password === undefined) throw new OzekiError(304);
    const asking = login(store.tokens, name, password);
    if (!asking) throw new OzekiError(305);
    const { principal, account, user } = asking;
    const { tokenId } = principal;
    Object.assign(factsOf(res), { tokenId });
    if (!may(principal, 'write', { account, user })) throw new OzekiError(306);

    for (const key of ['command', 'username', 'password']) given.delete(key);
    const asked = recordOf(given, command, recordingsMount);
    const call = visibleLeg(calls, { account, user }, asked.CallId);
    if (!call) throw new OzekiError(601, asked.CallId);
    if (!call.answered) throw new OzekiError(303, command);
    const data = recordCallOf(asked, baseUrl(req));
    try {
      const actor = { account, user, tokenId };
      const { result } = await calls.run(call.uuid, { module: 'record_call', data }, actor);
      if (result !== 'started') throw new OzekiError(303, command);
    } catch (error) {
      if (isMetaflowsError(error, 'format_unavailable')) throw new OzekiError(302, 'Format', command);
      throw isMetaflowsError(error, 'call_gone') ? new OzekiError(601, asked.CallId) : error;
    }
  };

  const router = Router();
  router.all('/api', SAYS, text({ type: () => true, limit: MAX_BODY_BYTES }), async (req, res) => {
    const given = sentBy(req, res);
    const command = given.get('command') ?? '';
    if (command === '') throw new OzekiError(302, 'command', '');
    if (command.toLowerCase() !== 'record') throw new OzekiError(301, command);
    res.locals.command = command;
    await record(req, res, command, given);
    answer(res, 200, MESSAGES[200]);
  });
  return { router, paths: [/^\/api\/?$/i], errors };
}

function sentBy(req: Request, res: Response): Map<string, string> {
  const query = new URL(req.originalUrl, 'http://localhost').search;
  if (req.method === 'GET') return parametersOf(query);
  if (req.method !== 'POST') {
    res.set('Allow', 'GET, POST');
    throw new OzekiError(300, `method ${req.method}`);
  }
  const body: unknown = req.body;
  if (typeof body !== 'string' || body === '') return parametersOf(query);
  if (req.is(FORM) !== FORM) throw new OzekiError(300, 'the body is no form');
  return parametersOf(query, body);
}

const errors: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) next(error);
  else {
    const { code, message } = ozekiErrorOf(error, res);
    answer(res, code, message);
  }
};

/** Ozeki has no code for what fails on the side of the service: the command cannot be used, and the log says why. */
function ozekiErrorOf(error: unknown, res: Response): OzekiError {
  if (error instanceof OzekiError) return error;
  const { command = 'Record' } = res.locals as { command?: string };
  if (isMetaflowsError(error)) {
    logOf(res).warn('a request failed', { error });
    return new OzekiError(303, command);
  }
  const status = error instanceof Error && 'status' in error ? error.status : 500;
  if (status === 429) return new OzekiError(307);
  if (typeof status === 'number' && status < 500) return new OzekiError(300, (error as Error).message);
  logOf(res).error('a request failed', { error });
  return new OzekiError(303, command);
}
