/** Bird's call recording API. */
import { Router } from 'express';
import type { Deps } from '../ports.js';
import type { System } from '../system.js';
import { commands } from './commands.js';
import { birdErrors } from './errors.js';
import { recordings } from './recordings.js';
import { transcriptions } from './transcriptions.js';

export function bird(deps: Deps): System {
  const router = Router();
  commands(router, deps);
  recordings(router, deps);
  transcriptions(router, deps);
  return { router, paths: ['/workspaces'], errors: birdErrors };
}
