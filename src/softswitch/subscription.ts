import type { FiredEvent, Listener } from './events.js';

type Format = 'plain' | 'json';

/** Every event that a client can ask for by name; others in its list are passed over. */
const NAMES = new Set(
  (
    'CUSTOM CHANNEL_CREATE CHANNEL_DESTROY CHANNEL_STATE CHANNEL_CALLSTATE CHANNEL_ANSWER CHANNEL_HANGUP ' +
    'CHANNEL_HANGUP_COMPLETE CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_HOLD CHANNEL_UNHOLD CHANNEL_BRIDGE ' +
    'CHANNEL_UNBRIDGE CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_OUTGOING CHANNEL_PARK CHANNEL_UNPARK ' +
    'CHANNEL_APPLICATION CHANNEL_ORIGINATE CHANNEL_UUID API LOG DTMF HEARTBEAT BACKGROUND_JOB SHUTDOWN RECORD_START ' +
    'RECORD_STOP PLAYBACK_START PLAYBACK_STOP CALL_UPDATE MEDIA_BUG_START MEDIA_BUG_STOP ALL'
  ).split(' '),
);

/** What one client of the event socket has asked for, and what has come of it and is not sent yet. */
export class Subscription implements Listener {
  #format: Format = 'plain';
  #names = new Set<string>();
  #subclasses = new Set<string>();
  #filters: { name: string; value: string }[] = [];
  #waiting: FiredEvent[] = [];

  /** @param onEvent called when there is something to {@link drain} */
  constructor(private readonly onEvent: () => void) {}

  wants(name: string, subclass: string): boolean {
    if (this.#names.has('ALL')) return true;
    return this.#names.has(name) && (name !== 'CUSTOM' || this.#subclasses.has(subclass));
  }

  take(event: FiredEvent): void {
    if (!this.#passes(event)) return;
    this.#waiting.push(event);
    this.onEvent();
  }

  /** The events that have come, framed. */
  drain(): string {
    const events = this.#waiting;
    this.#waiting = [];
    const format = this.#format;
    return events
      .map((event) => {
        const body = event[format];
        return `Content-Length: ${Buffer.byteLength(body)}\nContent-Type: text/event-${format}\n\n${body}`;
      })
      .join('');
  }

  /** `event [plain|json] <names>`; what follows CUSTOM are subclasses. */
  subscribe(list: string): string {
    const words = list.split(' ').filter(Boolean);
    if (words[0] === 'plain' || words[0] === 'json') this.#format = words.shift() as Format;
    const custom = words.indexOf('CUSTOM');
    const names = words.slice(0, custom < 0 ? undefined : custom + 1).filter((name) => NAMES.has(name));
    if (names.length === 0) return '-ERR no keywords supplied';
    for (const name of names) this.#names.add(name);
    if (custom >= 0) for (const subclass of words.slice(custom + 1)) this.#subclasses.add(subclass);
    return `+OK event listener enabled ${this.#format}`;
  }

  unsubscribe(list: string): string {
    const words = list.split(' ').filter(Boolean);
    if (!words.some((word) => NAMES.has(word))) return '-ERR no keywords supplied';
    for (const word of words) {
      this.#names.delete(word);
      this.#subclasses.delete(word);
    }
    return '+OK events nixed';
  }

  clear(): string {
    if (this.#names.size === 0) return '-ERR not listening for events';
    this.#names.clear();
    this.#subclasses.clear();
    this.#waiting = [];
    return '+OK no longer listening for events';
  }

  /** `filter [delete] <Header> [<value>]` */
  filter(text: string): string {
    const [, first = '', rest] = /^ *(\S+)(?: (.*))?$/s.exec(text) ?? [];
    if (rest === undefined) return '-ERR invalid syntax';
    if (first.toLowerCase() === 'delete') {
      const [name = '', value] = rest.split(/ (.*)/s);
      this.#filters = this.#filters.filter(
        (filter) =>
          name !== 'all' && (filter.name !== name || (value !== undefined && filter.value !== value)),
      );
      return `+OK filter deleted. [${name}][${value ?? ''}]`;
    }
    this.#filters.push({ name: first, value: rest });
    return `+OK filter added. [${first}]=[${rest}]`;
  }

  /** Any filter that matches lets the event through. */
  #passes({ headers }: FiredEvent): boolean {
    if (this.#filters.length === 0) return true;
    return this.#filters.some(({ name, value }) => headers[name]?.toLowerCase() === value.toLowerCase());
  }
}
