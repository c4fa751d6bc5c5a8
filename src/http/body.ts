/** The body of a request as text, whatever its Content-Type says, and as a JSON object. */
import express, { type Request } from 'express';
import { HttpError } from './errors.js';

const MAX_BODY_BYTES = 1024 * 1024;

const readText = express.text({ type: () => true, limit: MAX_BODY_BYTES });

/** Reads the body into `req.body`; one that is said to be empty, as that of many clients' GET, is not waited for. */
export const bodyText: typeof readText = (req, res, next) => {
  if (req.headers['content-length'] === '0') next();
  else readText(req, res, next);
};

/** The body's object, {} where there is no body; an HttpError 400 where it is anything else. */
export function jsonObject(req: Request): Record<string, unknown> {
  const text: unknown = req.body;
  if (typeof text !== 'string' || text === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new HttpError(400, 'the body is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HttpError(400, 'the body is no JSON object');
  }
  return value as Record<string, unknown>;
}
