/** What `esl.ts` uses of modesl 1.2.1, which has no types (`node_modules/modesl/lib/esl`). */
declare module 'modesl' {
  import type { Socket } from 'node:net';

  type Headers = Record<string, string>;
  type Listener = (event: unknown, headers: Headers, body: string | undefined) => void;

  namespace modesl {
    class Parser {
      constructor(socket: Socket);
      protected _parseEvent(headers: Headers, body?: string): void;
      on(event: 'esl::event', listener: Listener): this;
      on(event: 'error', listener: (error: Error) => void): this;
    }

    class Connection {
      /** On a socket that a switch has opened: calls {@link _onConnect}, and {@link sendRecv} to greet it. */
      constructor(socket: Socket);
      socket: Socket;
      sendRecv(): void;
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
