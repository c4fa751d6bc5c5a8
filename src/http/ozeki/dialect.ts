/** Ozeki's API as the description of the API has it. */
import type { Dialect } from '../openapi/operation.js';

export const OZEKI: Dialect<never> = {
  tag: 'Ozeki',
  about:
    'The Record command of the Ozeki Phone System, by GET and by form POST. Every answer is XML with HTTP 200, ' +
    'what is wrong too: Code says so.',
  security: [['Username', 'Password']],
  isCounted: true,
  parameters: {},
  faults: {},
  common: () => [],
  error: () => undefined,
};
