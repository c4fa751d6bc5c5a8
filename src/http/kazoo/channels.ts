/** `/v2/accounts/{account}[/users/{user}|/devices/{device}]/channels[/{uuid}]`: live legs, and metaflows run on them. */
import type { ChannelAction } from '../../generated/channel-action.js';
import { validate } from '../../schemas.js';
import type { Scope } from '../../store/scoped.js';
import { may, ownScope } from '../access.js';
import { visibleLeg } from '../legs.js';
import type { CallsPort, Channel } from '../ports.js';
import { listOf, READERS, ref, WRITERS, type Operation } from '../openapi/operation.js';
import { badIdentifier, invalid } from './answers.js';
import { dataOf } from './body.js';
import { enveloped, type KazooCode } from './dialect.js';
import { shownRecording } from './recordings.js';
import type { Asked, Resource } from './resource.js';
import { gregorian } from './time.js';

const PATHS = [
  '/accounts/:account/channels',
  '/accounts/:account/users/:user/channels',
  '/accounts/:account/devices/:device/channels',
];

const permits: Resource['permits'] = (principal, action, scope) =>
  may(principal, action, ownScope(principal, scope));

export function channelList(calls: CallsPort): Resource {
  return {
    paths: PATHS,
    name: 'Channels',
    says: {
      GET: {
        summary: 'The live legs; of a user, or device, its own.',
        roles: READERS,
        answer: listOf(ref('Channel')),
      },
    },
    permits,
    methods: {
      GET: ({ principal, scope }) => {
        const { account, ...of } = ownScope(principal, scope);
        return { data: calls.channels(account, of).map(shownChannel) };
      },
    },
  };
}

const RUN: Operation<KazooCode> = {
  summary: 'Runs a metaflow on a live leg, and answers with what came of it.',
  description: 'Where an error is answered, nothing has happened. The leg that is named is recorded.',
  roles: WRITERS,
  body: {
    schema: {
      oneOf: [ref('ChannelAction'), enveloped(ref('ChannelAction'))],
    },
    examples: {
      'start recording': { action: 'metaflow', data: { module: 'record_call', data: { action: 'start' } } },
      'mask, in an envelope': {
        data: { action: 'metaflow', data: { module: 'record_call', data: { action: 'mask' } } },
      },
    },
  },
  answer: ref('RunResult'),
  errors: [
    'call_gone',
    'not_recording',
    'loopback_leg',
    'format_unavailable',
    'trim_unavailable',
    'push_unavailable',
    'stop_not_allowed',
  ],
};

export function channel(calls: CallsPort): Resource {
  const run = async ({ principal, scope, id, body }: Asked) => {
    const { user, ...asked } = ownScope(principal, scope);
    const action = validate<ChannelAction>('channel-action', actionOf(body));
    if (!action.ok) throw invalid(action.errors);
    const { uuid } = find(calls, { ...asked, ...(user !== undefined && { user }) }, id);
    const actor = { account: asked.account, tokenId: principal.tokenId, ...(user !== undefined && { user }) };
    const { result, recording } = await calls.run(uuid, action.value.data, actor);
    // A call has one recording, which may be the other party's.
    const isOwn =
      recording?.account_id === asked.account && (user === undefined || recording.owner_id === user);
    return { data: { result, ...(isOwn && { recording: shownRecording(recording) }) } };
  };
  return {
    paths: PATHS.map((path) => `${path}/:id`),
    name: 'Channel',
    says: {
      GET: { summary: 'A live leg.', roles: READERS, answer: ref('Channel') },
      PUT: RUN,
      POST: RUN,
    },
    permits,
    methods: {
      GET: ({ principal, scope, id }) => ({
        data: shownChannel(find(calls, ownScope(principal, scope), id)),
      }),
      PUT: run,
      POST: run,
    },
  };
}

function find(calls: CallsPort, scope: Scope, uuid: string): Channel {
  const found = visibleLeg(calls, scope, uuid);
  if (!found) throw badIdentifier(uuid);
  return found;
}

/**
 * The action of a body, in each of the shapes that Kazoo's documents have: in the envelope or in `data`, and its
 * metaflow node as `data`, or as the `data` of that.
 */
function actionOf(body: Record<string, unknown>): unknown {
  const data = dataOf(body);
  const given = 'action' in body || !isRecord(data) ? body : data;
  const node = given['data'];
  const inner = isRecord(node) && !('module' in node) && isRecord(node['data']) ? node['data'] : node;
  return { action: given['action'], data: inner };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** A leg as an API shows it. */
export function shownChannel(leg: Channel): object {
  return {
    uuid: leg.uuid,
    direction: leg.direction,
    answered: leg.answered,
    other_leg: leg.otherLeg,
    destination: leg.destination,
    caller_id_name: leg.callerIdName,
    caller_id_number: leg.callerIdNumber,
    timestamp: gregorian(leg.createdAt),
    owner_id: leg.user,
    username: leg.user,
    presence_id:
      leg.user === undefined || leg.account === undefined ? undefined : `${leg.user}@${leg.account}`,
    authorizing_id: leg.device,
    authorizing_type: leg.device === undefined ? undefined : 'device',
    recording_state: leg.recording,
  };
}
