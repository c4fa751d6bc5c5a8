/** Recordings that have ended, in the store and on the disk of an API. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RecordingDocument } from '../../src/generated/recording.js';
import type { Api } from './api.js';
import { recordingDocument } from './recordings.js';

export const AUDIO = Buffer.from('RIFF, and then the sound of a call');

/** A recording of 1001 of `example.com` that began `second` seconds into 2026 and lasted one, with its audio. */
export async function finished(
  api: Pick<Api, 'store' | 'recordingsMount'>,
  second = 0,
  changes: Partial<RecordingDocument> & { account?: string; user?: string } = {},
): Promise<RecordingDocument> {
  const { account, user, ...rest } = changes;
  const startedAt = Date.UTC(2026, 0, 1) + second * 1000;
  const at = new Date(startedAt + 1000).toISOString();
  const doc: RecordingDocument = {
    ...recordingDocument({ startedAt, ...(account && { account }), ...(user && { user }) }),
    state: 'completed',
    stop_reason: 'api',
    duration: 1,
    duration_ms: 1000,
    audit: [
      { action: 'start', at: new Date(startedAt).toISOString(), by: 'api', result: 'ok' },
      { action: 'stop', at, by: 'api', result: 'ok' },
    ],
    ...rest,
  };
  const path = join(api.recordingsMount, doc.internal.file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, AUDIO);
  await api.store.recordings.save(doc);
  return doc;
}
