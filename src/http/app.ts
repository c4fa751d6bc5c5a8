/** The HTTP side of the service: every system's API on one server. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import cors from 'cors';
import express, { type Express, type RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { bird } from './bird/bird.js';
import { HEALTH } from './dialect.js';
import { genesys } from './genesys/genesys.js';
import { kazooErrorHandler, notFound, tooManyRequests } from './kazoo/answers.js';
import { kazooRouter } from './kazoo/router.js';
import { mediaRouter } from './links.js';
import { documentOf } from './openapi/document.js';
import { described, ref } from './openapi/operation.js';
import { docsRouter } from './openapi/router.js';
import { ozeki } from './ozeki/ozeki.js';
import type { Deps } from './ports.js';
import { clientOf, trackRequests } from './requests.js';
import type { System } from './system.js';
import { telnyx } from './telnyx/telnyx.js';

const MINUTE_MS = 60_000;

/** The systems beside Kazoo, in whose words everybody else is answered. */
const SYSTEMS: ((deps: Deps) => System)[] = [telnyx, bird, ozeki, genesys];

const ALIVE = { GET: { summary: 'Whether the process runs.', answer: ref('HealthState') } };
const READY = {
  GET: {
    summary: 'Whether it can do its work.',
    description: 'The database is open, a switch is connected and known, and the disk has room.',
    answer: ref('HealthState'),
    answers: {
      503: {
        description: 'It cannot; reason says why.',
        content: { 'application/json': ref('HealthState') },
      },
    },
  },
};
const METRICS = {
  GET: {
    summary: 'Metrics, in the words of Prometheus.',
    answers: { 200: { description: 'The metrics.', content: { 'text/plain': { type: 'string' } } } },
  },
};

export function createApp(deps: Deps): Express {
  const app = express();
  app.set('etag', false); // every answer has its own id and time
  app.disable('x-powered-by');
  app.use(securityHeaders());
  if (deps.corsOrigins.length > 0) app.use(cors({ origin: [...deps.corsOrigins] }));

  app.get('/healthz', described(HEALTH, 'Healthz', ALIVE), (_req, res) => {
    res.json({ status: 'alive' });
  });
  app.get('/readyz', described(HEALTH, 'Readyz', READY), (_req, res) => {
    const { ready, reason } = deps.status();
    res.status(ready ? 200 : 503).json(ready ? { status: 'ready' } : { status: 'not ready', reason });
  });
  app.get('/metrics', described(HEALTH, 'Metrics', METRICS), async (_req, res) => {
    res.set('Content-Type', deps.metrics.contentType).send(await deps.metrics.text());
  });

  app.use(trackRequests(deps.log, deps.metrics));
  app.use(
    rateLimit({
      windowMs: MINUTE_MS,
      limit: deps.requestsPerMinute,
      standardHeaders: 'draft-7',
      legacyHeaders: false,
      // Behind a proxy all clients share one limit: what a client says of its own address is not believed.
      keyGenerator: (req) => ipKeyGenerator(clientOf(req) ?? ''),
      validate: { xForwardedForHeader: false, forwardedHeader: false },
      handler: (_req, _res, next) => next(tooManyRequests()),
    }),
  );
  app.use('/v2', kazooRouter(deps));
  if (deps.console) app.use(deps.console);
  if (deps.phones) app.use('/phones', deps.phones);
  if (deps.push) app.use('/push', deps.push);
  app.use(mediaRouter(deps));
  app.use(docsRouter(() => documentOf(app.router, deps.version)));
  const systems = SYSTEMS.map((system) => system(deps));
  for (const { router } of systems) app.use(router);
  app.use(() => {
    throw notFound();
  });
  for (const { paths, errors } of systems) app.use(paths, errors);
  app.use(kazooErrorHandler(deps.version));
  return app;
}

/** What helmet says of every answer, asked of it once: it is the same for all of them. */
function securityHeaders(): RequestHandler {
  const sample = new ServerResponse(new IncomingMessage(new Socket()));
  helmet()(sample.req, sample, () => undefined);
  const headers = new Map(Object.entries(sample.getHeaders() as Record<string, string>));
  return (_req, res, next) => {
    res.setHeaders(headers);
    next();
  };
}
