/** Recordings as files: where one lies, and what the service makes of it when it has ended. */
import { randomBytes } from 'node:crypto';
import { chmod, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** WAV headers are written with the lengths 0 and mended at close (freeswitch.md); nothing else is in 44 bytes. */
const WAV_HEADER_BYTES = 44;

/**
 * A recording's id: `YYYYMM-<32 hex digits>`, as Kazoo's. The first twelve digits are the time in milliseconds,
 * so that ids sort by it, the others are random.
 */
export function newRecordingId(at: number): string {
  const time = at.toString(16).padStart(12, '0');
  return `${new Date(at).toISOString().slice(0, 7).replace('-', '')}-${time}${randomBytes(10).toString('hex')}`;
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

/** What a file holds. */
export interface Audio {
  /** Milliseconds; `undefined` where the format does not tell. */
  durationMs?: number;
  /** Bytes. */
  size: number;
}

/** The recordings folder as this service sees it. */
export class RecordingFiles {
  constructor(private readonly mount: string) {}

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

  /** Closes the books on a file: lengths mended where a crash left them out, mode 0640. */
  async finish(file: string): Promise<Audio | undefined> {
    const path = this.path(file);
    const size = await this.size(file);
    if (size === undefined) return undefined;
    // The switch may run as another user, whose file's mode this service cannot change.
    await chmod(path, 0o640).catch(() => undefined);
    return file.endsWith('.wav') ? { size, durationMs: await mendWav(path, size) } : { size };
  }

  /** Makes a running recording's file readable to its owner and group only, where the service may. */
  async protect(file: string): Promise<void> {
    await chmod(this.path(file), 0o640).catch(() => undefined);
  }

  async remove(file: string): Promise<void> {
    await rm(this.path(file), { force: true });
  }
}

/**
 * Writes a WAV's lengths into its header where a killed switch left them wrong, and returns the audio's length in
 * milliseconds. The data chunk is looked for, since file tags may lie before it.
 */
async function mendWav(path: string, size: number): Promise<number> {
  if (size < WAV_HEADER_BYTES) return 0;
  // Where the switch runs as another user the file may be read only.
  const file = await open(path, 'r+').catch(() => open(path, 'r'));
  try {
    const head = Buffer.alloc(Math.min(size, 4096));
    await file.read(head, 0, head.length, 0);
    if (head.toString('latin1', 0, 4) !== 'RIFF') return 0;
    let bytesPerSecond = 0;
    for (let at = 12; at + 8 <= head.length;) {
      const chunk = head.toString('latin1', at, at + 4);
      const length = head.readUInt32LE(at + 4);
      if (chunk === 'fmt ') bytesPerSecond = head.readUInt32LE(at + 16);
      if (chunk === 'data') {
        const rest = size - at - 8;
        const real = length === 0 || length > rest ? rest : length;
        if (real !== length) {
          await file.write(u32(real), 0, 4, at + 4);
          await file.write(u32(size - 8), 0, 4, 4);
        }
        return bytesPerSecond ? Math.round((real * 1000) / bytesPerSecond) : 0;
      }
      at += 8 + length + (length % 2);
    }
    return 0;
  } finally {
    await file.close();
  }
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
