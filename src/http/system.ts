/** What each system's API is to the app: a folder of its own with one of these. */
import type { ErrorRequestHandler, Router } from 'express';

export interface System {
  /** Leaves a path that is not the system's to others. */
  router: Router;
  /** Where it answers: what fails below these is answered by `errors`, in the system's own words. */
  paths: (string | RegExp)[];
  errors: ErrorRequestHandler;
}
