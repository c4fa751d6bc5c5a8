/** What is the service's own, and no other system's, as the description of the API has it. */
import { KAZOO, RECORDING_ID, type KazooCode } from './kazoo/dialect.js';
import type { Dialect, Parameter } from './openapi/operation.js';

/** Whoever watches the service asks without a limit. */
export const HEALTH: Dialect<never> = {
  tag: 'Health',
  about: 'Whether the service is well. No token is needed.',
  security: [],
  isCounted: false,
  parameters: {},
  faults: {},
  common: () => [],
  error: () => undefined,
};

/** What goes wrong is said as Kazoo says it. */
export const SERVICE: Dialect<KazooCode> = {
  ...KAZOO,
  tag: 'Service',
  about: 'What is this service’s own. No token is needed: a link says by itself what it is good for.',
  parameters: {
    account: { description: 'The account.', schema: { type: 'string' } },
    id: RECORDING_ID,
    extension: { description: 'The format.', schema: { enum: ['wav', 'mp3'] } },
    action: {
      description: 'What a phone does.',
      schema: { enum: ['call', 'press', 'transfer', 'hold', 'unhold', 'hangup'] },
      example: 'call',
    },
  },
  common: () => ['too_many_requests'],
  answer: (schema) => schema,
};

/** What makes a path a link that is good by itself. */
export const LINK: readonly Parameter[] = [
  {
    name: 'expires',
    in: 'query',
    required: true,
    description: 'epoch seconds until which the link is good',
    schema: { type: 'string' },
  },
  { name: 'signature', in: 'query', required: true, schema: { type: 'string' } },
];
