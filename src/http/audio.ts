/** The audio of a recording, sent to a client. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Response } from 'express';
import { MetaflowsError } from '../errors.js';
import type { RecordingDocument } from '../generated/recording.js';
import { isRunning } from '../recording/state.js';

/** What the audio of recordings may be, for the description of the API. */
export const AUDIO = { 'audio/wav': {}, 'audio/mpeg': {} };

/** Rejects with `recording_running` or `file_gone` where there is no audio to send; `root` is the recordings folder. */
export async function hasAudio(found: RecordingDocument, root: string): Promise<void> {
  if (isRunning(found)) throw new MetaflowsError('recording_running');
  await stat(join(root, found.internal.file)).catch(() => {
    throw new MetaflowsError('file_gone');
  });
}

/** Sends it, or the range of it that is asked for, to be saved or to be shown in place. Rejects with `file_gone`. */
export async function sendAudio(
  res: Response,
  found: RecordingDocument,
  root: string,
  inline = false,
): Promise<void> {
  const { content_type, internal } = found;
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

/** The recording's name, safe in a header and on any disk. */
function fileName({ name, media_type }: RecordingDocument): string {
  const extension = `.${media_type}`;
  const stem = name.endsWith(extension) ? name.slice(0, -extension.length) : name;
  return stem.replaceAll(/[^\w. -]/g, '_') + extension;
}
