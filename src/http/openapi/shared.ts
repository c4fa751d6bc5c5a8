/** What all systems have in common: how a token is shown, and the headers of every answer. */

export const SECURITY_SCHEMES = {
  AuthToken: { type: 'apiKey', in: 'header', name: 'X-Auth-Token', description: 'A token of this service.' },
  Bearer: { type: 'http', scheme: 'bearer', description: 'A token of this service.' },
  AccessKey: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: 'The word AccessKey, a space, and a token of this service.',
  },
  QueryToken: { type: 'apiKey', in: 'query', name: 'auth_token', description: 'A token of this service.' },
  Login: {
    type: 'http',
    scheme: 'basic',
    description: 'user@account, and a token of this service that may act for that user.',
  },
  Username: { type: 'apiKey', in: 'query', name: 'Username', description: 'user@account' },
  Password: {
    type: 'apiKey',
    in: 'query',
    name: 'Password',
    description: 'A token of this service that may act for the user.',
  },
};

export const HEADERS = {
  'X-Request-ID': {
    description: 'The id of the request, which is in each line of the log about it.',
    schema: { type: 'string', pattern: '^[0-9a-f]{32}$' },
  },
  'RateLimit-Policy': {
    description: 'How many requests an address may send within how many seconds (w).',
    schema: { type: 'string', pattern: '^\\d+;w=\\d+$' },
  },
  RateLimit: {
    description: 'That number, how many of them are left, and the seconds until the next ones.',
    schema: { type: 'string', pattern: '^limit=\\d+, remaining=\\d+, reset=\\d+$' },
  },
};

export const HEADER_REFERENCES = Object.fromEntries(
  Object.keys(HEADERS).map((name) => [name, { $ref: `#/components/headers/${name}` }]),
);
