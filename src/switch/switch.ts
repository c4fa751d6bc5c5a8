/**
 * One FreeSWITCH: its event sockets, kept open for ever.
 *
 *   down ──all sockets open──► up ──one is lost: all are closed──► down ──backoff──► …
 *
 * Events have connections of their own, so that a slow `api` never delays them; commands of one key go over the same
 * one, in order.
 */
import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'winston';
import { MetaflowsError, stackOf, type ErrorCode } from '../errors.js';
import { backoff, failuresAfter } from './backoff.js';
import { SwitchClock } from './clock.js';
import { assertAccepted, isUuid, type ApiCommand } from './commands.js';
import { Connection, type Command, type ConnectionOptions } from './connection.js';
import type { Snapshot, SwitchEvent } from './events.js';
import { acts, askHolder, fenced, fencedData, valueOf } from './fence.js';
import { eventOf, isOurs, OUR_EXECUTE, type RawEvent } from './parse.js';
import { snapshotOf } from './snapshot.js';
import { EVENTS, MESSAGES, MESSAGE_TEXT, type Message } from './subscription.js';
import type { SwitchAddress } from './url.js';

const COMMAND_CONNECTIONS = 3;
/**
 * Milliseconds that `show` may be behind the calls: its rows are gathered for 40 × 5 ms before they are written
 * (`switch_core_sqldb.c`, switch_user_sql_thread); seen: up to 240.
 */
const SHOW_LAG_MS = 500;

export interface SwitchOptions
  extends SwitchAddress, Pick<ConnectionOptions, 'commandTimeoutMs' | 'watchdogMs'> {
  log: Logger;
  /** The time that a command took, by its name. */
  onLatency?: (command: string, ms: number) => void;
  /** An event was dropped: unknown or malformed. */
  onDropped?: () => void;
}

interface SwitchEvents {
  /** Only between `up` and `down`. */
  event: [event: SwitchEvent];
  up: [];
  /** It was up and is no more, or cannot be reached for another reason than before. */
  down: [code: ErrorCode, detail: string];
  /** The switch did not run a command because somebody else holds its lease. */
  fenced: [];
  /** An instance says something, this one too; it came over the event socket, which nobody in a call can reach. */
  message: [kind: Message, text: string];
}

export class Switch extends EventEmitter<SwitchEvents> {
  /** `host:port`. */
  readonly id: string;
  /**
   * The holder of the lease as whom commands that change something are given: the switch refuses them while it is not.
   * Missing where the switch knows of no leases.
   */
  holder: string | undefined;
  /** Milliseconds that the newest command took to be answered; undefined before the first. */
  latencyMs: number | undefined;
  private readonly log: Logger;
  private readonly clock = new SwitchClock();
  private leaseConnection: Connection | undefined;
  private commandConnections: Connection[] = [];
  private up = false;
  /** By the process's clock, milliseconds. */
  private upAt = 0;
  /** What came before `up` was told. */
  private early: SwitchEvent[] = [];
  private downFor: string | undefined;
  private lose: (reason: MetaflowsError) => void = () => undefined;
  private readonly closing = new AbortController();
  private running: Promise<void> | undefined;

  constructor(private readonly options: SwitchOptions) {
    super();
    this.id = `${options.host.includes(':') ? `[${options.host}]` : options.host}:${options.port}`;
    this.log = options.log.child({ switch: this.id });
  }

  get connected(): boolean {
    return this.up;
  }

  /** What time it is by the switch's own clock: epoch, milliseconds. */
  now(): number {
    return this.clock.now();
  }

  /** Connects, and again and again, until {@link close}. */
  start(): void {
    this.running ??= this.run();
  }

  /** Gives the connections up and makes new ones, for whoever cannot go on with what it knows of the switch. */
  reconnect(): void {
    this.lose(new MetaflowsError('connection_lost', 'given up'));
  }

  /** Ends all connections; resolves when nothing is left. */
  async close(): Promise<void> {
    this.closing.abort();
    this.lose(new MetaflowsError('shutting_down'));
    await this.running;
  }

  /**
   * Runs an `api` command; resolves with its reply, trimmed, a refusal too. Rejects with `switch_down`,
   * `switch_timeout`, `connection_lost` or `invalid_command`. Commands with the same key arrive in order.
   */
  async api(key: string, command: string, args = ''): Promise<string> {
    const [reply] = await this.apis(key, [{ command, args }]);
    return reply as string;
  }

  /**
   * {@link api} for several commands in one write: between two of them the switch does as little as it can. Rejects with
   * `not_acting` too, where somebody else holds the lease: then none, or only the first, were run.
   */
  async apis(key: string, commands: readonly ApiCommand[]): Promise<string[]> {
    const { holder } = this;
    const connection = this.connectionFor(key);
    const given = commands.map((each) =>
      acts(each) && (holder !== undefined || each.first) ? fenced(each, holder) : each,
    );
    const began = performance.now();
    const replies = await apisOver(connection, given);
    this.took(commands[0]?.command ?? '', began);
    const isRefused = commands.some((each, index) => acts(each) && !replies[index]?.startsWith('+OK'));
    if (holder !== undefined && isRefused) await this.assertHolder(connection, holder);
    return replies;
  }

  /** {@link apis} over a connection of its own, which no slow command holds up; never fenced. */
  async leaseApis(commands: readonly ApiCommand[]): Promise<string[]> {
    if (!this.leaseConnection) throw new MetaflowsError('switch_down', this.id);
    return apisOver(this.leaseConnection, commands);
  }

  /** Says something to the other instances, in any characters. Rejects as {@link api} does, and with `switch_refused`. */
  async say(kind: Message, text: string): Promise<void> {
    const headers = { 'Event-Subclass': kind, [MESSAGE_TEXT]: Buffer.from(text).toString('base64') };
    const [reply] = await this.connectionFor('').commands([{ line: 'sendevent CUSTOM', headers }]);
    assertAccepted(reply?.body ?? '');
  }

  /**
   * Runs an application on a leg, once with each of `data`, after those that were sent before: the switch queues them and
   * answers at once (`switch_core_session_queue_private_event`). An `event-lock` would order only what reads the queue while
   * it runs, which no application of ours does. Rejects as {@link api} does, and with `call_gone`.
   */
  async execute(key: string, uuid: string, application: string, data: readonly string[]): Promise<void> {
    if (!isUuid(uuid)) throw new MetaflowsError('invalid_command', 'no id of a leg');
    const { holder } = this;
    const commands = data.map((each): Command => ({
      line: `sendmsg ${uuid}`,
      headers: {
        'call-command': 'execute',
        'execute-app-name': application,
        'execute-app-arg': holder === undefined ? each : fencedData(each, holder),
        'event-uuid': OUR_EXECUTE,
      },
    }));
    const began = performance.now();
    const replies = await this.connectionFor(key).commands(commands);
    this.took(application, began);
    for (const { body } of replies) assertAccepted(body);
  }

  /**
   * All legs and bridges, no older than the events: what was before them is waited for. A leg that ends meanwhile is
   * left out. Rejects as {@link api} does, and with `switch_refused`.
   */
  async snapshot(): Promise<Snapshot> {
    const lagMs = Math.ceil(this.upAt + SHOW_LAG_MS - performance.now());
    return snapshotOf({
      apis: (key, commands) => this.apis(key, commands),
      heard: (at) => this.clock.heard(at),
      // A timer may be a millisecond early.
      caughtUp: lagMs > 1 ? this.pause(lagMs) : undefined,
    });
  }

  private async run(): Promise<void> {
    let failures = 0;
    while (!this.closing.signal.aborted) {
      const { reason, upMs } = await this.session();
      if (reason.code === 'shutting_down') return;
      this.tellDown(reason);
      failures = failuresAfter(failures, upMs);
      await this.pause(backoff(failures, Math.random()));
    }
  }

  /** Opens all connections, is up until one is lost, closes all, and resolves with why. */
  private async session(): Promise<{ reason: MetaflowsError; upMs: number }> {
    const lost = new Promise<MetaflowsError>((resolve) => (this.lose = resolve));
    const connection = (more: Partial<ConnectionOptions> = {}) =>
      new Connection({ ...this.options, ...more, log: this.log, onClose: this.lose });
    const commands = Array.from({ length: COMMAND_CONNECTIONS }, () => connection());
    const lease = connection();
    const events = connection({ ...EVENTS, onEvent: (raw) => isOurs(raw) || this.take(raw) });
    // events last, so that hardly any come before all is up; one by one: a wrong password is tried once
    const all = [...commands, lease, events];
    try {
      this.clock.connected();
      const failed = await Promise.race([openAll(all), lost]);
      if (failed) return { reason: failed, upMs: 0 };
      this.upAt = performance.now();
      this.commandConnections = commands;
      this.leaseConnection = lease;
      this.tellUp();
      return { reason: await lost, upMs: performance.now() - this.upAt };
    } catch (error) {
      return { reason: error as MetaflowsError, upMs: 0 };
    } finally {
      this.up = false;
      this.early = [];
      this.commandConnections = [];
      this.leaseConnection = undefined;
      for (const each of all) each.close();
    }
  }

  /** Ends early when all ends. */
  private async pause(ms: number): Promise<void> {
    await delay(Math.max(0, ms), undefined, { signal: this.closing.signal }).catch(() => undefined);
  }

  private take(raw: RawEvent): void {
    const kind = raw['Event-Name'] === 'CUSTOM' && MESSAGES.find((each) => each === raw['Event-Subclass']);
    if (kind) {
      const text = raw[MESSAGE_TEXT];
      if (typeof text === 'string') this.emit('message', kind, Buffer.from(text, 'base64').toString());
      return;
    }
    const event = eventOf(raw);
    if (event) this.clock.heard(event.at);
    if (!event) this.options.onDropped?.();
    else if (this.up) this.emit('event', event);
    else this.early.push(event);
  }

  private tellUp(): void {
    this.up = true;
    this.downFor = undefined;
    this.log.info('switch connected');
    this.tell(() => this.emit('up'));
    for (const event of this.early.splice(0)) this.tell(() => this.emit('event', event));
  }

  private tellDown({ code, detail = '' }: MetaflowsError): void {
    const why = `${code} ${detail}`;
    if (this.downFor === why) return;
    this.downFor = why;
    this.log.warn('switch not connected', { code, detail });
    this.tell(() => this.emit('down', code, detail));
  }

  /** A listener that throws must not end the connection. */
  private tell(emit: () => void): void {
    try {
      emit();
    } catch (error) {
      this.log.error('a listener of the switch failed', { where: stackOf(error) });
    }
  }

  private connectionFor(key: string): Connection {
    let hash = 0;
    for (let at = 0; at < key.length; at++) hash = (hash * 31 + key.charCodeAt(at)) >>> 0;
    const connection = this.commandConnections[hash % COMMAND_CONNECTIONS];
    if (!connection) throw new MetaflowsError('switch_down', this.id);
    return connection;
  }

  /** A refused command may be one that the switch would not run for anybody but the holder of the lease. */
  private async assertHolder(connection: Connection, holder: string): Promise<void> {
    const [reply = ''] = await apisOver(connection, [askHolder]);
    if (valueOf(reply) === holder) return;
    this.emit('fenced');
    throw new MetaflowsError('not_acting', this.id);
  }

  private took(command: string, began: number): void {
    const ms = performance.now() - began;
    this.latencyMs = Math.round(ms);
    this.options.onLatency?.(command, ms);
  }
}

async function apisOver(connection: Connection, commands: readonly ApiCommand[]): Promise<string[]> {
  const lines = commands.map(({ command, args }) => ({
    line: args === '' ? `api ${command}` : `api ${command} ${args}`,
  }));
  const replies = await connection.commands(lines);
  return replies.map(({ body }) => body.trim());
}

async function openAll(connections: readonly Connection[]): Promise<undefined> {
  for (const connection of connections) await connection.open();
  return undefined;
}
