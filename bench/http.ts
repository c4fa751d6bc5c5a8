/** Requests a second on kept-alive connections, asked with as little work as can be, and what stands beside them. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';

/** Requests under way at a time. */
export const CONNECTIONS = 16;

export interface Request {
  method: 'GET' | 'POST';
  /** The path of the `n`th request. */
  path: (n: number) => string;
  headers?: Record<string, string>;
  body?: string;
}

/** Requests a second, measured for `ms` milliseconds. Rejects where one is not answered with 200. */
export async function requestRate(url: string, request: Request, ms: number): Promise<number> {
  const { hostname, port } = new URL(url);
  const { method, path, headers = {}, body = '' } = request;
  const head = Object.entries({
    Host: hostname,
    ...headers,
    'Content-Length': String(Buffer.byteLength(body)),
  })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  let asked = 0;
  let answered = 0;
  const began = performance.now();
  const worker = async () => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, 'connect');
    const failed = new Promise<never>((_, reject) => socket.once('error', reject));
    let answer: (() => void) | undefined;
    let refuse: ((error: Error) => void) | undefined;
    let input = '';
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      input += text;
      const end = input.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(input)?.[1] ?? 0);
      if (end < 0 || input.length < end + 4 + length) return;
      if (input.startsWith('HTTP/1.1 200')) answer?.();
      else refuse?.(new Error(input.slice(0, end)));
      input = '';
    });
    while (performance.now() - began < ms) {
      const done = new Promise<void>((resolve, reject) => ([answer, refuse] = [resolve, reject]));
      socket.write(`${method} ${path(asked++)} HTTP/1.1\r\n${head}\r\n${body}`);
      await Promise.race([done, failed]);
      answered++;
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  return (answered / (performance.now() - began)) * 1000;
}

/** A process that does one thing, for as long as it is asked to. */
export interface Bare<Asked, Told> {
  ask(what: Asked): Promise<Told>;
  close(): Promise<void>;
}

/** Starts `bare-express.ts` or `bare-put.ts`. */
export function startBare<Asked, Told>(name: 'express' | 'put'): Bare<Asked, Told> {
  const child = fork(fileURLToPath(new URL(`bare-${name}.ts`, import.meta.url)), {
    execArgv: ['--import', 'tsx'],
  });
  return {
    async ask(what) {
      const told = once(child, 'message');
      child.send(what as object);
      return (await told)[0] as Told;
    },
    async close() {
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}
