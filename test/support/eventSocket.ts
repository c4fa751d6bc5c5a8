import { EventEmitter, once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A command as it came: its line, and the headers below it. */
export interface Received {
  line: string;
  headers: Record<string, string>;
}

/** What to answer: the body of an `api`, the Reply-Text of another command; `undefined` answers nothing by itself. */
export type Script = (command: Received, peer: Peer) => string | undefined;

export const PASSWORD = 'secret-ClueCon';
const GREETING = 'Content-Type: auth/request\n\n';

/** What a switch in good order answers. */
export function standard({ line }: Received): string {
  if (line.startsWith('api echo ')) return line.slice('api echo '.length);
  if (!line.startsWith('auth ')) return '+OK';
  return line === `auth ${PASSWORD}` ? '+OK accepted' : '-ERR invalid';
}

/** One client of an {@link EventSocket}. */
export class Peer extends EventEmitter<{ command: [Received] }> {
  readonly received: Received[] = [];
  /** What came in one piece. */
  readonly chunks: string[] = [];
  /** When the connection is gone. */
  readonly closed: Promise<unknown>;
  private input = '';

  constructor(
    readonly socket: Socket,
    private readonly script: Script,
  ) {
    super();
    socket.setNoDelay(true);
    this.closed = once(socket, 'close').catch(() => undefined);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => this.read(chunk.toString()));
  }

  /** Bytes as they are. */
  send(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** A `command/reply`. */
  reply(text: string): void {
    this.send(`Content-Type: command/reply\nReply-Text: ${text}\n\n`);
  }

  /** An `api/response`. */
  api(body: string): void {
    this.send(`Content-Type: api/response\nContent-Length: ${Buffer.byteLength(body)}\n\n${body}`);
  }

  event(headers: object): void {
    this.send(eventFrame(JSON.stringify(headers)));
  }

  /** The first command, already here or to come, whose line begins so. */
  async command(start: string): Promise<Received> {
    for (;;) {
      const found = this.received.find(({ line }) => line.startsWith(start));
      if (found) return found;
      await once(this, 'command');
    }
  }

  get lines(): string[] {
    return this.received.map(({ line }) => line);
  }

  private read(text: string): void {
    this.chunks.push(text);
    this.input += text;
    for (let end = this.input.indexOf('\n\n'); end >= 0; end = this.input.indexOf('\n\n')) {
      const [line = '', ...rest] = this.input.slice(0, end).split('\n');
      this.input = this.input.slice(end + 2);
      const headers = Object.fromEntries(
        rest.map((each) => each.split(/: (.*)/s).slice(0, 2) as [string, string]),
      );
      const command = { line, headers };
      this.received.push(command);
      const answer = this.script(command, this);
      if (answer !== undefined) {
        if (line.startsWith('api ')) this.api(answer);
        else this.reply(answer);
      }
      this.emit('command', command);
    }
  }
}

/** An event socket that says what a test has it say, for the faults that no real switch shows on demand. */
export class EventSocket extends EventEmitter<{ peer: [Peer] }> {
  readonly peers: Peer[] = [];

  readonly port: number;
  private greeting: string | Buffer = GREETING;

  private constructor(
    private readonly server: Server,
    private script: Script,
  ) {
    super();
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (socket) => {
      const peer = new Peer(socket, (command, self) => this.script(command, self));
      this.peers.push(peer);
      peer.send(this.greeting);
      this.emit('peer', peer);
    });
  }

  /** On a port that the system chooses, or on one where another has listened before. */
  static async listen(script: Script = standard, port = 0): Promise<EventSocket> {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new EventSocket(server, script);
  }

  /** Answers like that from now on. */
  answer(script: Script, greeting: string | Buffer = GREETING): void {
    this.script = script;
    this.greeting = greeting;
  }

  /** Answers {@link standard}ly but for lines that begin so. */
  answerTo(start: string, script: Script): void {
    this.answer((command, peer) =>
      command.line.startsWith(start) ? script(command, peer) : standard(command),
    );
  }

  /** The client of that number, connected or to come. */
  async peer(index = 0): Promise<Peer> {
    for (;;) {
      const peer = this.peers[index];
      if (peer) return peer;
      await once(this, 'peer');
    }
  }

  /** Ends every connection, with a reset; goes on listening. */
  reset(): void {
    for (const { socket } of this.peers) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    for (const { socket } of this.peers) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}

export function eventFrame(body: string | Buffer): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([
    Buffer.from(`Content-Length: ${bytes.length}\nContent-Type: text/event-json\n\n`),
    bytes,
  ]);
}
