/** The official CometD client, as Genesys's users have it. */
import { once, EventEmitter } from 'node:events';
import { CometD, type Message } from 'cometd';
import { adapt } from 'cometd-nodejs-client';

adapt();

/** What a client was told on a channel, in order. */
export class CometDClient {
  readonly told: Message[] = [];
  readonly #client = new CometD();
  readonly #arrived = new EventEmitter();

  constructor(url: string, name: string, password: string) {
    const Authorization = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
    this.#client.configure({ url, requestHeaders: { Authorization }, logLevel: 'warn' });
    this.#client.unregisterTransport('websocket');
  }

  handshake(): Promise<Message> {
    return new Promise((resolve) => this.#client.handshake(resolve));
  }

  subscribe(channel: string): Promise<Message> {
    return new Promise((resolve) => {
      this.#client.subscribe(
        channel,
        (message) => {
          this.told.push(message);
          this.#arrived.emit('message');
        },
        resolve,
      );
    });
  }

  publish(channel: string, data: object): Promise<Message> {
    return new Promise((resolve) => this.#client.publish(channel, data, resolve));
  }

  /** Resolves when so many messages have arrived since the beginning. */
  async messages(count: number): Promise<Message[]> {
    while (this.told.length < count) await once(this.#arrived, 'message');
    return this.told;
  }

  get id(): string {
    return this.#client.getClientId() ?? '';
  }

  /** Resolves when the server has ended the session: it says so, or refuses the next request. */
  ended(): Promise<void> {
    return new Promise((resolve) => {
      this.#client.addListener('/meta/disconnect', () => resolve());
      this.#client.addListener('/meta/connect', ({ successful }) => {
        if (successful !== true) resolve();
      });
    });
  }

  async disconnect(): Promise<void> {
    if (this.#client.isDisconnected()) return;
    await new Promise((resolve) => this.#client.disconnect(resolve));
  }
}
