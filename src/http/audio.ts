/** The audio of recordings: sent to a client, and removed. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Response } from 'express';
import { MetaflowsError } from '../errors.js';
import type { RecordingDocument } from '../generated/recording.js';
import type { RecordingStore } from '../store/recordings.js';

/**
 * Sends the audio of a recording that has ended, a range of it where one is asked for; `root` is the recordings
 * folder. Rejects with `recording_running` or `file_gone`.
 */
export async function sendAudio(
  res: Response,
  found: RecordingDocument,
  root: string,
  inline = false,
): Promise<void> {
  const { content_type, internal } = ended(found);
  const headers = {
    'Content-Type': content_type,
    'Content-Disposition': `${inline ? 'inline' : 'attachment'}; filename="${fileName(found)}"`,
    'Cache-Control': 'no-store',
  };
  await new Promise<void>((resolve, reject) => {
    res.sendFile(internal.file, { root, headers, dotfiles: 'allow' }, (error?: NodeJS.ErrnoException) => {
      if (!error) resolve();
      else reject(error.code === 'ENOENT' ? new MetaflowsError('file_gone') : error);
    });
  });
}

/** Removes a recording that has ended, its audio and its document. Rejects with `recording_running`. */
export async function removeRecording(
  store: RecordingStore,
  root: string,
  found: RecordingDocument,
): Promise<void> {
  const { account_id, id, internal, segments } = ended(found);
  // The audio first: a document without audio can be deleted again, audio without a document is never found.
  for (const file of new Set([internal.file, ...segments.map((segment) => segment.file)])) {
    await rm(join(root, file), { force: true });
  }
  await store.delete(account_id, id);
}

function ended(found: RecordingDocument): RecordingDocument {
  if (found.state === 'recording' || found.state === 'masked') throw new MetaflowsError('recording_running');
  return found;
}

/** The recording's name, safe in a header and on any disk. */
function fileName({ name, media_type }: RecordingDocument): string {
  const extension = `.${media_type}`;
  const stem = name.endsWith(extension) ? name.slice(0, -extension.length) : name;
  return stem.replaceAll(/[^\w. -]/g, '_') + extension;
}
