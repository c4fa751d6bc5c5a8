/** Connections to an event socket that says what a test has it say, and what becomes of them. */
import { expect } from 'chai';
import { isMetaflowsError, type ErrorCode } from '../../src/errors.js';
import { Connection, type ConnectionOptions } from '../../src/switch/connection.js';
import { EventSocket, PASSWORD, type Peer } from './eventSocket.js';
import { capturingLog } from './log.js';

type Options = Partial<ConnectionOptions>;

export class Connections {
  private readonly opened: Connection[] = [];
  private readonly logged = capturingLog();
  /** What was logged. */
  readonly lines = this.logged.lines;

  private constructor(readonly socket: EventSocket) {}

  static async start(): Promise<Connections> {
    return new Connections(await EventSocket.listen());
  }

  make(options: Options = {}): Connection {
    const connection = new Connection({
      host: '127.0.0.1',
      port: this.socket.port,
      password: PASSWORD,
      log: this.logged.log,
      ...options,
    });
    this.opened.push(connection);
    return connection;
  }

  async open(options: Options = {}): Promise<[Connection, Peer]> {
    const index = this.socket.peers.length;
    const connection = this.make(options);
    await connection.open();
    return [connection, await this.socket.peer(index)];
  }

  /** A connection with what came of its events, and a way to wait for one. */
  async listening(options: Options = {}) {
    const events: Record<string, unknown>[] = [];
    let dropped = 0;
    let heard: () => void = () => undefined;
    const [connection, peer] = await this.open({
      subscribe: 'DTMF',
      onEvent: (event) => {
        events.push(event);
        heard();
      },
      onDropped: () => dropped++,
      ...options,
    });
    const event = () => new Promise<void>((resolve) => (heard = resolve));
    return { connection, peer, events, event, dropped: () => dropped };
  }

  /** The password is in no line that was logged. */
  async close(): Promise<void> {
    for (const connection of this.opened) connection.close();
    await this.socket.close();
    expect(this.lines.join()).not.to.contain(PASSWORD);
  }
}

/** The error that a promise is rejected with, as its code. */
export async function codeOf(promise: Promise<unknown>): Promise<ErrorCode | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    expect(isMetaflowsError(error), String(error)).to.equal(true);
    return (error as { code: ErrorCode }).code;
  }
}

/** What to give a connection, to hear why it was lost. */
export function losing(): { onClose: NonNullable<ConnectionOptions['onClose']>; lost: Promise<string> } {
  let onClose: NonNullable<ConnectionOptions['onClose']> = () => undefined;
  const lost = new Promise<string>((resolve) => {
    onClose = ({ code, detail = '' }) => resolve(`${code} ${detail}`);
  });
  return { onClose, lost };
}
