import { randomUUID } from 'node:crypto';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Channel } from './channel.js';
import { microseconds } from './events.js';
import type { Instance } from './instance.js';
import { Subscription } from './subscription.js';

/** How long a client may take to authenticate, in milliseconds. */
const AUTH_TIMEOUT_MS = 25_000;
/** HEARTBEAT, in milliseconds. */
const HEARTBEAT_MS = 20_000;
const GOODBYE = 'Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n';

/** A command and the headers and body that came with it. */
interface Packet {
  command: string;
  /** By their names in lower case. */
  headers: ReadonlyMap<string, string>;
  /** The same, as they were written. */
  written: Readonly<Record<string, string>>;
}

/** mod_event_socket of one instance. */
export class EventSocket {
  #server: Server;
  #connections = new Set<Connection>();
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(
    private readonly instance: Instance,
    password: string,
  ) {
    this.#server = createServer((socket) => {
      const connection = new Connection(socket, instance, password, () =>
        this.#connections.delete(connection),
      );
      this.#connections.add(connection);
    });
  }

  /** @returns the port that was given */
  listen(): Promise<number> {
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', () => resolve((this.#server.address() as AddressInfo).port));
    });
  }

  /** @param farewell whether clients are told, or the connections just end as in a crash */
  async close(farewell: boolean): Promise<void> {
    clearInterval(this.#heartbeat);
    // a second time it is closed already, which close tells with an error that is none here
    const closed = new Promise((resolve) => this.#server.close(() => resolve(undefined)));
    for (const connection of this.#connections) connection.close(farewell);
    await closed;
  }

  #beat(): void {
    const { instance } = this;
    instance.fire('HEARTBEAT', undefined, {
      'Event-Info': 'System Ready',
      'Heartbeat-Interval': String(HEARTBEAT_MS / 1000),
      'Session-Count': String(instance.channels.size),
      'Session-Since-Startup': String(instance.sessions),
      'Uptime-msec': String(Math.round((microseconds() - instance.startedAt) / 1000)),
    });
  }
}

/** One client. Commands run one after the other; events wait until none is running, as in FreeSWITCH. */
class Connection {
  #input = '';
  #packets: Packet[] = [];
  #busy = false;
  #authenticated = false;
  #subscription = new Subscription(() => this.#flush());
  #stopListening: () => void;
  #authTimer: NodeJS.Timeout;

  constructor(
    private readonly socket: Socket,
    private readonly instance: Instance,
    private readonly password: string,
    onClose: () => void,
  ) {
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    this.#stopListening = instance.events.listen(this.#subscription);
    this.#authTimer = setTimeout(() => this.close(true), AUTH_TIMEOUT_MS);
    socket.on('data', (chunk: string) => this.#read(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(this.#authTimer);
      this.#stopListening();
      onClose();
    });
    socket.write('Content-Type: auth/request\n\n');
  }

  close(farewell: boolean): void {
    if (farewell) {
      this.socket.end(
        `Content-Type: text/disconnect-notice\nContent-Length: ${GOODBYE.length}\n\n${GOODBYE}`,
      );
      // a client that does not close its side must not keep the server open
      this.socket.destroySoon();
    } else {
      this.socket.resetAndDestroy();
    }
  }

  #read(chunk: string): void {
    this.#input += chunk;
    for (let packet = this.#packet(); packet; packet = this.#packet()) this.#packets.push(packet);
    void this.#work();
  }

  #packet(): Packet | undefined {
    const [blank = ''] = /^[\r\n]*/.exec(this.#input) ?? [];
    const input = this.#input.slice(blank.length);
    const end = /\r?\n\r?\n/.exec(input);
    if (!end) return undefined;
    const lines = input
      .slice(0, end.index)
      .split(/\r?\n/)
      .map((line) => Buffer.from(line, 'latin1').toString('utf8'));
    const headers = new Map<string, string>();
    const written: Record<string, string> = {};
    for (const line of lines.slice(1)) {
      const [name = '', value = ''] = line.split(/: *(.*)/s);
      headers.set(name.toLowerCase(), value);
      written[name] = value;
    }
    const from = end.index + end[0].length;
    const length = Number(headers.get('content-length') ?? 0);
    if (input.length < from + length) return undefined;
    if (length > 0) {
      headers.set('_body', Buffer.from(input.slice(from, from + length), 'latin1').toString('utf8'));
    }
    this.#input = input.slice(from + length);
    return { command: lines[0] ?? '', headers, written };
  }

  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let packet = this.#packets.shift(); packet; packet = this.#packets.shift()) await this.#run(packet);
    this.#busy = false;
    this.#flush();
  }

  #flush(): void {
    if (this.#busy || this.socket.destroyed) return;
    const events = this.#subscription.drain();
    if (events) this.socket.write(events);
  }

  #reply(text: string, more = ''): void {
    this.socket.write(`Content-Type: command/reply\nReply-Text: ${text}\n${more}\n`);
  }

  async #run({ command, headers, written }: Packet): Promise<void> {
    const [, verb = '', rest = ''] = /^(\S*) ?(.*)$/s.exec(command) ?? [];
    if (/^exit/i.test(verb)) {
      this.#reply('+OK bye');
      this.close(true);
    } else if (!this.#authenticated) {
      this.#authenticate(verb, rest);
    } else {
      switch (verb.toLowerCase()) {
        case 'api':
          if (command.includes(' ')) await this.#api(rest);
          else this.#reply('-ERR command not found');
          break;
        case 'bgapi':
          this.#backgroundApi(rest, headers.get('job-uuid') ?? randomUUID());
          break;
        case 'sendmsg':
          this.#reply(this.#message(rest.trim(), headers));
          break;
        case 'sendevent':
          this.#reply(this.#sendEvent(rest.trim(), written));
          break;
        case 'event':
          this.#reply(this.#subscription.subscribe(rest));
          break;
        case 'nixevent':
          this.#reply(this.#subscription.unsubscribe(rest));
          break;
        case 'noevents':
          this.#reply(this.#subscription.clear());
          break;
        case 'filter':
          this.#reply(rest ? this.#subscription.filter(rest) : '-ERR command not found');
          break;
        default:
          this.#reply('-ERR command not found');
      }
    }
  }

  #authenticate(verb: string, password: string): void {
    if (verb !== 'auth') {
      this.#reply('-ERR command not found');
    } else if (password === this.password) {
      clearTimeout(this.#authTimer);
      this.#authenticated = true;
      this.#reply('+OK accepted');
    } else {
      this.#reply('-ERR invalid');
      this.close(true);
    }
  }

  async #api(line: string): Promise<void> {
    const body = (await this.instance.answer(line)) || '-ERR no reply\n';
    this.socket.write(`Content-Type: api/response\nContent-Length: ${Buffer.byteLength(body)}\n\n${body}`);
  }

  #backgroundApi(line: string, id: string): void {
    this.#reply(`+OK Job-UUID: ${id}`, `Job-UUID: ${id}\n`);
    this.instance.background(line, id);
  }

  #sendEvent(name: string, written: Readonly<Record<string, string>>): string {
    const id = randomUUID();
    const { 'Event-Subclass': subclass = '', ...headers } = written;
    this.instance.fire(name, undefined, { ...headers, 'Event-UUID': id }, subclass);
    return `+OK ${id}`;
  }

  #message(uuid: string, headers: ReadonlyMap<string, string>): string {
    const leg = this.instance.channels.get(uuid);
    if (!leg || leg.down) return `-ERR invalid session id [${uuid}]`;
    leg.queue(() => perform(leg, headers));
    return '+OK';
  }
}

/** What a `sendmsg` asks of a leg (`switch_ivr_parse_event`). */
async function perform(leg: Channel, headers: ReadonlyMap<string, string>): Promise<void> {
  const what = headers.get('call-command')?.toLowerCase();
  if (what === 'hangup') leg.hangup(headers.get('hangup-cause') ?? 'NORMAL_CLEARING');
  if (what !== 'execute') return;
  const application = headers.get('execute-app-name') ?? '';
  const data = headers.get('execute-app-arg') ?? headers.get('_body') ?? '';
  const loops = Number(headers.get('loops') ?? 1);
  for (let n = 0; n < loops && !leg.down; n++) {
    await leg.instance.execute(leg, application, data, headers.get('event-uuid'));
  }
}
