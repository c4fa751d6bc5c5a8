/** Genesys's status codes, each with its HTTP status and the system's own sentence (its page of return values). */
import type { ErrorRequestHandler, Response } from 'express';
import { isMetaflowsError } from '../../errors.js';
import { logOf } from '../requests.js';

export const STATUSES = {
  1: { http: 400, message: 'A required parameter is missing in the request.' },
  2: { http: 409, message: 'A specified parameter is not valid for the current state.' },
  3: { http: 403, message: 'The operation is forbidden.' },
  4: { http: 500, message: 'An internal error occurred.' },
  5: { http: 403, message: 'The user does not have permission to perform this operation.' },
  6: { http: 404, message: 'The requested resource could not be found.' },
  10: {
    http: 400,
    message: 'Input validation error - the provided value is not within the range of valid values',
  },
  20: {
    http: 401,
    message: 'User is not authenticated. Any subsequent request should provide credentials',
  },
} as const;

export type StatusCode = keyof typeof STATUSES;

export class GenesysError extends Error {
  override readonly name = 'GenesysError';

  constructor(
    readonly statusCode: StatusCode,
    /** Other than the status code's own. */
    readonly http: number = STATUSES[statusCode].http,
  ) {
    super(STATUSES[statusCode].message);
  }
}

export const errors: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) {
    next(error);
    return;
  }
  const { statusCode, http, message: statusMessage } = genesysErrorOf(error, res);
  if (statusCode === 20) res.set('WWW-Authenticate', 'Basic realm="metaflows", charset="UTF-8"');
  res.status(http).set('Cache-Control', 'no-store').json({ statusCode, statusMessage });
};

function genesysErrorOf(error: unknown, res: Response): GenesysError {
  if (error instanceof GenesysError) return error;
  if (isMetaflowsError(error, 'call_gone')) return new GenesysError(6);
  if (isMetaflowsError(error, 'not_recording', 'not_bridged', 'loopback_leg')) return new GenesysError(2);
  if (isMetaflowsError(error, 'stop_not_allowed')) return new GenesysError(5);
  const status = error instanceof Error && 'status' in error ? error.status : 500;
  if (isMetaflowsError(error)) logOf(res).warn('a request failed', { error });
  else if (status === 404) return new GenesysError(6);
  else if (status === 429) return new GenesysError(3, 429);
  else if (typeof status === 'number' && status < 500) return new GenesysError(10, status);
  else logOf(res).error('a request failed', { error });
  return new GenesysError(4, isMetaflowsError(error) ? Math.max(500, error.status) : 500);
}
