/** Sends finished recordings to their `url`. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { MetaflowsError } from '../errors.js';
import type { RecordCallData } from '../generated/record_call.js';
import type { RecordingDocument } from '../generated/recording.js';
import type { FailedAttempt } from './attempts.js';
import { failureOf, judged } from './outcome.js';
import type { Answer, Outgoing } from './send.js';
import { uploadHeaders, uploadLimitMs, uploadUrl } from './upload.js';

export interface UploaderOptions {
  recordings: { get(account: string, id: string): Promise<RecordingDocument | undefined> };
  /** The recordings folder as this service sees it, absolute. */
  mount: string;
  send: (outgoing: Outgoing, signal: AbortSignal) => Promise<Answer>;
  now: () => number;
}

export class Uploader {
  constructor(private readonly options: UploaderOptions) {}

  /** Sends nothing of a recording that is deleted, or delivered already. */
  async attempt(
    account: string,
    id: string,
    signal: AbortSignal,
  ): Promise<'sent' | 'dropped' | FailedAttempt> {
    const { recordings, mount, send, now } = this.options;
    const doc = await recordings.get(account, id);
    if (doc?.delivery !== 'pending') return 'dropped';
    // The document's own has no user and password.
    const { url = doc.url } = doc.internal.data as RecordCallData;
    if (url === undefined) return 'dropped';
    const path = join(mount, doc.internal.file);
    try {
      const { size, sha256 } = await digestOf(path, signal);
      const outgoing: Outgoing = {
        method: doc.method === 'post' ? 'POST' : 'PUT',
        url: uploadUrl(doc, url),
        headers: uploadHeaders(doc, size, sha256),
        body: () => createReadStream(path, { end: size - 1 }),
        limitMs: uploadLimitMs(size),
      };
      return judged(await send(outgoing, signal), now());
    } catch (error) {
      if (signal.aborted) throw error;
      return failureOf(error, now());
    }
  }
}

/** Rejects with `file_gone` where the file cannot be read, or is empty. */
async function digestOf(path: string, signal: AbortSignal): Promise<{ size: number; sha256: string }> {
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const chunk of createReadStream(path, { signal }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      size += chunk.length;
    }
  } catch (error) {
    throw new MetaflowsError('file_gone', (error as NodeJS.ErrnoException).code, { cause: error });
  }
  if (size === 0) throw new MetaflowsError('file_gone', 'it is empty');
  return { size, sha256: hash.digest('base64') };
}
