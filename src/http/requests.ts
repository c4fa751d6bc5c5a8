/** One id, one log line and one count for each request. */
import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'winston';
import type { Metrics } from '../metrics.js';

/** What is known of the request that a response answers. */
export interface RequestFacts {
  id: string;
  /** The service's own: {@link logOf} is the request's. */
  log: Logger;
  /** Who asks and with which token, once that is known. */
  tokenId?: string;
  token?: string;
}

export function factsOf(res: Response): RequestFacts {
  return res.locals as RequestFacts;
}

/** A logger whose lines name the request. */
export function logOf(res: Response): Logger {
  const { log, id } = factsOf(res);
  return log.child({ request: id });
}

/** The address that a request comes from: a proxy's, where one stands before; none once it has broken off. */
export function clientOf(req: Request): string | undefined {
  return req.socket.remoteAddress;
}

/** What the client calls this server, as the beginning of URLs that it is told. */
export function baseUrl(req: Request): string {
  const { localAddress = '', localPort = 0 } = req.socket;
  return `${req.protocol}://${req.get('host') ?? `${localAddress}:${localPort}`}`;
}

/** Logs the path without its query, where tokens and passwords may stand, and no header. */
export function trackRequests(log: Logger, metrics: Metrics): RequestHandler {
  return (req, res, next) => {
    const id = randomUUID().replaceAll('-', '');
    const began = performance.now();
    // Not to be had any more once Node has taken the socket off a request that broke off.
    const client = clientOf(req);
    const facts: RequestFacts = Object.assign(res.locals, { id, log });
    res.setHeader('X-Request-ID', id);
    res.once('close', () => {
      metrics.httpRequest(req.method, res.statusCode);
      log.info('request', {
        request: id,
        method: req.method,
        path: req.originalUrl.split('?', 1)[0],
        status: res.statusCode,
        ms: Math.round(performance.now() - began),
        client,
        ...(facts.tokenId !== undefined && { token_id: facts.tokenId }),
        ...(!res.writableFinished && { aborted: true }),
      });
    });
    next();
  };
}
