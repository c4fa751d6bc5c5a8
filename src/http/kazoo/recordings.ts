/** `/v2/accounts/{account}[/users/{user}]/recordings[/{id}]`: the documents, and the audio by `Accept`. */
import type { Request } from 'express';
import type { Audit, AuditEvent } from '../../audit/events.js';
import { isMetaflowsError } from '../../errors.js';
import type { RecordingDocument } from '../../generated/recording.js';
import type { RecordingsQuery } from '../../generated/recordings-query.js';
import type { Removal } from '../../recording/removal.js';
import { isRunning } from '../../recording/state.js';
import { validate } from '../../schemas.js';
import type { Scope } from '../../store/scoped.js';
import type { RecordingStore } from '../../store/recordings.js';
import { may, ownScope } from '../access.js';
import { AUDIO, hasAudio, sendAudio } from '../audio.js';
import { accounted, actorOf } from '../accounting.js';
import { parametersOf } from '../openapi/components.js';
import { listOf, READERS, ref, WRITERS } from '../openapi/operation.js';
import { badIdentifier, forbidden, invalid, notAcceptable } from './answers.js';
import type { Asked, Resource } from './resource.js';
import { fromGregorian } from './time.js';

const PAGE_SIZE = 50;

export const PATHS = ['/accounts/:account/recordings', '/accounts/:account/users/:user/recordings'];

/** What clients call the audio that is stored. */
const AUDIO_TYPES = {
  wav: ['audio/wav', 'audio/x-wav', 'audio/wave', 'audio/vnd.wave'],
  mp3: ['audio/mpeg', 'audio/mp3'],
};

export const permits: Resource['permits'] = (principal, action, scope) =>
  may(principal, action, ownScope(principal, scope));

/** A recording as an API shows it. */
export function shownRecording(recording: RecordingDocument): object {
  return { ...recording, internal: undefined };
}

export function recordingList(store: RecordingStore): Resource {
  return {
    paths: PATHS,
    name: 'Recordings',
    says: {
      GET: {
        summary: 'Recordings, the newest first, in pages.',
        roles: READERS,
        query: parametersOf('RecordingsQuery', { page_size: 10, state: 'completed' }),
        answer: listOf(ref('Recording')),
      },
    },
    permits,
    methods: {
      GET: async ({ principal, scope, req }) => {
        const query = queryOf(req.query);
        const { account, user } = ownScope(principal, scope);
        const { recordings, next_start_key } = await store.list(account, {
          user: user ?? query.user,
          running: query.state !== undefined && isRunning({ state: query.state }),
          from: query.created_from === undefined ? undefined : fromGregorian(query.created_from),
          to: query.created_to === undefined ? undefined : fromGregorian(query.created_to) + 999,
          limit: query.page_size ?? PAGE_SIZE,
          startKey: query.start_key,
          ...(FILTERS.some((key) => key in query) && { matches: (doc) => matches(doc, query) }),
        });
        return {
          data: recordings.map(shownRecording),
          page_size: recordings.length,
          start_key: query.start_key,
          next_start_key,
        };
      },
    },
  };
}

export interface RecordingParts {
  recordings: RecordingStore;
  removal: Removal;
  audit: Audit;
  /** The recordings folder as this service sees it, absolute. */
  mount: string;
}

export function recording(parts: RecordingParts): Resource {
  const { removal, audit, mount } = parts;
  return {
    paths: PATHS.map((path) => `${path}/:id`),
    name: 'Recording',
    says: {
      GET: {
        summary: 'A recording: the document, or the audio where Accept or accept asks for it.',
        description: 'Range is honoured.',
        roles: READERS,
        query: [
          {
            name: 'accept',
            in: 'query',
            description: 'instead of the header Accept',
            schema: { enum: ['application/json', ...AUDIO_TYPES.wav, ...AUDIO_TYPES.mp3] },
            example: 'audio/wav',
          },
          {
            name: 'inline',
            in: 'query',
            description: 'the audio is to be played, not saved',
            schema: { type: 'boolean' },
          },
        ],
        answer: ref('Recording'),
        answers: {
          200: { description: 'The document, or the audio.', content: AUDIO },
          206: { description: 'The part of the audio that Range asks for.', content: AUDIO },
        },
        errors: ['not_acceptable', 'recording_running'],
      },
      DELETE: {
        summary: 'Deletes a recording, and its audio.',
        roles: WRITERS,
        answer: ref('Nothing'),
        errors: ['recording_running', 'legal_hold', 'recordings_unusable'],
      },
    },
    permits,
    refused: (asked) => accountRefused(parts, asked, (found) => actionOf(asked.req, found)),
    methods: {
      GET: async (asked) => {
        const { req, res, principal } = asked;
        const found = await findAccounted(parts, asked, (doc) => actionOf(req, doc));
        const wanted = wantedOf(req, found);
        if (wanted === undefined) throw notAcceptable(['application/json', ...AUDIO_TYPES[found.media_type]]);
        if (wanted === 'json') return { data: shownRecording(found) };
        if (req.method === 'HEAD') await readable(found, mount);
        else await accounted(audit, 'download', principal, found, () => readable(found, mount));
        await sendAudio(res, found, mount, req.query['inline'] === 'true').catch(asKazoo(found));
        return undefined;
      },
      DELETE: async (asked) => {
        const found = await findAccounted(parts, asked, () => 'deletion');
        if (!(await removal.remove(found, actorOf(asked.principal)))) throw badIdentifier(found.id);
        return { data: {} };
      },
    },
  };
}

/** The recording that the path names, where whoever asks may know of it. */
export async function find(recordings: RecordingStore, asked: Asked): Promise<RecordingDocument> {
  const found = await recordings.get(asked.scope.account, asked.id);
  if (!found || !isOwn(asked, found)) throw badIdentifier(asked.id);
  return found;
}

type ActionOf = (found: RecordingDocument) => AuditEvent['action'] | undefined;

/** As {@link find}; an attempt on what is not for whoever asks is accounted for. */
async function findAccounted(
  { recordings, audit }: Pick<RecordingParts, 'recordings' | 'audit'>,
  asked: Asked,
  action: ActionOf,
): Promise<RecordingDocument> {
  const found = await recordings.get(asked.scope.account, asked.id);
  const refused = badIdentifier(asked.id);
  if (!found) throw refused;
  if (isOwn(asked, found)) return found;
  const attempted = action(found);
  if (!attempted) throw refused;
  return accounted(audit, attempted, asked.principal, found, () => Promise.reject(refused));
}

/** Accounts for a request that was forbidden, where it is about a recording that there is. */
export async function accountRefused(
  { recordings, audit }: Pick<RecordingParts, 'recordings' | 'audit'>,
  { principal, scope, id }: Asked,
  action: ActionOf,
): Promise<void> {
  const found = await recordings.get(scope.account, id);
  const attempted = found && action(found);
  if (!attempted) return;
  await accounted(audit, attempted, principal, found, () => Promise.reject(forbidden()));
}

function isOwn({ principal, scope }: Asked, { owner_id }: RecordingDocument): boolean {
  const { user }: Scope = ownScope(principal, scope);
  return user === undefined || owner_id === user;
}

function actionOf(req: Request, found: RecordingDocument): AuditEvent['action'] | undefined {
  if (req.method === 'DELETE') return 'deletion';
  return req.method === 'GET' && wantedOf(req, found) === 'audio' ? 'download' : undefined;
}

/** What a GET wants of a recording; undefined where there is nothing of that kind. */
function wantedOf(req: Request, { media_type }: RecordingDocument): 'json' | 'audio' | undefined {
  // Kazoo's query parameter for clients that cannot set the header.
  if (typeof req.query['accept'] === 'string') req.headers.accept = req.query['accept'];
  const wanted = req.accepts(['application/json', ...AUDIO_TYPES[media_type]]);
  if (wanted === false) return undefined;
  return wanted === 'application/json' ? 'json' : 'audio';
}

/** Rejects where there is no audio to send. */
async function readable(found: RecordingDocument, mount: string): Promise<void> {
  await hasAudio(found, mount).catch(asKazoo(found));
}

function asKazoo({ id }: RecordingDocument): (error: unknown) => never {
  return (error) => {
    throw isMetaflowsError(error, 'file_gone') ? badIdentifier(id) : error;
  };
}

const FILTERS = ['user', 'call_id', 'number', 'state', 'label'] as const;

function matches(doc: RecordingDocument, query: RecordingsQuery): boolean {
  const { user, call_id, number, state, label } = query;
  const legs = [doc.call_id, ...doc.internal.parties, ...doc.segments.map((segment) => segment.call_id)];
  const numbers = [doc.from, doc.to, doc.request, doc.caller_id_number, doc.callee_id_number];
  return (
    (user === undefined || doc.owner_id === user) &&
    (call_id === undefined || legs.includes(call_id)) &&
    (number === undefined || numbers.includes(number)) &&
    (state === undefined || doc.state === state) &&
    (label === undefined || doc.label === label)
  );
}

function queryOf(query: Record<string, unknown>): RecordingsQuery {
  const numbers = ['created_from', 'created_to', 'page_size'].flatMap((key) => {
    const text = query[key];
    return typeof text === 'string' && /^\d{1,15}$/.test(text) ? [[key, Number(text)] as const] : [];
  });
  const result = validate<RecordingsQuery>('recordings-query', { ...query, ...Object.fromEntries(numbers) });
  if (!result.ok) throw invalid(result.errors);
  return result.value;
}
