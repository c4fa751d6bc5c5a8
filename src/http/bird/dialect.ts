/** Bird's API as the description of the API has it. */
import { faultsOf, ref, type Dialect } from '../openapi/operation.js';
import { BIRD_ERRORS, type BirdCode } from './errors.js';

const recordingId = {
  description: 'The id of a recording.',
  schema: { type: 'string' },
  example: '018bcfe5-6800-7f0c-9d2e-3a4b5c6d7e8f',
};

export const BIRD: Dialect<BirdCode> = {
  tag: 'Bird',
  about:
    'Bird’s, formerly MessageBird’s, call recording. A workspace is an account, under the account’s own name. ' +
    'Lists take limit and pageToken; nextPageToken is the pageToken of the next page.',
  security: [['AccessKey'], ['Bearer'], ['AuthToken']],
  isCounted: true,
  parameters: {
    workspace: { description: 'The account.', schema: { type: 'string' }, example: 'example.com' },
    channel: {
      description: 'Whatever the client likes: it comes back in the recording.',
      schema: { type: 'string' },
      example: '880d8171-cbab-47bb-81b6-b1a0902da136',
    },
    call: {
      description: 'The channel uuid of either leg.',
      schema: { type: 'string' },
      example: '2f0a5a0e-5b0b-4f6e-9d5c-1f9c2f0a7d11',
    },
    recording: recordingId,
    'recordings/id': {
      ...recordingId,
      description: 'The id of a recording; a GET with .wav, or .mp3, after it answers with the audio.',
    },
    'transcriptions/id': {
      ...recordingId,
      description: 'The id of a recording; .txt, .json, .srt or .vtt after it: the text.',
    },
  },
  faults: faultsOf(BIRD_ERRORS),
  common: ({ query, body }, path) => [
    'Unauthenticated',
    'Forbidden',
    'TooManyRequests',
    ...(body ? ['InvalidRequest' as const] : []),
    ...(query !== undefined || body ? ['InvalidPayload' as const] : []),
    ...(/\{(id|call)\}/.test(path) ? ['ResourceNotFound' as const] : []),
  ],
  error: (codes) => ({
    'application/json':
      codes.length === 0
        ? ref('BirdFault')
        : { allOf: [ref('BirdFault')], properties: { code: { enum: codes } } },
  }),
};
