/** `GET /openapi.json`, and the same for people: `GET /docs`. */
import { createHash } from 'node:crypto';
import { Router } from 'express';
import { SERVICE } from '../dialect.js';
import type { Document } from './document.js';
import { described } from './operation.js';
import { pageOf } from './page.js';
import { STYLE } from './style.js';

/** The page needs nothing but its own style, and loads nothing. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** `documentOf` is asked once, when the routes are complete. */
export function docsRouter(documentOf: () => Document): Router {
  let document: Document | undefined;
  const router = Router();
  const json = described(SERVICE, 'OpenApi', {
    GET: { summary: 'This description of the API: OpenAPI 3.1.', answer: { type: 'object' } },
  });
  router.get('/openapi.json', json, (_req, res) => {
    res.json((document ??= documentOf()));
  });
  const page = described(SERVICE, 'Docs', {
    GET: {
      summary: 'The same for people.',
      answers: { 200: { description: 'A page.', content: { 'text/html': { type: 'string' } } } },
    },
  });
  router.get('/docs', page, (_req, res) => {
    res
      .set('Content-Security-Policy', POLICY)
      .type('html')
      .send(pageOf((document ??= documentOf())));
  });
  return router;
}
