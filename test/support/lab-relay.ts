import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A port in front of a server: another can take the place of the one behind it. */
export class Relay {
  private readonly server = createServer((socket) => this.join(socket));
  private readonly sockets = new Set<Socket>();
  private onPassed: ((chunk: Buffer) => void) | undefined;

  /** Takes what is said to it, and passes nothing on. */
  silent = false;

  /** `port` is where it passes on to, and may be changed. */
  constructor(public port: number) {}

  /** Listens on a port that the system chooses, or on one that it had before. */
  async open(port = 0): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.cut();
    await closed;
  }

  /** Ends every connection. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /**
   * Breaks every connection off right after the write in which `said` is passed on, as when the client is killed then;
   * resolves when it has. There is nothing behind the port any more until {@link port} is set.
   */
  cutAfter(said: RegExp): Promise<void> {
    return new Promise((resolve) => {
      this.onPassed = (chunk) => {
        if (!said.test(chunk.toString())) return;
        this.onPassed = undefined;
        this.port = 0;
        for (const socket of this.sockets) socket.resetAndDestroy();
        resolve();
      };
    });
  }

  /** Somebody has connected. */
  protected join(client: Socket): void {
    const target = connect({ host: '127.0.0.1', port: this.port });
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    this.pass(client, target);
  }

  /** Passes on what each of the two says. */
  protected pass(client: Socket, target: Socket): void {
    client.on('data', (chunk) => this.silent || target.write(chunk, () => this.onPassed?.(chunk)));
    target.on('data', (chunk) => this.silent || client.write(chunk));
  }
}
