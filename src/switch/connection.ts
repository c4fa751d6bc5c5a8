/**
 * One connection to a FreeSWITCH event socket: what state it is in, who waits for a reply, and whether the switch lives.
 *
 *   new ──open()──► greeting ──auth/request──► opening ──authenticated, filtered, subscribed──► open
 *                      └───────────────────────────┴───────────── closed ◄── lost, or close() ───┘
 *
 * A connection is opened once. Whoever wants another makes another: modesl cannot reconnect.
 */
import { isAscii } from 'node:buffer';
import type { Socket } from 'node:net';
import type { Logger } from 'winston';
import { MetaflowsError, stackOf } from '../errors.js';
import { connectEsl } from './esl.js';
import { ReplyQueue, type Reply } from './replies.js';

/** Milliseconds. `uuid_record … start` holds the socket for up to 2 s; five times that is a switch in trouble. */
export const DEFAULT_COMMAND_TIMEOUT_MS = 10_000;
/** Milliseconds; more than a command may take, so that a slow one is no dead peer. */
export const DEFAULT_WATCHDOG_MS = 15_000;

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
    this.socket = connectEsl(host, port, {
      heard: () => (this.silence = 0),
      greeted: () => {
        if (this.state === 'greeting') this.state = 'opening';
        else this.lose('greeted twice');
        this.answer({ kind: 'command', body: '' });
      },
      refused: () => this.end(new MetaflowsError('acl_refused'), true),
      event: (body) => this.event(body),
      reply: (reply) => this.answer(reply),
      dropped: () => this.options.onDropped?.(),
      lost: (why) => this.lose(why),
    });
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
    const parsed = JSON.parse(body ? textOf(body) : '') as Record<string, unknown> | null;
    return typeof parsed?.['Event-Name'] === 'string' ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Nearly all events are ASCII, which takes half the time to read as Latin-1. */
function textOf(body: Buffer): string {
  return body.toString(isAscii(body) ? 'latin1' : 'utf8');
}
