/** Kazoo's API as the description of the API has it. */
import { ERRORS, type ErrorCode } from '../../errors.js';
import { ref, type Dialect, type Fault, type Schema } from '../openapi/operation.js';

/** Those of `answers.ts`, by what `message` says; two of them say the same. */
const OWN = {
  'validation error': {
    status: 400,
    message: 'the JSON is bad, or not what the schema allows: data says where',
  },
  invalid_credentials: { status: 401, message: 'no token was shown, or a login is wrong' },
  'invalid credentials': { status: 401, message: 'the token is not known' },
  forbidden: { status: 403, message: 'the token may not do this' },
  bad_identifier: { status: 404, message: 'there is no such thing' },
  not_found: { status: 404, message: 'there is no such path' },
  not_acceptable: { status: 406, message: 'there is nothing in such a format' },
  'too large': { status: 413, message: 'the body is larger than a mebibyte' },
  too_many_requests: { status: 429, message: 'the address sends too many requests' },
} as const satisfies Record<string, Fault>;

export type KazooCode = keyof typeof OWN | ErrorCode;

const FAILURES = Object.entries(ERRORS).flatMap(([code, { status }]) => (status < 500 ? [] : [code]));

const name = (what: string, example: string) => ({
  description: what,
  schema: { type: 'string', minLength: 1, maxLength: 256 },
  example,
});
const legId = name('The channel uuid of a leg.', '2f0a5a0e-5b0b-4f6e-9d5c-1f9c2f0a7d11');
export const RECORDING_ID = {
  description: 'The id of a recording.',
  schema: { type: 'string', pattern: '^[0-9]{6}-[0-9a-f]{32}$' },
  example: '202611-018bcfe568007f0c9d2e3a4b5c6d7e8f',
};

export const KAZOO: Dialect<KazooCode> = {
  tag: 'Kazoo',
  about:
    'Kazoo’s API, and what this service has in its words. Times are Gregorian seconds: Unix + 62167219200. ' +
    'Lists that have pages take page_size and start_key; the answer’s next_start_key is the start_key of the ' +
    'next page, and there is none on the last one. The JSON of a body counts, whatever its Content-Type says.',
  security: [['AuthToken'], ['Bearer'], ['QueryToken']],
  isCounted: true,
  parameters: {
    account: name('The account: the domain of its users.', 'example.com'),
    user: name('A user of the account.', '1001'),
    device: name('A device of the account.', 'desk'),
    'channels/id': legId,
    'recordings/id': RECORDING_ID,
    'webhooks/id': name('The id of a webhook.', '9e1c2f3a4b5c6d7e'),
    'attempts/event': name('The event_id of an attempt.', '018bcfe568007f0c9d2e3a4b5c6d7e8f'),
    'tokens/id': name('The id of a token, which is no secret.', '0123456789abcdef'),
  },
  faults: { ...ERRORS, ...OWN },
  common: ({ roles, query, body }, path) => [
    ...(query !== undefined || body ? ['validation error' as const] : []),
    ...(roles ? (['invalid_credentials', 'invalid credentials', 'forbidden'] as const) : []),
    ...(path.includes('{') ? ['bad_identifier' as const] : []),
    ...(body ? ['too large' as const] : []),
    'too_many_requests',
  ],
  error: (codes) => {
    const messages = codes.length === 0 ? [...FAILURES, 'unspecified_fault'] : codes.map(messageOf);
    const properties = { status: { const: 'error' }, message: { enum: messages } };
    return { 'application/json': { allOf: [ref('KazooFault')], properties } };
  },
  answer: (data) => ({
    allOf: [ref('KazooAnswer')],
    unevaluatedProperties: false,
    required: ['data'],
    properties: { data, status: { const: 'success' } },
  }),
};

function messageOf(code: string): string {
  return code === 'too large' ? 'validation error' : code;
}

/** The body that has `data`; something else may stand beside it, such as auth_token. */
export function enveloped(data: Schema): Schema {
  return { type: 'object', required: ['data'], properties: { data } };
}
