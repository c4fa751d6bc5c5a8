/**
 * Where this service cannot see the switch's disk, the switch sends each finished file over HTTP (`http_put` of
 * mod_http_cache), with a link that is good for one recording, once, and not for long.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MetaflowsError } from '../errors.js';

/** A link is used as soon as it is made: longer than a connection takes whose first two packets were lost. */
const GOOD_FOR_MS = 10_000;
/** Two channels of 16 bits at 48 kHz: no recording is larger. */
const BYTES_PER_SECOND = 192_000;
/** For headers and tags. */
const EXTRA_BYTES = 65_536;

/** A recording whose file is expected. */
export interface Expected {
  id: string;
  /** Where it is to lie, below the recordings folder. */
  file: string;
  /** Seconds: how long the recording may be. */
  limitS: number;
}

interface Waiting extends Expected {
  expires: number;
  timer: NodeJS.Timeout;
  settle: (error?: Error) => void;
}

export interface PushInboxOptions {
  /** The recordings folder as this service sees it. */
  mount: string;
  /** This service's URL as the switch sees it, without a slash at its end. */
  url: string;
  /** Milliseconds within which a link must begin to be used. */
  goodForMs?: number;
}

export class PushInbox {
  private readonly key = randomBytes(32);
  private readonly waiting = new Map<string, Waiting>();

  constructor(private readonly options: PushInboxOptions) {}

  /**
   * The URL to which the switch may PUT the file, without spaces; `arrived` resolves when the file lies in the
   * recordings folder, and rejects with `push_missing` or what went wrong. Then another link may be asked for.
   */
  expect(expected: Expected): { url: string; arrived: Promise<void> } {
    const { url, goodForMs = GOOD_FOR_MS } = this.options;
    const expires = Date.now() + goodForMs;
    const arrived = new Promise<void>((resolve, reject) => {
      this.waiting.get(expected.id)?.settle(new MetaflowsError('push_missing', 'another link was made'));
      const settle = (error?: Error) => {
        clearTimeout(timer);
        if (error) reject(error);
        else resolve();
      };
      const timer = setTimeout(() => {
        this.waiting.delete(expected.id);
        settle(new MetaflowsError('push_missing'));
      }, goodForMs);
      this.waiting.set(expected.id, { ...expected, expires, timer, settle });
    });
    arrived.catch(() => undefined);
    const signature = this.signature(expected.id, expires).toString('base64url');
    return { url: `${url}/push/${expected.id}?expires=${expires}&signature=${signature}`, arrived };
  }

  /** Takes a file in; rejects with `push_refused` where it is not expected, with `push_too_large`, or with what broke. */
  async take(id: string, query: { expires?: unknown; signature?: unknown }, body: Readable): Promise<void> {
    const waiting = this.waiting.get(id);
    if (!waiting || !this.isGenuine(waiting, query)) throw new MetaflowsError('push_refused');
    this.waiting.delete(id);
    clearTimeout(waiting.timer);
    const path = join(this.options.mount, waiting.file);
    const part = `${path}.part`;
    try {
      await mkdir(dirname(path), { recursive: true });
      const most = waiting.limitS * BYTES_PER_SECOND + EXTRA_BYTES;
      // Opened before anything can break off: a stream that opens by itself may do so after the file was removed.
      const file = await open(part, 'w', 0o640);
      await pipeline(body, atMost(most), file.createWriteStream());
      await rename(part, path);
    } catch (error) {
      await rm(part, { force: true });
      waiting.settle(error as Error);
      throw error;
    }
    waiting.settle();
  }

  /** Nothing is expected any more. */
  close(): void {
    for (const { settle } of this.waiting.values()) settle(new MetaflowsError('shutting_down'));
    this.waiting.clear();
  }

  private isGenuine({ id, expires }: Waiting, given: { expires?: unknown; signature?: unknown }): boolean {
    const signature = Buffer.from(String(given.signature), 'base64url');
    const expected = this.signature(id, expires);
    return (
      given.expires === String(expires) &&
      Date.now() < expires &&
      signature.length === expected.length &&
      timingSafeEqual(signature, expected)
    );
  }

  private signature(id: string, expires: number): Buffer {
    return createHmac('sha256', this.key).update(`${id} ${expires}`).digest();
  }
}

function atMost(bytes: number): Transform {
  let left = bytes;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      left -= chunk.length;
      if (left < 0) done(new MetaflowsError('push_too_large'));
      else done(null, chunk);
    },
  });
}
