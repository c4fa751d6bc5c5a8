/** Telnyx's API as the description of the API has it. */
import { faultsOf, ref, type Dialect } from '../openapi/operation.js';
import { TELNYX_ERRORS, type TelnyxCode } from './errors.js';

export const TELNYX: Dialect<`${TelnyxCode}`> = {
  tag: 'Telnyx',
  about:
    'Telnyx’s call recording. The base URL of its clients is this server’s /v2, their API key a token. A ' +
    'token acts for its account, a user’s for that user’s calls, the admin’s for the account of the leg. ' +
    'Lists take page[number] and page[size]; meta says how many there are.',
  security: [['Bearer'], ['AuthToken']],
  isCounted: true,
  parameters: {
    'calls/id': {
      description: 'The call_control_id: the channel uuid of either leg.',
      schema: { type: 'string' },
      example: '2f0a5a0e-5b0b-4f6e-9d5c-1f9c2f0a7d11',
    },
    'recordings/id': {
      description: 'The id of a completed recording.',
      schema: { type: 'string', format: 'uuid' },
      example: '018bcfe5-6800-7f0c-9d2e-3a4b5c6d7e8f',
    },
  },
  faults: faultsOf(TELNYX_ERRORS),
  common: ({ query, body }) => [
    '10009',
    '10011',
    ...(query !== undefined || body ? (['10004', '10032', '10033'] as const) : []),
    ...(body ? ['10015' as const] : []),
  ],
  error: () => ({ 'application/json': ref('TelnyxFault') }),
};
