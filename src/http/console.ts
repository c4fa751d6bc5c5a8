/** `GET /`: the console, a page that does what it does by this API alone, with its visitor's token. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import express, { Router } from 'express';
import { SERVICE } from './dialect.js';
import { described } from './openapi/operation.js';

/** What stands in the page where each answer has a nonce of its own: the waveform makes a style element. */
const NONCE = /\{nonce\}/g;

const policy = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self'",
    "connect-src 'self'",
    'media-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

/** `folder` is what `npm run build` made of console/; without it there is no page. */
export function consoleRouter(folder: string): Router {
  const router = Router();
  const says = described(SERVICE, 'Console', {
    GET: {
      summary: 'The console: a page for people, which uses this API with the token that they enter.',
      answers: { 200: { description: 'A page.', content: { 'text/html': { type: 'string' } } } },
    },
  });
  router.get('/', says, async (_req, res, next) => {
    const page = await readFile(join(folder, 'index.html'), 'utf8').catch(() => undefined);
    if (page === undefined) {
      next();
      return;
    }
    const nonce = randomBytes(16).toString('base64');
    res
      .set({ 'Content-Security-Policy': policy(nonce), 'Cache-Control': 'no-store' })
      .type('html')
      .send(page.replace(NONCE, nonce));
  });
  // Their names say what is in them.
  router.use(
    '/assets',
    express.static(join(folder, 'assets'), { immutable: true, maxAge: '1y', index: false }),
  );
  return router;
}
