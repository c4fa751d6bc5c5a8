import { hostname } from 'node:os';
import { urlEncode } from './text.js';

/** An event's headers in their order. */
export type Headers = Record<string, string>;

/** Somebody who takes events: a connection to the event socket. */
export interface Listener {
  wants(name: string, subclass: string): boolean;
  take(event: FiredEvent): void;
}

/** An event as it was when it was fired. */
export class FiredEvent {
  #json: string | undefined;

  constructor(
    readonly headers: Headers,
    readonly body?: string,
  ) {}

  /** As `event json` sends it. */
  get json(): string {
    this.#json ??= JSON.stringify(
      this.body === undefined
        ? this.headers
        : { ...this.headers, 'Content-Length': String(Buffer.byteLength(this.body)), _body: this.body },
    );
    return this.#json;
  }

  /** As `event plain` and `uuid_dump` write it. */
  get plain(): string {
    const lines = Object.entries(this.headers).map(([name, value]) => `${name}: ${urlEncode(value)}\n`);
    const body = this.body;
    return body === undefined
      ? `${lines.join('')}\n`
      : `${lines.join('')}Content-Length: ${Buffer.byteLength(body)}\n\n${body}`;
  }
}

/** Microseconds since the epoch, as FreeSWITCH stamps everything. */
export function microseconds(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

/** `2026-11-20 09:07:48` */
export function localDate(us: number): string {
  const date = new Date(us / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  );
}

/** Fires events to whoever asked for them; one that nobody wants is never built. */
export class EventBus {
  #listeners = new Set<Listener>();
  #sequence = 0;

  constructor(readonly coreUuid: string) {}

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  fire(name: string, headers: () => Headers, body?: string, subclass = ''): void {
    this.#sequence++;
    const takers = [...this.#listeners].filter((listener) => listener.wants(name, subclass));
    if (takers.length === 0) return;
    const event = this.build(name, subclass, headers(), body);
    for (const taker of takers) taker.take(event);
  }

  /** An event that is not fired, for `uuid_dump`. */
  build(name: string, subclass: string, headers: Headers, body?: string): FiredEvent {
    const now = microseconds();
    return new FiredEvent(
      {
        ...(subclass && { 'Event-Subclass': subclass }),
        'Event-Name': name,
        'Core-UUID': this.coreUuid,
        'FreeSWITCH-Hostname': hostname(),
        'FreeSWITCH-Switchname': hostname(),
        'FreeSWITCH-IPv4': '127.0.0.1',
        'FreeSWITCH-IPv6': '::1',
        'Event-Date-Local': localDate(now),
        'Event-Date-GMT': new Date(now / 1000).toUTCString(),
        'Event-Date-Timestamp': String(now),
        'Event-Sequence': String(this.#sequence),
        ...headers,
      },
      body,
    );
  }
}
