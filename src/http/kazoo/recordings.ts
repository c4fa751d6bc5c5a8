/** `/v2/accounts/{account}[/users/{user}]/recordings[/{id}]`: the documents, and the audio by `Accept`. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Response } from 'express';
import { MetaflowsError } from '../../errors.js';
import type { RecordingDocument } from '../../generated/recording.js';
import type { RecordingsQuery } from '../../generated/recordings-query.js';
import { validate } from '../../schemas.js';
import type { Scope } from '../../store/scoped.js';
import type { RecordingStore } from '../../store/recordings.js';
import { may, ownScope } from '../access.js';
import { badIdentifier, invalid, notAcceptable } from './answers.js';
import type { Asked, Resource } from './resource.js';
import { fromGregorian } from './time.js';

const PAGE_SIZE = 50;

const PATHS = ['/accounts/:account/recordings', '/accounts/:account/users/:user/recordings'];

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
    permits,
    methods: {
      GET: async ({ principal, scope, req }) => {
        const query = queryOf(req.query);
        const { account, user } = ownScope(principal, scope);
        const { recordings, next_start_key } = await store.list(account, {
          user,
          from: query.created_from === undefined ? undefined : fromGregorian(query.created_from),
          to: query.created_to === undefined ? undefined : fromGregorian(query.created_to) + 999,
          limit: query.page_size ?? PAGE_SIZE,
          startKey: query.start_key,
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

export function recording(store: RecordingStore, mount: string): Resource {
  return {
    paths: PATHS.map((path) => `${path}/:id`),
    permits,
    methods: {
      GET: async (asked) => {
        const { req, res } = asked;
        const found = await find(store, asked);
        // Kazoo's query parameter for clients that cannot set the header.
        if (typeof req.query['accept'] === 'string') req.headers.accept = req.query['accept'];
        const stored = AUDIO_TYPES[found.media_type];
        const wanted = req.accepts(['application/json', ...stored]);
        if (wanted === false) throw notAcceptable(['application/json', ...stored]);
        if (wanted === 'application/json') return { data: shownRecording(found) };
        await sendAudio(res, found, mount, req.query['inline'] === 'true');
        return undefined;
      },
      DELETE: async (asked) => {
        const { account_id, id, internal, segments } = ended(await find(store, asked));
        // The audio first: a document without audio can be deleted again, audio without a document is never found.
        for (const file of new Set([internal.file, ...segments.map((segment) => segment.file)])) {
          await rm(join(mount, file), { force: true });
        }
        await store.delete(account_id, id);
        return { data: {} };
      },
    },
  };
}

/** The recording that the path names, where whoever asks may know of it. */
export async function find(
  store: RecordingStore,
  { principal, scope, id }: Asked,
): Promise<RecordingDocument> {
  const { account, user }: Scope = ownScope(principal, scope);
  const found = await store.get(account, id);
  if (!found || (user !== undefined && found.owner_id !== user)) throw badIdentifier(id);
  return found;
}

function ended(found: RecordingDocument): RecordingDocument {
  if (found.state === 'recording' || found.state === 'masked') throw new MetaflowsError('recording_running');
  return found;
}

async function sendAudio(
  res: Response,
  found: RecordingDocument,
  root: string,
  inline: boolean,
): Promise<void> {
  const { id, content_type, internal } = ended(found);
  const headers = {
    'Content-Type': content_type,
    'Content-Disposition': `${inline ? 'inline' : 'attachment'}; filename="${fileName(found)}"`,
    'Cache-Control': 'no-store',
  };
  await new Promise<void>((resolve, reject) => {
    res.sendFile(internal.file, { root, headers, dotfiles: 'allow' }, (error?: NodeJS.ErrnoException) => {
      if (!error) resolve();
      else reject(error.code === 'ENOENT' ? badIdentifier(id) : error);
    });
  });
}

/** The recording's name, safe in a header and on any disk. */
function fileName({ name, media_type }: RecordingDocument): string {
  const extension = `.${media_type}`;
  const stem = name.endsWith(extension) ? name.slice(0, -extension.length) : name;
  return stem.replaceAll(/[^\w. -]/g, '_') + extension;
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
