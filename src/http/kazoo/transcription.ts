/**
 * `/v2/accounts/{account}[/users/{user}]/recordings/{id}/transcription`: the text of a recording; POST has it made,
 * also where there is one.
 */
import type { Delivery } from '../../delivery/delivery.js';
import type { TranscriptionRequest } from '../../generated/transcription.js';
import { validate } from '../../schemas.js';
import type { RecordingStore } from '../../store/recordings.js';
import { READERS, ref, WRITERS } from '../openapi/operation.js';
import { badIdentifier, invalid } from './answers.js';
import { enveloped } from './dialect.js';
import { find, PATHS, permits } from './recordings.js';
import type { Resource } from './resource.js';

const TRANSCRIPTION = { $ref: '#/components/schemas/Recording/properties/transcription' };

export function recordingTranscription(recordings: RecordingStore, delivery: Delivery): Resource {
  return {
    paths: PATHS.map((path) => `${path}/:id/transcription`),
    name: 'Transcription',
    says: {
      GET: {
        summary: 'The text of a recording; {} where there is none.',
        roles: READERS,
        answer: { oneOf: [TRANSCRIPTION, ref('Nothing')] },
      },
      POST: {
        summary: 'Has text made of a recording, also where there is some.',
        roles: WRITERS,
        body: {
          schema: enveloped(ref('TranscriptionRequest')),
          optional: true,
          examples: { English: { data: { locale: 'en-US' } } },
        },
        answer: TRANSCRIPTION,
        errors: ['transcription_off', 'recording_running', 'file_gone'],
      },
    },
    permits,
    methods: {
      GET: async (asked) => ({ data: (await find(recordings, asked)).transcription ?? {} }),
      POST: async (asked) => {
        const request = validate<TranscriptionRequest>('transcription', asked.body['data'] ?? {});
        if (!request.ok) throw invalid(request.errors);
        const doc = await delivery.transcribe(await find(recordings, asked), request.value.locale);
        if (!doc) throw badIdentifier(asked.id);
        return { data: doc.transcription };
      },
    },
  };
}
