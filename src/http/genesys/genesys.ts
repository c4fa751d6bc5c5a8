/** Genesys Web Services: recording one's own calls, and CometD notifications of it (docs/genesys.md). */
import { Router, text, type Request, type RequestHandler, type Response } from 'express';
import type { GenesysOperation } from '../../generated/genesys-operation.js';
import type { RecordCallData } from '../../generated/record_call.js';
import { validate } from '../../schemas.js';
import type { TokenStore } from '../../store/tokens.js';
import { login, may, type Login } from '../access.js';
import { visibleLeg } from '../legs.js';
import { described, READERS, ref, WRITERS } from '../openapi/operation.js';
import type { Channel, Deps } from '../ports.js';
import { baseUrl, factsOf } from '../requests.js';
import type { System } from '../system.js';
import { errors, GenesysError } from './answers.js';
import { GENESYS } from './dialect.js';
import { deviceOf } from './notification.js';
import { Notifications } from './notifications.js';

const CALL = ['/api/v2/me/calls/:id', '/api/v2/me/devices/:device/calls/:id'];
const MAX_BODY_BYTES = 64 * 1024;

type Operation = GenesysOperation['operationName'];

/** What each operation asks of the recorder, and the recording that rules it out: a pause is no second pause. */
const OPERATIONS: Record<Operation, { data: RecordCallData; never?: Channel['recording'] }> = {
  StartCallRecording: { data: { action: 'start', origin: 'genesys' } },
  PauseCallRecording: { data: { action: 'mask' }, never: 'masked' },
  ResumeCallRecording: { data: { action: 'unmask' }, never: 'recording' },
  StopCallRecording: { data: { action: 'stop' } },
};

export function genesys(deps: Deps): System {
  const { store, calls, notificationsPath } = deps;
  const notifications = new Notifications(deps);
  const operate = async ({ principal, account, user }: Login, req: Request) => {
    const { data, never } = OPERATIONS[operationOf(req.body)];
    if (!may(principal, 'write', { account, user })) throw new GenesysError(5);
    const { id = '', device } = req.params as Partial<Record<string, string>>;
    const call = visibleLeg(calls, { account, user }, id);
    if (!call || (device !== undefined && deviceOf(call) !== device)) throw new GenesysError(6);
    if (!call.answered || (never && call.recording === never)) throw new GenesysError(2);
    const actor = { account, user, tokenId: principal.tokenId };
    const { result } = await calls.run(call.uuid, { module: 'record_call', data }, actor);
    if (result === 'already_recording') throw new GenesysError(2);
  };

  const body = text({ type: () => true, limit: MAX_BODY_BYTES });
  const post: RequestHandler = (req, res, next) => {
    if (req.method === 'POST') next();
    else {
      res.set('Allow', 'POST');
      throw new GenesysError(3, 405);
    }
  };
  const router = Router();
  const operation = described(GENESYS, 'GenesysCall', {
    POST: {
      summary: 'Starts, pauses, resumes or stops recording a call.',
      roles: WRITERS,
      body: {
        schema: ref('GenesysOperation'),
        examples: Object.fromEntries(
          Object.keys(OPERATIONS).map((operationName) => [operationName, { operationName }]),
        ),
      },
      answer: ref('GenesysDone'),
      errors: ['2', '6'],
    },
  });
  router.all(CALL, operation, post, body, async (req, res) => {
    await operate(authenticated(store.tokens, req, res), req);
    res.set('Cache-Control', 'no-store').json({ statusCode: 0 });
  });
  // A CometD client adds what kind of message it sends.
  const bayeux = described(GENESYS, 'GenesysNotifications', {
    POST: {
      summary: 'CometD (Bayeux by long polling): what becomes of the recordings of one’s own calls.',
      description:
        'A handshake, a subscription to /v2/me/calls, then connects, each of which waits for news.',
      roles: READERS,
      body: {
        schema: ref('BayeuxMessages'),
        examples: {
          handshake: [
            { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'] },
          ],
        },
      },
      answer: ref('BayeuxReplies'),
    },
  });
  router.all([notificationsPath, `${notificationsPath}/:type`], bayeux, post, body, (req, res) => {
    const asking = authenticated(store.tokens, req, res);
    req.body = jsonOf(req.body);
    notifications.handle(req, res, asking, baseUrl(req));
  });
  return { router, paths: ['/api/v2', notificationsPath], errors };
}

/** HTTP Basic (RFC 7617), in UTF-8. */
function authenticated(tokens: TokenStore, req: Request, res: Response): Login {
  const [, encoded = ''] = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(req.get('authorization') ?? '') ?? [];
  const given = Buffer.from(encoded, 'base64').toString();
  const colon = given.indexOf(':');
  const asking = colon < 0 ? undefined : login(tokens, given.slice(0, colon), given.slice(colon + 1));
  if (!asking) throw new GenesysError(20);
  Object.assign(factsOf(res), { tokenId: asking.principal.tokenId });
  return asking;
}

function operationOf(body: unknown): Operation {
  const checked = validate<GenesysOperation>('genesys-operation', jsonOf(body));
  if (checked.ok) return checked.value.operationName;
  throw new GenesysError(checked.errors['operationName']?.['required'] ? 1 : 10);
}

/** Whatever its Content-Type says: what curl sends without one is called a form. */
function jsonOf(body: unknown): unknown {
  if (typeof body !== 'string' || body === '') throw new GenesysError(1);
  try {
    return JSON.parse(body);
  } catch {
    throw new GenesysError(10);
  }
}
