/** HTTP as bytes: what no client library would let a test send. */
import { connect } from 'node:net';

/** An answer as it came; no status where there was none, or nothing that is one. */
export interface Answer {
  status: number | undefined;
  headers: Map<string, string>;
  body: string;
}

/** Milliseconds: nothing that is asked here takes nearly as long. */
const LIMIT_MS = 10_000;

/**
 * Sends the pieces, one after the other, and resolves with the answer when the server has ended the connection, or has
 * begun a stream without end. Rejects where neither comes. `cut` says that nothing more is to come, for pieces that are no
 * whole request.
 */
export function exchange(port: number, pieces: readonly (Buffer | string)[], cut = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(parsed(Buffer.concat(chunks).toString('latin1')));
    };
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer to ${JSON.stringify(pieces.map(String).join('').slice(0, 2000))}`));
    }, LIMIT_MS);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (chunk.includes('text/event-stream')) done();
    });
    // the server may end it while there is more to send
    socket.on('error', done);
    socket.on('close', done);
    socket.on('connect', () => {
      for (const piece of pieces) socket.write(piece);
      if (cut) socket.end();
    });
  });
}

function parsed(text: string): Answer {
  const [, status, head = '', body = ''] =
    /^HTTP\/1\.1 (?!1\d\d)(\d{3})[^\r]*\r\n(.*?)\r\n\r\n(.*)$/s.exec(
      text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, ''),
    ) ?? [];
  const headers = new Map(
    head.split('\r\n').map((line) => {
      const [, name = '', value = ''] = /^([^:]*): ?(.*)$/.exec(line) ?? [];
      return [name.toLowerCase(), value] as const;
    }),
  );
  return {
    status: status === undefined ? undefined : Number(status),
    headers,
    body: Buffer.from(body, 'latin1').toString(),
  };
}
