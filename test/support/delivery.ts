/** A real HTTP server that takes what is sent to it, a clock that a test moves, and a delivery that goes by both. */
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadConfig } from '../../src/config.js';
import { AddressPolicy } from '../../src/delivery/addresses.js';
import type { Clock } from '../../src/delivery/clock.js';
import { Delivery, type DeliveryOptions } from '../../src/delivery/delivery.js';
import { Sender } from '../../src/delivery/send.js';
import { recordCompleted } from '../../src/http/ozeki/finished.js';
import type { Store } from '../../src/store/store.js';
import { capturingLog } from './log.js';

/** Where nothing is sent unless a site says so. */
export const DENIED = defaultDenied();

function defaultDenied(): readonly string[] {
  const loaded = loadConfig({});
  if (!loaded.ok) throw new Error(loaded.errors.join());
  return loaded.config.deliveryDeny;
}

export interface Received {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Answers 200 unless told otherwise; `received` holds what arrived whole. */
export class Receiver {
  readonly received: Received[] = [];
  /** Where it listens. */
  url = '';
  readonly #server: Server;
  #respond: (request: Received, response: ServerResponse) => void = (_request, response) => response.end();

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const received = { method, url, headers, body: Buffer.concat(chunks) };
        this.received.push(received);
        this.#respond(received, response);
      });
    });
  }

  /** Resolves with the URL of the server. */
  async listen(host = '127.0.0.1'): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, host, resolve));
    const { port } = this.#server.address() as AddressInfo;
    this.url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
    return this.url;
  }

  respond(how: (request: Received, response: ServerResponse) => void): void {
    this.#respond = how;
  }

  /** Answers with this status, and headers, from now on. */
  answer(status: number, headers: Record<string, string> = {}): void {
    this.#respond = (_request, response) => response.writeHead(status, headers).end();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

/** Stands still until it is moved. */
export class TestClock implements Clock {
  readonly #timers = new Set<{ at: number; wake: () => void }>();
  #set = 0;

  constructor(private time = 1_700_000_000_000) {}

  now(): number {
    return this.time + this.#set;
  }

  steady(): number {
    return this.time;
  }

  /** Somebody sets the clock ahead by `ms`, or back. */
  set(ms: number): void {
    this.#set += ms;
  }

  after(ms: number, wake: () => void): () => void {
    const timer = { at: this.time + ms, wake };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets `ms` pass, timer by timer; `settled` is awaited after each, so that what it began is done in no time. */
  async pass(ms: number, settled: () => Promise<void>): Promise<void> {
    const end = this.time + ms;
    await settled();
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#timers.delete(next);
      this.time = Math.max(this.time, next.at);
      next.wake();
      await settled();
    }
    this.time = end;
  }
}

/** A delivery from this store that may send to loopback. */
export async function testDelivery(
  store: Store,
  options: Partial<DeliveryOptions> & { silenceMs?: number } = {},
): Promise<Delivery> {
  const sender = new Sender(new AddressPolicy(DENIED, ['127.0.0.1/32']), options.silenceMs);
  return new Delivery({
    recordings: store.recordings,
    store: store.outbox,
    webhooks: store.webhooks,
    signingKey: await store.webhooks.signingKey(),
    formats: {},
    mount: '/nowhere',
    callbackWords: { ozeki: recordCompleted },
    send: (outgoing, signal) => sender.send(outgoing, signal),
    publish: () => undefined,
    audit: (event) => store.audit.append(event),
    log: capturingLog().log,
    ...options,
  });
}
