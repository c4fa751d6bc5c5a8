/**
 * A bare event socket: live calls that cost nothing to keep, answers that are made at once, events as fast as they are
 * taken. It stands where a FreeSWITCH stands, so that what is measured is the service.
 */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import {
  beginning,
  benchCall,
  callRow,
  channelRow,
  dumpOf,
  ending,
  event,
  type BenchCall,
  type BenchLeg,
} from './legs.js';

export const PASSWORD = 'bench';
/** Milliseconds without a command after which the service is taken to have nothing more to say. */
const QUIET_MS = 300;

/** Half a second of silence as a switch writes it: what a recording's file holds as soon as it has begun. */
const AUDIO = (() => {
  const samples = Buffer.alloc(8000);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8000, 24);
  head.writeUInt32LE(16_000, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
})();

export class BareSwitch {
  /** Live calls, the oldest first. */
  readonly calls: BenchCall[] = [];
  /** Told of every `api` command, its name and arguments apart, before it is answered. */
  onCommand: ((command: string, args: string) => void) | undefined;
  private readonly legs = new Map<string, BenchLeg>();
  /** The recorders of each leg, by path. */
  private readonly recorders = new Map<string, Set<string>>();
  /** Those that recordings lie in. */
  private readonly folders = new Set<string>();
  /** mod_hash's. */
  private readonly hash = new Map<string, string>();
  private readonly sockets = new Set<Socket>();
  private listeners: Socket[] = [];
  private made = 0;
  private heardAt = 0;

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => this.serve(socket));
  }

  static async listen(): Promise<BareSwitch> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new BareSwitch(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Makes a call that nobody is told of yet. */
  add(): BenchCall {
    const call = benchCall(this.made++);
    this.calls.push(call);
    for (const leg of [call.caller, call.callee]) this.legs.set(leg.uuid, leg);
    return call;
  }

  /** Takes the oldest call away; its events are for the caller to send. */
  remove(): BenchCall | undefined {
    const call = this.calls.shift();
    if (call) {
      for (const { uuid } of [call.caller, call.callee]) {
        this.legs.delete(uuid);
        this.recorders.delete(uuid);
      }
    }
    return call;
  }

  /** Brings the number of live calls to `count` and tells it; resolves when the service has nothing more to say of it. */
  async fill(count: number): Promise<void> {
    const bodies: string[] = [];
    while (this.calls.length < count) bodies.push(...beginning(this.add()));
    while (this.calls.length > count) {
      const call = this.remove();
      if (call) bodies.push(...ending(call));
    }
    this.send(framesOf(bodies));
    await this.quiet();
  }

  /** Writes frames to whoever has subscribed to events. */
  send(frames: Buffer): void {
    for (const socket of this.listeners) socket.write(frames);
  }

  /** Resolves when all that was written has been taken, and no command has come for {@link QUIET_MS}. */
  async quiet(): Promise<void> {
    do {
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS / 3));
      if (this.listeners.some(({ writableLength }) => writableLength > 0)) this.heardAt = performance.now();
    } while (performance.now() - this.heardAt < QUIET_MS);
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private serve(socket: Socket): void {
    let input = '';
    this.sockets.add(socket);
    socket.setEncoding('utf8');
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.sockets.delete(socket);
      this.listeners = this.listeners.filter((each) => each !== socket);
    });
    socket.on('data', (text: string) => {
      this.heardAt = performance.now();
      input += text;
      const replies: string[] = [];
      let start = 0;
      for (let end = input.indexOf('\n\n'); end >= 0; end = input.indexOf('\n\n', start)) {
        replies.push(this.answer(input.slice(start, end), socket));
        start = end + 2;
      }
      input = input.slice(start);
      if (replies.length > 0) socket.write(replies.join(''));
    });
    socket.write('Content-Type: auth/request\n\n');
  }

  private answer(command: string, socket: Socket): string {
    if (command.startsWith('api ')) {
      const body = this.api(command.slice('api '.length));
      return `Content-Type: api/response\nContent-Length: ${Buffer.byteLength(body)}\n\n${body}`;
    }
    if (command.startsWith('event ')) this.listeners.push(socket);
    return 'Content-Type: command/reply\nReply-Text: +OK\n\n';
  }

  private api(line: string): string {
    const [, command = '', args = ''] = /^(\S+) ?(.*)$/s.exec(line) ?? [];
    this.onCommand?.(command, args);
    switch (command) {
      case 'expand':
        // The one client there is holds every lease.
        return this.api(args.replace(/\$\{cond\(.*?\? *(\S+) *:.*?\)\}/, '$1'));
      case 'echo':
        return args;
      case 'hash':
        return this.hashed(args);
      case 'show':
        return this.show(args);
      case 'uuid_dump': {
        const leg = this.legs.get(args.replace(' json', ''));
        return leg ? dumpOf(leg) : '-ERR No such channel!\n';
      }
      case 'uuid_setvar': {
        const [uuid = '', name = '', value] = args.split(' ');
        const leg = this.legs.get(uuid);
        if (!leg) return '-ERR No such channel!\n';
        if (value === undefined) Reflect.deleteProperty(leg.variables, name);
        else leg.variables[name] = value;
        return '+OK\n';
      }
      case 'uuid_setvar_multi': {
        const [uuid = '', pairs = ''] = args.split(' ');
        const leg = this.legs.get(uuid);
        if (!leg) return '-ERR No such channel!\n';
        for (const pair of pairs.split(';')) {
          const [name = '', value = ''] = pair.split('=');
          leg.variables[name] = value;
        }
        return '+OK\n';
      }
      case 'uuid_buglist': {
        const paths = [...(this.recorders.get(args) ?? [])];
        const bugs = paths.map(
          (path) => `<media-bug><function>session_record</function><target>${path}</target></media-bug>`,
        );
        return `<media-bugs>${bugs.join('')}</media-bugs>\n`;
      }
      case 'uuid_record':
        return this.record(args);
      case 'uptime':
        return String(Math.round(performance.now()));
      default:
        return '+OK\n';
    }
  }

  private show(what: string): string {
    const rows = what.startsWith('calls') ? this.calls.map(callRow) : [...this.legs.values()].map(channelRow);
    return JSON.stringify({ row_count: rows.length, ...(rows.length > 0 && { rows }) });
  }

  private record(args: string): string {
    const [uuid = '', verb = '', path = ''] = args.split(' ');
    const leg = this.legs.get(uuid);
    if (!leg) return '-ERR Cannot locate session!\n';
    const paths = this.recorders.get(uuid) ?? new Set();
    this.recorders.set(uuid, paths);
    if (verb === 'start') {
      const folder = dirname(path);
      if (!this.folders.has(folder)) mkdirSync(folder, { recursive: true });
      this.folders.add(folder);
      writeFileSync(path, AUDIO);
      paths.add(path);
      const id = /metaflows_recording=([\w-]+)/.exec(args)?.[1] ?? '';
      this.tell('RECORD_START', leg, {
        'Record-File-Path': path,
        'Recording-Variable-metaflows_recording': id,
      });
    } else if (!paths.has(path)) {
      return `-ERR Cannot ${verb} record session!\n`;
    } else if (verb === 'stop') {
      paths.delete(path);
      this.tell('RECORD_STOP', leg, { 'Record-File-Path': path, variable_record_ms: '500' });
    }
    return '+OK Success\n';
  }

  private hashed(args: string): string {
    const [verb = '', realm = '', key = '', value = ''] = args.split('/');
    const name = `${realm}/${key}`;
    const there = this.hash.get(name);
    if (verb === 'select') return there ?? '';
    if (verb === 'insert_ifempty' && there !== undefined) return '-ERR key already exists\n';
    if (verb.startsWith('insert')) {
      this.hash.set(name, value);
      return '+OK\n';
    }
    if (verb === 'delete_ifmatch' && there !== value) return "-ERR Doesn't match\n";
    return this.hash.delete(name) ? '+OK\n' : '-ERR Not found\n';
  }

  private tell(name: string, leg: BenchLeg, more: Record<string, string>): void {
    this.send(framesOf([event(name, leg, more)]));
  }
}

/** Events as they stand on the wire. */
export function framesOf(bodies: readonly string[]): Buffer {
  return Buffer.from(
    bodies
      .map((body) => `Content-Length: ${Buffer.byteLength(body)}\nContent-Type: text/event-json\n\n${body}`)
      .join(''),
  );
}
