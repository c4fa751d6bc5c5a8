/** What `connection.ts` uses of modesl 1.2.1, which has no types (`node_modules/modesl/lib/esl`). */
declare module 'modesl' {
  import type { Socket } from 'node:net';

  type Headers = Record<string, string>;
  type Listener = (event: unknown, headers: Headers, body: string | undefined) => void;

  namespace modesl {
    class Parser {
      constructor(socket: Socket);
      protected _onData(chunk: Buffer): void;
      protected _parseEvent(headers: Headers, body?: string): void;
      on(event: 'esl::event', listener: Listener): this;
      on(event: 'error', listener: (error: Error) => void): this;
    }

    class Connection {
      /** Connects at once. */
      constructor(host: string, port: number, password: string);
      /** `null` as soon as the other side has ended. */
      socket: Socket | null;
      protected parser: Parser;
      protected connecting: boolean;
      protected _onConnect(): void;
      protected _onEvent: Listener;
      protected _onError(error: Error): void;
      on(event: 'error', listener: (error: Error) => void): this;
      on(event: `esl::${string}`, listener: Listener): this;
    }
  }

  // no named exports: modesl is a CommonJS module
  export default modesl;
}
