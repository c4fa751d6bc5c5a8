/**
 * Sends one HTTP request to a destination that an account named: only to permitted addresses, whatever its name
 * resolves to and wherever it redirects, and for no longer than it takes. The one place of the delivery that knows sockets.
 */
import { lookup } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { pipeline, type Readable } from 'node:stream';
import { MetaflowsError } from '../errors.js';
import type { AddressPolicy } from './addresses.js';

export interface Outgoing {
  method: 'GET' | 'PUT' | 'POST';
  /** http or https. */
  url: string;
  headers: Record<string, string>;
  /** A function makes it anew for each redirect. */
  body?: string | (() => Readable);
  /** Milliseconds for all of it. */
  limitMs: number;
  /** Milliseconds in which nothing may move, where the destination has to work for its answer. */
  silenceMs?: number;
  /** Bytes of the answer that are wanted; none given: what it says beside its status is not kept. */
  keepBytes?: number;
}

export interface Answer {
  status: number;
  /** The answer's `Retry-After`, where it is in seconds. */
  retryAfterMs?: number;
  /** Of a 2xx answer that was asked for. */
  body?: string;
}

/** Milliseconds in which nothing moves, neither way. */
const SILENCE_MS = 30_000;
const MAX_REDIRECTS = 5;
/** Kazoo (kz_att_http.erl) sends verb and body again after a 301 and a 302 too; a 303 would lose the body. */
const REDIRECTS = new Set([301, 302, 307, 308]);
/** What a destination says beside its status is not kept, and not read for ever. */
const MAX_ANSWER_BYTES = 65_536;

export class Sender {
  constructor(
    private readonly policy: AddressPolicy,
    private readonly silenceMs = SILENCE_MS,
  ) {}

  /**
   * Resolves with the final answer, whatever its status. Rejects with `address_denied`, `redirect_refused`,
   * `destination_timeout` or `destination_unreachable`, and with the reason of `signal` when that is aborted.
   */
  async send(outgoing: Outgoing, signal: AbortSignal): Promise<Answer> {
    const limit = AbortSignal.timeout(outgoing.limitMs);
    const either = AbortSignal.any([signal, limit]);
    let url = new URL(outgoing.url);
    let request = outgoing;
    try {
      for (let redirects = 0; ; redirects++) {
        const { status, headers, body } = await this.once(url, request, either);
        if (!REDIRECTS.has(status)) {
          return { status, ...retryAfter(headers), ...(body !== undefined && { body }) };
        }
        if (redirects === MAX_REDIRECTS) throw new MetaflowsError('redirect_refused', 'too many');
        const next = redirected(url, headers.location);
        if (next.origin !== url.origin) request = withoutCredentials(request);
        url = next;
      }
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (limit.aborted) throw new MetaflowsError('destination_timeout', 'it took too long');
      throw error;
    }
  }

  private once(
    url: URL,
    { method, headers, body, silenceMs = this.silenceMs, keepBytes }: Outgoing,
    signal: AbortSignal,
  ): Promise<{ status: number; headers: IncomingMessage['headers']; body?: string }> {
    // Node asks no lookup about what is an address already.
    const literal = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(literal) && !this.policy.permits(literal)) throw new MetaflowsError('address_denied');
    return new Promise((resolve, reject) => {
      const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const options = { method, headers, signal, agent: false, lookup: this.lookup, timeout: silenceMs };
      const sent = request(url, options, (answer) => {
        const { statusCode: status = 0 } = answer;
        const done = () => {
          const isWell = status >= 200 && status < 300;
          if (isWell && !sent.writableFinished) {
            reject(new MetaflowsError('destination_unreachable', 'it answered before it had everything'));
          } else if (isWell && keepBytes !== undefined && !answer.complete && bytes <= keepBytes) {
            reject(new MetaflowsError('destination_unreachable', 'its answer broke off'));
          } else {
            resolve({
              status,
              headers: answer.headers,
              ...(isWell && keepBytes !== undefined && { body: Buffer.concat(kept).toString() }),
            });
          }
          sent.destroy();
        };
        let bytes = 0;
        const kept: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > (keepBytes ?? MAX_ANSWER_BYTES)) done();
          else if (keepBytes !== undefined) kept.push(chunk);
        });
        answer.once('end', done).once('close', done).once('error', done);
      });
      sent.once('timeout', () => sent.destroy(new MetaflowsError('destination_timeout', 'nothing moved')));
      sent.on('error', (error: NodeJS.ErrnoException) => reject(named(error)));
      if (typeof body === 'function') pipeline(body(), sent, (error) => error && reject(named(error)));
      else sent.end(body);
    });
  }

  /** Only permitted addresses are answered, so that what was checked is what is connected to. */
  private readonly lookup: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const permitted = error ? [] : addresses.filter(({ address }) => this.policy.permits(address));
      const [first] = permitted;
      if (error || !first) callback(error ?? new MetaflowsError('address_denied'), []);
      else if (options.all) callback(null, permitted);
      else callback(null, first.address, first.family);
    });
  };
}

/** Who is named by a redirect is not the one that they were given to. */
function withoutCredentials(outgoing: Outgoing): Outgoing {
  const { Authorization: _, ...headers } = outgoing.headers;
  return { ...outgoing, headers };
}

/** Where a redirect leads: never out of HTTPS. */
function redirected(from: URL, location: string | undefined): URL {
  const to = location !== undefined && URL.canParse(location, from.href) && new URL(location, from);
  if (!to || !/^https?:$/.test(to.protocol) || (from.protocol === 'https:' && to.protocol === 'http:')) {
    throw new MetaflowsError('redirect_refused');
  }
  return to;
}

function retryAfter(headers: IncomingMessage['headers']): Pick<Answer, 'retryAfterMs'> {
  const seconds = headers['retry-after'] ?? '';
  return /^\d{1,9}$/.test(seconds) ? { retryAfterMs: Number(seconds) * 1000 } : {};
}

/** The error's code alone: its message may hold the URL. */
function named(error: NodeJS.ErrnoException): Error {
  return error instanceof MetaflowsError
    ? error
    : new MetaflowsError('destination_unreachable', error.code ?? error.name, { cause: error });
}
