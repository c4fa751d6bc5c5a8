/** Genesys Web Services as the description of the API has it. */
import { ref, type Dialect } from '../openapi/operation.js';
import { STATUSES, type StatusCode } from './answers.js';

const faults = Object.fromEntries(
  Object.entries(STATUSES).map(([code, { http, message }]) => [code, { status: http, message }]),
) as Dialect<`${StatusCode}`>['faults'];

export const GENESYS: Dialect<`${StatusCode}` | '3, too large' | '3, too often'> = {
  tag: 'Genesys',
  about:
    'Recording one’s own calls, and CometD notifications of it, as Genesys Web Services have them. "me" is the ' +
    'user that the name of the login names.',
  security: [['Login']],
  isCounted: true,
  parameters: {
    'calls/id': {
      description: 'The channel uuid of either leg of a call of that user.',
      schema: { type: 'string' },
      example: '2f0a5a0e-5b0b-4f6e-9d5c-1f9c2f0a7d11',
    },
    device: {
      description: 'The device; the user, where the leg has no device.',
      schema: { type: 'string' },
      example: '1001',
    },
    type: {
      description: 'What kind of message it is, as CometD clients add it; it counts for nothing.',
      schema: { type: 'string' },
      example: 'handshake',
    },
  },
  faults: {
    ...faults,
    '3, too large': { status: 413, message: 'The body is larger than 64 KiB.' },
    '3, too often': {
      status: 429,
      message: 'The address sends too many requests, or the token has too many sessions.',
    },
  },
  common: () => ['1', '10', '20', '5', '3, too large', '3, too often'],
  error: () => ({ 'application/json': ref('GenesysFault') }),
};
