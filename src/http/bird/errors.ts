/** Bird's errors: a code, a message and, of values, what is wrong with each. */
import type { ErrorRequestHandler, Response } from 'express';
import { isMetaflowsError, type ErrorCode } from '../../errors.js';
import type { KazooErrors } from '../../schemas.js';
import { isClientFault } from '../errors.js';
import { logOf } from '../requests.js';

/** Code, HTTP status and message; `docs/bird.md` is checked against it. */
export const BIRD_ERRORS = {
  InvalidRequest: [400, 'The request could not be read.'],
  Unauthenticated: [401, 'The credentials are missing or not valid.'],
  Forbidden: [403, 'The credentials do not permit this in this workspace.'],
  ResourceNotFound: [404, 'The requested resource could not be found.'],
  InvalidPayload: [422, 'One or more fields did not pass validation.'],
  InvalidState: [422, 'The call or the recording is not in a state that permits this.'],
  TooManyRequests: [429, 'Too many requests.'],
  InternalError: [500, 'Something went wrong.'],
} as const satisfies Record<string, readonly [status: number, message: string]>;

export type BirdCode = keyof typeof BIRD_ERRORS;

/** What is wrong, by the path of the field. */
type Details = Record<string, string[]>;

export class BirdError extends Error {
  override readonly name = 'BirdError';

  constructor(
    readonly code: BirdCode,
    message: string = BIRD_ERRORS[code][1],
    readonly details?: Details,
    readonly status: number = BIRD_ERRORS[code][0],
  ) {
    super(message);
  }
}

export const noSuch = (what: string) => new BirdError('ResourceNotFound', `There is no such ${what}.`);

export const endedCall = () => new BirdError('InvalidState', 'The call has ended.');
export const unansweredCall = () => new BirdError('InvalidState', 'The call has not been answered yet.');
export const recordedAlready = () => new BirdError('InvalidState', 'The call is being recorded already.');

export function invalidPayload(errors: KazooErrors): BirdError {
  const details = Object.entries(errors).map(([key, checks]): [string, string[]] => [
    `.${key}`,
    Object.values(checks).map(({ message }) => message),
  ]);
  return new BirdError('InvalidPayload', undefined, Object.fromEntries(details));
}

/** What the recorder says, where it is no fault of the service. */
const RECORDER: Partial<Record<ErrorCode, () => BirdError>> = {
  call_gone: endedCall,
  loopback_leg: () => noSuch('call'),
  file_gone: () => noSuch('recording'),
};

const STATUSES: Record<number, BirdCode> = {
  401: 'Unauthenticated',
  403: 'Forbidden',
  404: 'ResourceNotFound',
  429: 'TooManyRequests',
};

export const birdErrors: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) {
    next(error);
    return;
  }
  const { status, code, message, details } = birdErrorOf(error, res);
  res.status(status).json({ code, message, ...(details && { details }) });
};

function birdErrorOf(error: unknown, res: Response): BirdError {
  if (error instanceof BirdError) return error;
  if (isMetaflowsError(error)) {
    const known = RECORDER[error.code];
    if (known) return known();
    if (error.status === 409) return new BirdError('InvalidState', error.message);
    logOf(res).warn('a request failed', { error });
    return new BirdError('InternalError', error.message, undefined, error.status);
  }
  if (isClientFault(error)) {
    res.set(error.headers ?? {});
    return new BirdError(STATUSES[error.status] ?? 'InvalidRequest', undefined, undefined, error.status);
  }
  logOf(res).error('a request failed', { error });
  return new BirdError('InternalError');
}
