/** The socket that the API listens on. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { MetaflowsError } from '../errors.js';

/** Milliseconds that requests under way get to end when the server closes. */
const GRACE_MS = 2000;

export interface HttpServer {
  /** The port it listens on, also where the system chose it. */
  readonly port: number;
  /** Takes no new request, ends idle connections at once and all others after {@link GRACE_MS}. */
  close(): Promise<void>;
}

/** Rejects with `address_unusable` where the address cannot be had. */
export function listen(app: Express, host: string, port: number): Promise<HttpServer> {
  const server = createServer((req, res) => {
    req.url = originForm(req.url ?? '');
    app(req, res);
  });
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) =>
      reject(new MetaflowsError('address_unusable', error.message, { cause: error }));
    server.once('error', refuse);
    server.listen(port, host, () => {
      server.off('error', refuse);
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise((closed) => {
            const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS);
            // It ends idle connections by itself; one on which nothing has come yet is not idle.
            server.close(() => {
              clearTimeout(cut);
              closed();
            });
          }),
      });
    });
  });
}

/**
 * The path and query of a request's target, also where a client has named the server in it, as proxies are asked (RFC
 * 9112, 3.2.2). What is no URL becomes `*`, at which there is nothing: express would answer it past all that is set up.
 */
function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  if (!URL.canParse(target)) return '*';
  const { pathname, search } = new URL(target);
  return pathname.startsWith('/') ? pathname + search : '*';
}
