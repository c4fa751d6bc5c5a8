/** Recordings that have ended, in a store and on a disk. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RecordingDocument } from '../../src/generated/recording.js';
import type { Happening } from '../../src/recording/events.js';
import { ended, withDelivery } from '../../src/recording/state.js';
import type { Store } from '../../src/store/store.js';
import type { Api } from './api.js';
import { recordingDocument } from './recordings.js';

export const AUDIO = Buffer.from('RIFF, and then the sound of a call');

/** Stores `doc`, which runs, as the recorder does when it has ended, with its file; what `happened` is told to nobody yet. */
export async function storeEnded(
  store: Store,
  mount: string,
  doc: RecordingDocument,
  of: { sound?: string | Buffer; durationMs?: number; happened?: Happening[] } = {},
): Promise<RecordingDocument> {
  const { sound = 'sound', durationMs = 1000, happened } = of;
  await writeSound(mount, doc, sound);
  await store.recordings.save(doc);
  const over = withDelivery(
    ended(doc, { state: 'completed', reason: 'hangup', durationMs, size: Buffer.byteLength(sound) }),
  );
  await store.recordings.save(over, happened);
  return over;
}

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
  await writeSound(api.recordingsMount, doc, AUDIO);
  await api.store.recordings.save(doc);
  return doc;
}

async function writeSound(
  mount: string,
  { internal }: RecordingDocument,
  sound: string | Buffer,
): Promise<void> {
  const path = join(mount, internal.file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, sound);
}
