/** Recordings as files: where one lies, and what the service makes of it when it has ended. */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, chmod, mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { MetaflowsError } from '../errors.js';
import { timeOfUuid, uuidDigits } from '../uuid.js';
import { joinMp3, mp3Duration } from './mp3.js';
import { joinWav, mendWav, trimWav, wavDuration, wavRate } from './wav.js';

/**
 * A recording's id: `YYYYMM-<32 hex digits>`, as Kazoo's. The digits are a UUID's, so that ids sort by their time and
 * systems whose ids are UUIDs have one.
 */
export function newRecordingId(at: number): string {
  return recordingIdOf(uuidDigits(at));
}

/** The id with these digits. */
export function recordingIdOf(digits: string): string {
  return `${new Date(timeOfUuid(digits)).toISOString().slice(0, 7).replace('-', '')}-${digits}`;
}

/** The digits of a recording's id. */
export function digitsOfRecordingId(id: string): string {
  return id.slice('YYYYMM-'.length);
}

/**
 * Where a recording lies below the recordings folder: `{account}/{YYYY}/{MM}/{DD}/{id}.{ext}`. Nothing that a
 * person wrote is in it but the account, made safe.
 */
export function recordingFile(account: string, id: string, extension: string, at: number): string {
  const [date = ''] = new Date(at).toISOString().split('T');
  return `${safePart(account)}/${date.replaceAll('-', '/')}/${id}.${extension}`;
}

/**
 * A name as one part of a path: letters, digits, `.`, `_` and `-` stay, every other byte becomes `=XX`; never
 * `.` or `..`, never empty.
 */
export function safePart(name: string): string {
  const bytes = Buffer.from(name.slice(0, 60));
  const text = Array.from(bytes, (byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9_.-]/.test(char) ? char : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
  return /^\.*$/.test(text) ? `=${text.replaceAll('.', '=2E')}` : text;
}

/** What the files of a recording came to. */
export interface Audio {
  /** Milliseconds of the whole. */
  durationMs: number;
  /** Milliseconds of each segment, in order. */
  segmentsMs: number[];
  /** Milliseconds that trimming cut off at the beginning. */
  cutMs: number;
  /** Bytes. */
  size: number;
  /** SHA-256 of the file, hex. */
  sha256: string;
}

/** Samples of 32768 up to which trimming calls it silence: FreeSWITCH's own threshold is 200 (`switch_ivr_async.c`). */
const SILENCE = 200;

/** The recordings folder as this service sees it. */
export class RecordingFiles {
  constructor(private readonly mount: string) {}

  /** Makes the folder, where this service is to write to it; rejects with `recordings_unusable`. */
  async make(): Promise<void> {
    try {
      await mkdir(this.mount, { recursive: true });
      await access(this.mount, constants.W_OK);
    } catch (error) {
      throw new MetaflowsError('recordings_unusable', (error as Error).message, { cause: error });
    }
  }

  path(file: string): string {
    return join(this.mount, file);
  }

  /** Bytes of the file so far; `undefined` where there is none. */
  async size(file: string): Promise<number | undefined> {
    return (await stat(this.path(file)).catch(() => undefined))?.size;
  }

  /** Whether the service sees the folder at all: on another machine than the switch it may not. */
  async visible(): Promise<boolean> {
    return (await stat(this.mount).catch(() => undefined))?.isDirectory() ?? false;
  }

  /** Hz of a running recording's WAV; `undefined` where it cannot be seen. */
  rate(file: string): Promise<number | undefined> {
    return file.endsWith('.wav')
      ? wavRate(this.path(file)).catch(() => undefined)
      : Promise.resolve(undefined);
  }

  /** Milliseconds of audio in a file, finished or not; `undefined` where it cannot be seen. */
  duration(file: string): Promise<number | undefined> {
    const read = file.endsWith('.wav') ? wavDuration : mp3Duration;
    return read(this.path(file)).catch(() => undefined);
  }

  /**
   * Makes one whole file, the first of `files`, of all of them: lengths mended, segments joined, ends trimmed, mode 0640.
   * May be run again after a crash at any point. `undefined` where no file can be seen. Where it rejects, the segments are
   * where they were, and nothing else is left.
   */
  async finish(files: string[], trim: boolean): Promise<Audio | undefined> {
    try {
      return await this.makeWhole(files, trim);
    } catch (error) {
      await this.putBack(files);
      throw error;
    }
  }

  /** What a file that is not ours came to, unchanged; `undefined` where it cannot be seen. */
  async describe(file: string): Promise<Pick<Audio, 'size' | 'sha256'> | undefined> {
    const size = await this.size(file);
    return size === undefined ? undefined : { size, sha256: await this.sha256(file) };
  }

  /** Removes what {@link finish} made the whole file of, once the document is stored. */
  async removeParts(files: string[]): Promise<void> {
    const [whole = ''] = files;
    await Promise.all([segmentFile(whole, 1), ...files.slice(1)].map((file) => this.remove(file)));
  }

  /** Makes a recording's file readable to its owner and group only, where the service may. */
  async protect(file: string): Promise<void> {
    await chmod(this.path(file), 0o640).catch(() => undefined);
  }

  /** Removes all that there may be of a recording, what a crash left while the whole was made too. */
  async removeAll(files: string[]): Promise<void> {
    const [whole = ''] = files;
    const left = [segmentFile(whole, 1), ...unfinished(whole)];
    await Promise.all([...new Set([...files, ...left])].map((file) => this.remove(file)));
  }

  /** Rejects with `recordings_unusable`. */
  async remove(file: string): Promise<void> {
    try {
      await rm(this.path(file), { force: true });
    } catch (error) {
      throw new MetaflowsError('recordings_unusable', (error as NodeJS.ErrnoException).code, {
        cause: error,
      });
    }
  }

  private async makeWhole(files: string[], trim: boolean): Promise<Audio | undefined> {
    const [whole = ''] = files;
    const apart = files.length > 1 || trim;
    const parts = apart ? await this.setAside(files) : files;
    const segmentsMs: number[] = [];
    const present: string[] = [];
    for (const file of parts) {
      const there = (await this.size(file)) !== undefined;
      segmentsMs.push(there ? await this.mend(file) : 0);
      if (there) present.push(file);
    }
    if (present.length === 0) return undefined;
    let durationMs = segmentsMs.reduce((sum, ms) => sum + ms, 0);
    let cutMs = 0;
    if (apart) {
      const [joined = '', trimmed = ''] = unfinished(whole).map((file) => this.path(file));
      const join_ = whole.endsWith('.mp3') ? joinMp3 : joinWav;
      await join_(
        present.map((file) => this.path(file)),
        joined,
      );
      if (trim && whole.endsWith('.wav')) {
        ({ cutMs, durationMs } = (await trimWav(joined, trimmed, SILENCE)) ?? { cutMs, durationMs });
        await rename(trimmed, joined);
      }
      await rename(joined, this.path(whole));
    }
    await this.protect(whole);
    return {
      durationMs,
      segmentsMs,
      cutMs,
      size: (await this.size(whole)) ?? 0,
      sha256: await this.sha256(whole),
    };
  }

  /** The first segment has the whole's name: it gets one of its own, so that what is made can be made again. */
  private async setAside(files: string[]): Promise<string[]> {
    const [whole = '', ...others] = files;
    const first = segmentFile(whole, 1);
    if ((await this.size(first)) === undefined) {
      await rename(this.path(whole), this.path(first)).catch(() => undefined);
    }
    return [first, ...others];
  }

  /** Undoes {@link setAside}, and takes away what was made so far: on a full disk that is room for somebody else. */
  private async putBack([whole = '']: string[]): Promise<void> {
    await Promise.all(unfinished(whole).map((file) => this.remove(file).catch(() => undefined)));
    await rename(this.path(segmentFile(whole, 1)), this.path(whole)).catch(() => undefined);
  }

  private async mend(file: string): Promise<number> {
    return file.endsWith('.wav') ? mendWav(this.path(file)) : mp3Duration(this.path(file));
  }

  private async sha256(file: string): Promise<string> {
    const hash = createHash('sha256');
    await pipeline(createReadStream(this.path(file)), hash);
    return hash.digest('hex');
  }
}

/** The file of the `n`th segment, from 1, of a recording whose file is `whole`. */
export function segmentFile(whole: string, n: number): string {
  return whole.replace(/(\.[^.]+)$/, `-${n}$1`);
}

/** What {@link RecordingFiles.finish} writes before it is the whole: joined, and trimmed. */
function unfinished(whole: string): string[] {
  return [`${whole}.joined`, `${whole}.trimmed`];
}
