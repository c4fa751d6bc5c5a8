/** The least that can be asked of an event socket: no reconnection, no timeouts, no parsing but the framing. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { FrameReader } from '../src/switch/frames.js';
import { PASSWORD } from './switch.js';

export class BareClient {
  private readonly waiting: ((body: string) => void)[] = [];

  private constructor(private readonly socket: Socket) {
    const frames = new FrameReader((_headers, body) => this.waiting.shift()?.(body?.toString() ?? ''));
    socket.on('data', (chunk) => frames.push(chunk));
  }

  static async connect(port: number): Promise<BareClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const client = new BareClient(socket);
    const greeted = new Promise<string>((resolve) => client.waiting.push(resolve));
    await once(socket, 'connect');
    await greeted;
    await client.command(`auth ${PASSWORD}`);
    return client;
  }

  api(command: string): Promise<string> {
    return this.command(`api ${command}`);
  }

  close(): void {
    this.socket.destroy();
  }

  private command(line: string): Promise<string> {
    const reply = new Promise<string>((resolve) => this.waiting.push(resolve));
    this.socket.write(`${line}\n\n`);
    return reply;
  }
}
