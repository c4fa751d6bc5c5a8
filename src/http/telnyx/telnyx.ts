/** Telnyx's call recording API. */
import { Router } from 'express';
import type { Deps } from '../ports.js';
import type { System } from '../system.js';
import { commands } from './commands.js';
import { telnyxErrors } from './errors.js';
import { recordings } from './recordings.js';

export function telnyx(deps: Deps): System {
  const router = Router();
  commands(router, deps);
  recordings(router, deps);
  return { router, paths: ['/v2/calls', '/v2/recordings'], errors: telnyxErrors };
}
