/**
 * An event socket over modesl: the only file that knows modesl, and with `connection.ts` the place where each of its
 * faults is worked round (a test each, in `test/switch/esl.test.ts`).
 */
import { connect, type Socket } from 'node:net';
import modesl from 'modesl';
import { stackOf } from '../errors.js';
import { FrameReader, FramingLost } from './frames.js';
import type { Reply } from './replies.js';

const KEEPALIVE_MS = 10_000;
/** Bytes, of each connection: a burst of some seventy events is one read, and what it makes is said in one write. */
const READ_BYTES = 256 * 1024;
const KNOWN_FRAMES = new Set(['auth/request', 'text/disconnect-notice', 'text/rude-rejection']);

/** What comes over the wire, for whoever holds it. */
export interface Wire {
  /** A whole frame came, of whatever kind. */
  heard(): void;
  /** The switch asks who is there. */
  greeted(): void;
  /** The switch does not speak with this address. */
  refused(): void;
  /** The body is valid during the call only. */
  event(body: Buffer | undefined): void;
  reply(reply: Reply): void;
  /** A frame of an unknown kind. */
  dropped(): void;
  /** The wire is of no further use, or gone; may come more than once. `why` holds no digits. */
  lost(why: string): void;
}

/** Connects to an event socket. Whoever holds the socket writes to it and ends it. */
export function connectEsl(host: string, port: number, wire: Wire): Socket {
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
  /** What the switch or the system said before the connection went. */
  let farewell = 'closed by the switch';
  const esl = new Esl(socket);
  const parser = esl.parse(wire);
  // after a reset modesl says neither esl::end nor that it is not connected
  socket.once('close', () => wire.lost(farewell));
  esl.on('error', (error: NodeJS.ErrnoException) => (farewell = error.code ?? error.name));
  esl.on('esl::event::auth::request', () => wire.greeted());
  esl.on('esl::event::disconnect::notice', (_event, _headers, body = '') => {
    farewell = body.trim().split('\n', 1)[0] ?? '';
  });
  esl.on('esl::event::raw::text/rude-rejection', () => wire.refused());
  return socket;
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
