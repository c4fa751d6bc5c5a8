/** Kazoo's envelope, and each error that its clients know, as `kazoo.md` has them. */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { ErrorRequestHandler, Response } from 'express';
import { isMetaflowsError } from '../../errors.js';
import type { KazooErrors } from '../../schemas.js';
import { HttpError, isClientFault } from '../errors.js';
import { factsOf, logOf } from '../requests.js';

/** An error as Kazoo answers it: `message` beside `error`, the status, and `data`. */
export class KazooError extends HttpError {
  override readonly name = 'KazooError';

  constructor(
    status: number,
    message: string,
    readonly data: object,
  ) {
    super(status, message);
  }
}

export const missingToken = () =>
  new KazooError(401, 'invalid_credentials', { message: 'invalid credentials' });

export const unknownToken = () => new KazooError(401, 'invalid credentials', {});

export const forbidden = () => new KazooError(403, 'forbidden', { message: 'forbidden' });

export const invalid = (errors: KazooErrors) => new KazooError(400, 'validation error', errors);

export const invalidJson = (message: string) => invalid({ json: { invalid: { message, target: 'body' } } });

export const badIdentifier = (id: string) =>
  new KazooError(404, 'bad_identifier', { message: 'bad identifier', cause: id });

export const notFound = () => new KazooError(404, 'not_found', { message: 'not found' });

export const methodNotAllowed = () =>
  new KazooError(405, 'invalid_method', { message: 'method not allowed' });

export const notAcceptable = (target: string[]) =>
  new KazooError(406, 'not_acceptable', { message: 'not acceptable', target });

/** api_util.erl, handle_max_filesize_exceeded. */
export const tooLarge = (limit: number) => {
  const message = `Payload or Files must not be more than ${limit} bytes`;
  return new KazooError(413, 'validation error', { file: { maxSize: { message, target: limit } } });
};

export const tooManyRequests = (message = 'too many requests') =>
  new KazooError(429, 'too_many_requests', { message });

const NODE = hash(hostname()).slice(0, 22);

/** Sends an answer in Kazoo's envelope; the same data has the same `revision`. */
export function send(
  res: Response,
  version: string,
  { data, status = 'success', ...beside }: { data: unknown } & Record<string, unknown>,
): void {
  const { token, id } = factsOf(res);
  const { text, revision } = written(data);
  const envelope = JSON.stringify({
    ...beside,
    status,
    auth_token: token,
    request_id: id,
    node: NODE,
    timestamp: `${new Date().toISOString().slice(0, -'.000Z'.length)}Z`,
    version,
    revision,
  });
  const body = `{"data":${text},${envelope.slice(1)}`;
  // What else express's json() looks at is for answers that may be kept.
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(body));
  res.end(body);
}

interface Written {
  text: string;
  revision: string;
}

/** What was answered before: a stored document is never changed, only replaced, and is forgotten with its text. */
const WRITTEN = new WeakMap<object, Written>();

function written(data: unknown): Written {
  const known = data instanceof Object ? WRITTEN.get(data) : undefined;
  if (known) return known;
  const text = JSON.stringify(data);
  const made = { text, revision: hash(text).slice(0, 32) };
  if (data instanceof Object) WRITTEN.set(data, made);
  return made;
}

/** Answers every error in Kazoo's envelope, and logs those that nobody foresaw. */
export function kazooErrorHandler(version: string): ErrorRequestHandler {
  return (error: unknown, _req, res, next) => {
    if (res.headersSent) {
      // The answer had begun: the client can only be told by cutting it off.
      next(error);
      return;
    }
    const { status, message, data } = kazooErrorOf(error, res);
    res.removeHeader('Content-Disposition');
    res.status(status).type('json');
    send(res, version, { data, error: String(status), message, status: 'error' });
  };
}

function kazooErrorOf(error: unknown, res: Response): KazooError {
  if (error instanceof KazooError) return error;
  if (isMetaflowsError(error)) {
    if (error.status >= 500) logOf(res).warn('a request failed', { error });
    return new KazooError(error.status, error.code, { message: error.message });
  }
  if (isClientFault(error)) {
    res.set(error.headers ?? {});
    if (error.status === 413) return tooLarge(error.limit ?? 0);
    const message = error.message.toLowerCase();
    return new KazooError(error.status, message.replaceAll(/\W+/g, '_'), { message });
  }
  logOf(res).error('a request failed', { error });
  return new KazooError(500, 'unspecified_fault', { message: 'unspecified fault' });
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
