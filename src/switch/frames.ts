/**
 * Cuts the bytes of an event socket into frames: a head of `Name: value` lines, an empty line, and as many bytes of
 * body as `Content-Length` says. Linear in the size of a frame, however it is split (modesl copies all it has for
 * every chunk, 8 s for 40 MB); decodes nothing, so that nothing in a head can throw (modesl's decodeURIComponent).
 */

/** Bytes. A reply is at most 1 KiB (mod_event_socket.c, `listener_run`). */
const MAX_HEAD = 16 * 1024;
/** Bytes. `show channels as json` of 100,000 legs is about that. */
const MAX_BODY = 64 * 1024 * 1024;

const LF = 0x0a;
const HEAD_END = Buffer.from('\n\n');
const NAME = /^[A-Za-z][\w-]*$/;

/** Whose end is where cannot be told any more: the connection is of no further use. */
export class FramingLost extends Error {
  override readonly name = 'FramingLost';
}

/** The body is valid during the call only, and may be a part of the chunk. */
export type FrameListener = (headers: Record<string, string>, body: Buffer | undefined) => void;

export class FrameReader {
  /** The beginning of a head. */
  private rest: Buffer | undefined;
  /** A body that is under way. */
  private body: { headers: Record<string, string>; bytes: Buffer; filled: number } | undefined;

  constructor(private readonly listener: FrameListener) {}

  /**
   * Takes the next bytes in, keeps nothing of the chunk itself, and hands on each frame that is complete. Throws
   * {@link FramingLost}.
   */
  push(chunk: Buffer): void {
    let at = 0;
    if (this.body) {
      at = chunk.copy(this.body.bytes, this.body.filled);
      this.body.filled += at;
      if (this.body.filled < this.body.bytes.length) return;
      const { headers, bytes } = this.body;
      this.body = undefined;
      this.listener(headers, bytes);
    } else if (this.rest) {
      chunk = Buffer.concat([this.rest, chunk]);
      this.rest = undefined;
    }
    while (at < chunk.length) at = this.frame(chunk, at);
  }

  /** Reads one frame, or what there is of it, and says where the next one begins. */
  private frame(chunk: Buffer, start: number): number {
    // a Reply-Text that ends with a line break leaves one over
    if (chunk[start] === LF) return start + 1;
    const end = chunk.indexOf(HEAD_END, start);
    if ((end === -1 ? chunk.length : end) - start > MAX_HEAD) throw new FramingLost('a head without end');
    if (end === -1) {
      this.rest = Buffer.from(chunk.subarray(start));
      return chunk.length;
    }
    const headers = parseHead(chunk.toString('utf8', start, end));
    const first = end + HEAD_END.length;
    const length = bodyLength(headers);
    if (length === 0) {
      this.listener(headers, undefined);
      return first;
    }
    const next = first + length;
    if (next <= chunk.length) {
      this.listener(headers, chunk.subarray(first, next));
      return next;
    }
    const bytes = Buffer.allocUnsafe(length);
    this.body = { headers, bytes, filled: chunk.copy(bytes, 0, first) };
    return chunk.length;
  }
}

function parseHead(text: string): Record<string, string> {
  const headers = Object.create(null) as Record<string, string>;
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (colon === -1 || !NAME.test(name)) throw new FramingLost('a line that is no header');
    const value = line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (headers[name] !== undefined && headers[name] !== value) throw new FramingLost('a header twice');
    headers[name] = value;
  }
  return headers;
}

function bodyLength(headers: Record<string, string>): number {
  const text = headers['Content-Length'] ?? '0';
  const length = /^\d{1,15}$/.test(text) ? Number(text) : Infinity;
  if (length > MAX_BODY) throw new FramingLost('a Content-Length that cannot be');
  return length;
}
