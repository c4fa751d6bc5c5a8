/**
 * `…/recordings/{recordingId}/transcriptions` and `/workspaces/{workspaceId}/transcriptions[/{id}]`. A recording has one
 * text at most, which has the recording's id.
 */
import type { Router } from 'express';
import type { BirdTranscription } from '../../generated/bird-transcription.js';
import type { RecordingDocument, Transcription } from '../../generated/recording.js';
import { validate } from '../../schemas.js';
import { bodyText, jsonObject } from '../body.js';
import { endedAt, findRecording, startedAt, uuidOf } from '../library.js';
import type { Links } from '../links.js';
import { parametersOf } from '../openapi/components.js';
import { described, READERS, ref, WRITERS } from '../openapi/operation.js';
import type { Deps } from '../ports.js';
import { permitted, type Permitted } from './access.js';
import { BIRD } from './dialect.js';
import { invalidPayload, noSuch } from './errors.js';
import { listQuery, PAGE_SIZE } from './recordings.js';

const STATUSES = {
  pending: 'accepted',
  completed: 'available',
  failed: 'failed',
} as const satisfies Record<Transcription['status'], string>;

/** A text in each of the forms that it can be had in. */
const FORMS = new Map<string, { type: string; of: (transcription: Transcription) => string }>([
  ['txt', { type: 'text/plain', of: ({ text = '' }) => text }],
  ['json', { type: 'application/json', of: ({ text, segments }) => JSON.stringify({ text, segments }) }],
  ['srt', { type: 'application/x-subrip', of: (transcription) => subtitles(transcription, ',') }],
  ['vtt', { type: 'text/vtt', of: (transcription) => `WEBVTT\n\n${subtitles(transcription, '.')}` }],
]);

type Transcribed = RecordingDocument & { transcription: Transcription };

export function transcriptions(router: Router, { store, delivery, links }: Deps): void {
  const find = async ({ principal, account }: Permitted, uuid: string): Promise<RecordingDocument> => {
    const found = await findRecording(store.recordings, principal, uuid, { account });
    if (!found) throw noSuch('recording');
    return found;
  };
  const ofRecording = '/workspaces/:workspace/recordings/:id/transcriptions';

  const texts = described(BIRD, 'BirdRecordingTranscriptions', {
    POST: {
      summary: 'Has text made of a recording.',
      roles: WRITERS,
      body: { schema: ref('BirdTranscription'), examples: { English: { locale: 'en-US' } } },
      status: 202,
      answer: ref('BirdText'),
      errors: ['InvalidState'],
    },
    GET: {
      summary: 'The text of a recording, as a list.',
      roles: READERS,
      answer: ref('BirdTexts'),
    },
  });
  router.post(ofRecording, texts, bodyText, async (req, res) => {
    const who = permitted(req, res, store.tokens, 'write');
    const body = validate<BirdTranscription>('bird-transcription', jsonObject(req));
    if (!body.ok) throw invalidPayload(body.errors);
    const doc = await delivery.transcribe(await find(who, req.params.id), body.value.locale);
    if (!isTranscribed(doc)) throw noSuch('recording');
    res.status(202).json(shown(doc, links));
  });
  router.get(ofRecording, texts, async (req, res) => {
    const found = await find(permitted(req, res, store.tokens, 'read'), req.params.id);
    res.json({ results: [found].filter(isTranscribed).map((doc) => shown(doc, links)) });
  });
  const list = described(BIRD, 'BirdTranscriptions', {
    GET: {
      summary: 'The recordings that have text, in pages.',
      roles: READERS,
      query: parametersOf('BirdListQuery', { limit: 5 }),
      answer: ref('BirdTexts'),
    },
  });
  router.get('/workspaces/:workspace/transcriptions', list, async (req, res) => {
    const { principal, account } = permitted(req, res, store.tokens, 'read');
    const { limit = PAGE_SIZE, pageToken } = listQuery(req.query);
    const { user } = principal;
    const query = { user, limit, startKey: pageToken, matches: isTranscribed };
    const page = await store.recordings.list(account, query);
    res.json({
      results: page.recordings.filter(isTranscribed).map((doc) => shown(doc, links)),
      nextPageToken: page.next_start_key,
    });
  });
  const one = described(BIRD, 'BirdTranscription', {
    GET: {
      summary: 'That a recording has text, or the text.',
      roles: READERS,
      answers: {
        200: {
          description: 'What there is, or the text.',
          content: {
            'application/json': { oneOf: [ref('BirdText'), ref('BirdWords')] },
            'text/plain': { type: 'string' },
            'application/x-subrip': { type: 'string' },
            'text/vtt': { type: 'string' },
          },
        },
      },
    },
  });
  router.get('/workspaces/:workspace/transcriptions/:id', one, async (req, res) => {
    const who = permitted(req, res, store.tokens, 'read');
    const [uuid = '', extension] = req.params.id.split('.', 2);
    const doc = await find(who, uuid);
    if (!isTranscribed(doc)) throw noSuch('transcription');
    const form = FORMS.get(extension ?? '');
    if (extension === undefined) res.json(shown(doc, links));
    else if (form && doc.transcription.status === 'completed')
      res.type(form.type).send(form.of(doc.transcription));
    else throw noSuch('transcription in this format');
  });
}

function isTranscribed(doc: RecordingDocument | undefined): doc is Transcribed {
  return doc?.transcription !== undefined;
}

function shown(doc: Transcribed, links: Links): object {
  const id = uuidOf(doc);
  const at = endedAt(doc) ?? startedAt(doc);
  const path = `/workspaces/${encodeURIComponent(doc.account_id)}/transcriptions/${id}.json`;
  const { status, locale } = doc.transcription;
  return {
    id,
    recordingId: id,
    status: STATUSES[status],
    stereo: doc.channels === 'dual',
    locale,
    ...(status === 'completed' && { url: links.to(path) }),
    createdAt: at,
    updatedAt: at,
  };
}

/** Numbered lines, each with its times. */
function subtitles({ segments = [] }: Transcription, point: string): string {
  const time = (ms: number) => new Date(ms).toISOString().slice(11, 23).replace('.', point);
  return segments
    .map(
      ({ start_ms, end_ms, text }, index) => `${index + 1}\n${time(start_ms)} --> ${time(end_ms)}\n${text}\n`,
    )
    .join('\n');
}
