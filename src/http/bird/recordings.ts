/** `GET /workspaces/{workspaceId}/recordings`, and `GET` and `DELETE` of one; its audio with `.wav` or `.mp3` after the id. */
import type { Router } from 'express';
import type { AuditEvent } from '../../audit/events.js';
import type { BirdListQuery } from '../../generated/bird-list-query.js';
import type { RecordingDocument } from '../../generated/recording.js';
import { validate } from '../../schemas.js';
import { accounted, actorOf, attempted } from '../accounting.js';
import { AUDIO, hasAudio, sendAudio } from '../audio.js';
import { forbidden } from '../errors.js';
import { endedAt, findRecording, startedAt, uuidOf, type PublicRecording } from '../library.js';
import type { Links } from '../links.js';
import { parametersOf } from '../openapi/components.js';
import { described, READERS, ref, WRITERS } from '../openapi/operation.js';
import type { Deps } from '../ports.js';
import { permitted, type Permitted } from './access.js';
import { BIRD } from './dialect.js';
import { invalidPayload, noSuch } from './errors.js';

export const PAGE_SIZE = 10;

/** The time of what has not happened yet, in Bird's answers as in Go. */
const NEVER = '0001-01-01T00:00:00Z';

const STATUSES = {
  recording: 'accepted',
  masked: 'paused',
  completed: 'available',
  discarded: 'failed',
  failed: 'failed',
} as const satisfies Record<RecordingDocument['state'], string>;

export function recordings(router: Router, { store, links, removal, recordingsMount }: Deps): void {
  const audit = (event: AuditEvent) => store.audit.append(event);
  const find = async ({ principal, account }: Permitted, uuid: string, action?: AuditEvent['action']) => {
    const refuse = action && attempted(audit, action, principal);
    const found = await findRecording(store.recordings, principal, uuid, {
      account,
      ...(refuse && { refuse }),
    });
    if (!found) throw noSuch('recording');
    return found;
  };

  /** Accounts for it where there is such a recording. */
  const refuseDeletion = async ({ principal, account }: Permitted, uuid: string): Promise<never> => {
    const refuse = (doc: RecordingDocument): Promise<never> =>
      accounted(audit, 'deletion', principal, doc, () => Promise.reject(forbidden()));
    const found = await findRecording(store.recordings, principal, uuid, { account, refuse });
    return found ? refuse(found) : Promise.reject(forbidden());
  };

  const list = described(BIRD, 'BirdRecordings', {
    GET: {
      summary: 'The recordings, the newest first, in pages.',
      roles: READERS,
      query: parametersOf('BirdListQuery', { limit: 5 }),
      answer: ref('BirdRecordings'),
    },
  });
  router.get('/workspaces/:workspace/recordings', list, async (req, res) => {
    const { principal, account } = permitted(req, res, store.tokens, 'read');
    const { limit = PAGE_SIZE, pageToken } = listQuery(req.query);
    const { user } = principal;
    const page = await store.recordings.list(account, { user, limit, startKey: pageToken });
    res.json({
      results: page.recordings.map((doc) => shownRecording(doc, links)),
      nextPageToken: page.next_start_key,
    });
  });

  const one = described(BIRD, 'BirdRecording', {
    GET: {
      summary: 'A recording, or its audio.',
      roles: READERS,
      answer: ref('BirdRecording'),
      answers: {
        200: { description: 'The recording, or its audio.', content: AUDIO },
        206: { description: 'The part of the audio that Range asks for.', content: AUDIO },
      },
      errors: ['InvalidState'],
    },
    DELETE: {
      summary: 'Deletes a recording.',
      roles: WRITERS,
      answers: { 204: { description: 'It is deleted.' } },
      errors: ['InvalidState'],
    },
  });
  router.get('/workspaces/:workspace/recordings/:id', one, async (req, res) => {
    const who = permitted(req, res, store.tokens, 'read');
    const [, uuid = '', extension] = /^(.*?)(?:\.(wav|mp3))?$/.exec(req.params.id) ?? [];
    if (extension === undefined) {
      res.json(shownRecording(await find(who, uuid), links));
      return;
    }
    const found = await find(who, uuid, 'download');
    if (extension !== found.media_type) throw noSuch('recording in this format');
    await accounted(audit, 'download', who.principal, found, () => hasAudio(found, recordingsMount));
    await sendAudio(res, found, recordingsMount);
  });

  router.delete('/workspaces/:workspace/recordings/:id', one, async (req, res) => {
    const who = permitted(req, res, store.tokens, 'read');
    if (who.principal.role === 'viewer') await refuseDeletion(who, req.params.id);
    const found = await find(who, req.params.id, 'deletion');
    if (!(await removal.remove(found, actorOf(who.principal)))) throw noSuch('recording');
    res.status(204).end();
  });
}

/** A recording as Bird has it. */
export function shownRecording(doc: PublicRecording, links: Links): object {
  return {
    ...basics(doc),
    source: 'call',
    sourceId: doc.call_id,
    direction: doc.direction === 'inbound' ? 'incoming' : 'outgoing',
    format: doc.media_type,
    transcription: doc.transcription !== undefined,
    url: links.audio(doc),
  };
}

/** The same while its call lasts. */
export function callRecording(doc: PublicRecording): object {
  return { ...basics(doc), callId: doc.call_id, endCause: doc.stop_reason ?? '' };
}

export function listQuery(query: Record<string, unknown>): BirdListQuery {
  const { limit } = query;
  const number = typeof limit === 'string' && /^-?\d{1,9}$/.test(limit) ? { limit: Number(limit) } : {};
  const result = validate<BirdListQuery>('bird-list-query', { ...query, ...number });
  if (!result.ok) throw invalidPayload(result.errors);
  return result.value;
}

function basics(doc: PublicRecording): object {
  const isBirds = doc.origin === 'bird';
  return {
    id: uuidOf(doc),
    channelId: isBirds ? doc.client_state : doc.account_id,
    status: STATUSES[doc.state],
    origin: isBirds ? 'call-command-record' : 'create-call',
    duration: doc.duration,
    stereo: doc.channels === 'dual',
    createdAt: startedAt(doc),
    updatedAt: endedAt(doc) ?? startedAt(doc),
    startedAt: startedAt(doc),
    endedAt: endedAt(doc) ?? NEVER,
  };
}
