/**
 * One connection to a FreeSWITCH event socket, over modesl: the only file that knows modesl, and the place where
 * each of its faults is worked round (a test each, in `test/switch/connection.test.ts`).
 *
 *   new ──open()──► greeting ──auth/request──► opening ──authenticated, filtered, subscribed──► open
 *                      └───────────────────────────┴───────────── closed ◄── lost, or close() ───┘
 *
 * A connection is opened once. Whoever wants another makes another: modesl cannot reconnect.
 */
import { connect, type Socket } from 'node:net';
import modesl from 'modesl';
import type { Logger } from 'winston';
import { MetaflowsError } from '../errors.js';
import { FrameReader, FramingLost } from './frames.js';
import { ReplyQueue, type Reply } from './replies.js';

/** Milliseconds. `uuid_record … start` holds the socket for up to 2 s; five times that is a switch in trouble. */
export const DEFAULT_COMMAND_TIMEOUT_MS = 10_000;
/** Milliseconds; more than a command may take, so that a slow one is no dead peer. */
export const DEFAULT_WATCHDOG_MS = 15_000;
const KEEPALIVE_MS = 10_000;
/** Bytes, of each connection: a burst of some seventy events is one read, and what it makes is said in one write. */
const READ_BYTES = 256 * 1024;

/** A command with its headers, before it is written. */
export interface Command {
  line: string;
  headers?: Readonly<Record<string, string>>;
}

export interface ConnectionOptions {
  host: string;
  port: number;
  password: string;
  /** What follows `event json `: names, then `CUSTOM` and subclasses. Without it there are no events. */
  subscribe?: string;
  /** Header and value; an event passes that matches any of them. Set before the subscription. */
  filters?: readonly (readonly [header: string, value: string])[];
  /** Each event, parsed. What it throws is logged and goes no further. */
  onEvent?: (headers: Record<string, unknown>) => void;
  /** A frame was dropped: no event, no JSON, or of a kind that is unknown. */
  onDropped?: () => void;
  /** An open connection was lost. Not called for a {@link Connection.close}, nor where `open` has rejected. */
  onClose?: (reason: MetaflowsError) => void;
  log: Logger;
  commandTimeoutMs?: number;
  /**
   * How often to look: twice without a whole frame, or whenever an answer is awaited, and the switch is asked something;
   * it is lost after three times without a frame, or without an answer, and where the answer was to something else.
   */
  watchdogMs?: number;
}

export class Connection {
  private state: 'new' | 'greeting' | 'opening' | 'open' | 'closed' = 'new';
  private readonly replies: ReplyQueue;
  private socket: Socket | undefined;
  private watchdog: NodeJS.Timeout | undefined;
  /** Times that the watchdog has looked since the switch was last heard. */
  private silence = 0;
  /** Times that it has looked since the switch last answered what it was asked. */
  private unanswered = 0;
  private probes = 0;
  private ended: MetaflowsError | undefined;
  /** Commands that leave at the end of this turn. */
  private outgoing = '';
  /** What the switch or the system said before the connection went. */
  private farewell = 'closed by the switch';

  constructor(private readonly options: ConnectionOptions) {
    this.replies = new ReplyQueue(options.commandTimeoutMs ?? DEFAULT_COMMAND_TIMEOUT_MS);
  }

  /**
   * Resolves once authenticated, filtered and subscribed. Rejects with `auth_refused`, `acl_refused`,
   * `switch_timeout` (nobody speaks), `switch_refused` (a subscription) or `connection_lost`, and is closed then.
   */
  async open(): Promise<void> {
    const { password, filters = [], subscribe } = this.options;
    if (this.state !== 'new') throw new MetaflowsError('switch_down');
    try {
      await this.connect();
      const [auth] = await this.write([{ line: `auth ${password}` }]);
      if (!auth?.body.startsWith('+OK')) throw new MetaflowsError('auth_refused');
      const setup = filters.map(([header, value]) => ({ line: `filter ${header} ${value}` }));
      if (subscribe !== undefined) setup.push({ line: `event json ${subscribe}` });
      for (const { body } of await this.write(setup)) {
        if (!body.startsWith('+OK')) throw new MetaflowsError('switch_refused', body);
      }
      if (this.ended) throw this.ended;
    } catch (error) {
      this.end(error as MetaflowsError);
      throw error;
    }
    this.state = 'open';
    this.watchdog = setInterval(() => this.watch(), this.options.watchdogMs ?? DEFAULT_WATCHDOG_MS);
  }

  /** {@link commands} for one. */
  async command(line: string, headers?: Command['headers']): Promise<Reply> {
    const [reply] = await this.commands([{ line, ...(headers && { headers }) }]);
    return reply as Reply;
  }

  /**
   * Writes the commands in one piece and resolves with their replies, refusals too. Rejects with `invalid_command`,
   * then none was written; `switch_down` where the connection is not open; `switch_timeout`; `connection_lost`.
   */
  async commands(commands: readonly Command[]): Promise<Reply[]> {
    if (this.state !== 'open') throw new MetaflowsError('switch_down');
    return this.write(commands);
  }

  /** Ends the connection; what waits for a reply is rejected with `connection_lost`. */
  close(): void {
    this.end(new MetaflowsError('connection_lost', 'closed by the service'));
  }

  private async connect(): Promise<void> {
    const { host, port } = this.options;
    this.state = 'greeting';
    const greeting = this.replies.expect(1);
    const buffer = Buffer.alloc(READ_BYTES);
    const socket = connect({
      host,
      port,
      // Nagle's algorithm costs modesl 44 ms for each command
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEPALIVE_MS,
      onread: {
        buffer,
        callback: (length) => {
          parser.take(buffer.subarray(0, length));
          return true;
        },
      },
    });
    this.socket = socket;
    const esl = new Esl(socket);
    const parser = esl.parse({
      heard: () => (this.silence = 0),
      event: (body) => this.event(body),
      reply: (reply) => this.answer(reply),
      dropped: () => this.options.onDropped?.(),
      lost: (why) => this.lose(why),
    });
    // after a reset modesl says neither esl::end nor that it is not connected
    socket.once('close', () => this.lose(this.farewell));
    esl.on('error', (error: NodeJS.ErrnoException) => (this.farewell = error.code ?? error.name));
    esl.on('esl::event::auth::request', () => {
      if (this.state === 'greeting') this.state = 'opening';
      else this.lose('greeted twice');
      this.answer({ kind: 'command', body: '' });
    });
    esl.on('esl::event::disconnect::notice', (_event, _headers, body = '') => {
      this.farewell = body.trim().split('\n', 1)[0] ?? '';
    });
    esl.on('esl::event::raw::text/rude-rejection', () => this.end(new MetaflowsError('acl_refused'), true));
    await greeting;
  }

  /** Where `isAnswer` says that a reply is none, the connection is lost. */
  private async write(commands: readonly Command[], isAnswer?: (body: string) => boolean): Promise<Reply[]> {
    if (commands.length === 0) return [];
    const text = commands.map(encode).join('');
    // A chunk of events makes dozens of commands: they leave in one system call, which costs more than an event does.
    if (this.outgoing === '') process.nextTick(() => this.flush());
    this.outgoing += text;
    return this.replies.expect(commands.length, isAnswer);
  }

  private flush(): void {
    if (this.state !== 'closed') this.socket?.write(this.outgoing);
    this.outgoing = '';
  }

  private answer(reply: Reply): void {
    this.unanswered = 0;
    if (this.state === 'greeting' || !this.replies.answer(reply)) this.lose('a reply that nobody asked for');
  }

  private event(body: Buffer | undefined): void {
    if (this.state === 'closed') return;
    const headers = parseEvent(body);
    if (!headers) {
      this.options.onDropped?.();
      return;
    }
    try {
      this.options.onEvent?.(headers);
    } catch (error) {
      // its message may hold a digit
      this.options.log.error('an event could not be handled', { where: stackOf(error) });
    }
  }

  private watch(): void {
    this.silence++;
    this.unanswered = this.replies.pending ? this.unanswered + 1 : 0;
    if (this.silence === 3) this.lose('the switch has fallen silent');
    else if (this.unanswered === 3) this.lose('the switch answers no command');
    else if (this.silence === 2 || this.unanswered > 0) this.probe();
  }

  /** After a reply that never came, each one would go to whoever asked before, for ever: this tells. */
  private probe(): void {
    const word = `probe-${++this.probes}`;
    // a refusal is a sign of life too
    const isAnswer = (body: string) => body.trim() === word || body.startsWith('-ERR');
    this.write([{ line: `api echo ${word}` }], isAnswer).catch(() => undefined);
  }

  private lose(why: string): void {
    this.end(new MetaflowsError('connection_lost', why), true);
  }

  private end(reason: MetaflowsError, lost = false): void {
    if (this.state === 'closed') return;
    const wasOpen = this.state === 'open';
    this.state = 'closed';
    this.ended = reason;
    clearInterval(this.watchdog);
    this.socket?.destroy();
    this.replies.fail(reason);
    if (lost && wasOpen) this.options.onClose?.(reason);
  }
}

/** What comes over the wire, for whoever holds it. */
interface Wire {
  heard(): void;
  event(body: Buffer | undefined): void;
  reply(reply: Reply): void;
  dropped(): void;
  lost(why: string): void;
}

/**
 * modesl's connection, with our parser, and without its own authentication and subscriptions. It is given the socket, as if
 * the switch had called: one that modesl makes has new memory for every read, a tenth of what an event costs.
 */
class Esl extends modesl.Connection {
  parse(wire: Wire): LinearParser {
    const parser = new LinearParser(this.socket, wire);
    parser.on('esl::event', this._onEvent.bind(this));
    parser.on('error', this._onError.bind(this));
    return parser;
  }

  protected override _onConnect(): void {
    // modesl would make its own parser
  }

  override sendRecv(): void {
    // modesl would greet a switch that has called
  }
}

const KNOWN_FRAMES = new Set(['auth/request', 'text/disconnect-notice', 'text/rude-rejection']);

/**
 * modesl's parser with linear buffering and no decoding that throws; events and replies, of which there are many, do not
 * go through modesl's own.
 */
class LinearParser extends modesl.Parser {
  private readonly frames = new FrameReader((headers, body) => this.frame(headers, body));

  constructor(
    socket: Socket,
    private readonly wire: Wire,
  ) {
    super(socket);
  }

  /** Takes the next bytes in; they are read before it returns. */
  take(chunk: Buffer): void {
    try {
      this.frames.push(chunk);
    } catch (error) {
      this.wire.lost(
        error instanceof FramingLost ? error.message : `a frame could not be handled: ${stackOf(error)}`,
      );
    }
  }

  private frame(headers: Record<string, string>, body: Buffer | undefined): void {
    this.wire.heard();
    const type = headers['Content-Type'] ?? '';
    if (type === 'text/event-json') this.wire.event(body);
    else if (type === 'api/response') this.wire.reply({ kind: 'api', body: body?.toString() ?? '' });
    else if (type === 'command/reply')
      this.wire.reply({ kind: 'command', body: headers['Reply-Text'] ?? '' });
    else if (KNOWN_FRAMES.has(type)) this._parseEvent(headers, body?.toString());
    else this.wire.dropped();
  }
}

function encode({ line, headers = {} }: Command): string {
  const lines = [line, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
  // a line break would be a second command; an empty command is never answered
  if (line === '' || lines.some((each) => /[\r\n\0]/.test(each))) {
    throw new MetaflowsError('invalid_command', 'line breaks, NUL or nothing at all');
  }
  return `${lines.join('\n')}\n\n`;
}

/** Replies and notices have no Event-Name; bytes that are no UTF-8 become U+FFFD. */
function parseEvent(body: Buffer | undefined): Record<string, unknown> | undefined {
  try {
    const parsed = JSON.parse(body?.toString() ?? '') as Record<string, unknown> | null;
    return typeof parsed?.['Event-Name'] === 'string' ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Where an error came from, without its message, which may hold a digit. */
export function stackOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 5)
    .join(' ');
}
