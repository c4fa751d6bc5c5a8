/** WAV files as FreeSWITCH writes them (mod_sndfile: PCM, 16 bit): mended, joined and trimmed without decoding. */
import { open, type FileHandle } from 'node:fs/promises';

/** Where the audio of a file lies. */
interface Layout {
  channels: number;
  /** Hz. */
  rate: number;
  bytesPerSecond: number;
  /** Bytes of one sample of all channels. */
  frame: number;
  /** Where the audio begins and how long it is, bytes. */
  start: number;
  length: number;
  /** What the header says that the length is. */
  said: number;
}

/** File tags come before the audio; they are short. */
const HEAD_BYTES = 16_384;
const COPY_BYTES = 1 << 20;
const HEADER_BYTES = 44;

/** Milliseconds of audio in a file; 0 for what is no WAV. Lengths that a killed switch left out are written in. */
export async function mendWav(path: string): Promise<number> {
  // Where the switch runs as another user the file may be read only.
  const file = await open(path, 'r+').catch(() => open(path, 'r'));
  try {
    const layout = await layoutOf(file);
    if (!layout) return 0;
    if (layout.length !== layout.said) {
      await file.write(u32(layout.start - 8 + layout.length), 0, 4, 4);
      await file.write(u32(layout.length), 0, 4, layout.start - 4);
    }
    return milliseconds(layout);
  } finally {
    await file.close();
  }
}

/** Milliseconds of audio in a file, as it is; 0 for what is no WAV. */
export async function wavDuration(path: string): Promise<number> {
  const file = await open(path, 'r');
  try {
    const layout = await layoutOf(file);
    return layout ? milliseconds(layout) : 0;
  } finally {
    await file.close();
  }
}

/** The sample rate of a file, Hz; `undefined` for what is no WAV. */
export async function wavRate(path: string): Promise<number | undefined> {
  const file = await open(path, 'r');
  try {
    return (await layoutOf(file))?.rate;
  } finally {
    await file.close();
  }
}

/**
 * Writes the audio of all `paths`, one after the other, as one file; rejects with a TypeError where they differ in
 * rate or channels.
 */
export async function joinWav(paths: string[], target: string): Promise<void> {
  const out = await open(target, 'w', 0o640);
  try {
    let first: Layout | undefined;
    let length = 0;
    await out.write(Buffer.alloc(HEADER_BYTES));
    for (const path of paths) {
      const file = await open(path, 'r');
      try {
        const layout = await layoutOf(file);
        if (!layout) continue;
        first ??= layout;
        if (layout.rate !== first.rate || layout.frame !== first.frame) {
          throw new TypeError('segments of different formats cannot be joined');
        }
        await copy(file, layout.start, layout.length, out);
        length += layout.length;
      } finally {
        await file.close();
      }
    }
    if (first) await out.write(header(first, length), 0, HEADER_BYTES, 0);
    await out.sync();
  } finally {
    await out.close();
  }
}

/**
 * Writes a file's audio without the silence at both ends: samples up to `threshold` of 32768. Returns how many
 * milliseconds were cut at the beginning and what is left; all silence leaves nothing.
 */
export async function trimWav(
  path: string,
  target: string,
  threshold: number,
): Promise<{ cutMs: number; durationMs: number } | undefined> {
  const file = await open(path, 'r');
  try {
    const layout = await layoutOf(file);
    if (!layout) return undefined;
    const bounds = await loudBounds(file, layout, threshold);
    const from = bounds ? bounds.first : 0;
    const length = bounds ? bounds.last + layout.frame - bounds.first : 0;
    const out = await open(target, 'w', 0o640);
    try {
      await out.write(header(layout, length));
      await copy(file, layout.start + from, length, out);
      await out.sync();
    } finally {
      await out.close();
    }
    return {
      cutMs: Math.round((from * 1000) / layout.bytesPerSecond),
      durationMs: milliseconds({ ...layout, length }),
    };
  } finally {
    await file.close();
  }
}

async function loudBounds(
  file: FileHandle,
  layout: Layout,
  threshold: number,
): Promise<{ first: number; last: number } | undefined> {
  const chunk = Buffer.alloc(COPY_BYTES - (COPY_BYTES % layout.frame));
  let bounds: { first: number; last: number } | undefined;
  for (let at = 0; at < layout.length; at += chunk.length) {
    const { bytesRead } = await file.read(
      chunk,
      0,
      Math.min(chunk.length, layout.length - at),
      layout.start + at,
    );
    for (let i = 0; i + 1 < bytesRead; i += 2) {
      if (Math.abs(chunk.readInt16LE(i)) <= threshold) continue;
      const frame = at + i - ((at + i) % layout.frame);
      bounds = { first: bounds?.first ?? frame, last: frame };
    }
  }
  return bounds;
}

async function layoutOf(file: FileHandle): Promise<Layout | undefined> {
  const { size } = await file.stat();
  const head = Buffer.alloc(Math.min(size, HEAD_BYTES));
  await file.read(head, 0, head.length, 0);
  if (head.toString('latin1', 0, 4) !== 'RIFF' || head.toString('latin1', 8, 12) !== 'WAVE') return undefined;
  let format: Pick<Layout, 'channels' | 'rate' | 'bytesPerSecond' | 'frame'> | undefined;
  for (let at = 12; at + 8 <= head.length;) {
    const chunk = head.toString('latin1', at, at + 4);
    const said = head.readUInt32LE(at + 4);
    if (chunk === 'fmt ' && at + 24 <= head.length) {
      format = {
        channels: head.readUInt16LE(at + 10),
        rate: head.readUInt32LE(at + 12),
        bytesPerSecond: head.readUInt32LE(at + 16),
        frame: head.readUInt16LE(at + 20),
      };
    }
    if (chunk === 'data') {
      if (!format?.frame || !format.bytesPerSecond) return undefined;
      const rest = size - at - 8;
      const length = said === 0 || said > rest ? rest - (rest % format.frame) : said;
      return { ...format, start: at + 8, length, said };
    }
    at += 8 + said + (said % 2);
  }
  return undefined;
}

async function copy(from: FileHandle, start: number, length: number, to: FileHandle): Promise<void> {
  const chunk = Buffer.alloc(Math.min(COPY_BYTES, Math.max(1, length)));
  for (let done = 0; done < length;) {
    const { bytesRead } = await from.read(chunk, 0, Math.min(chunk.length, length - done), start + done);
    if (bytesRead === 0) return;
    await to.write(chunk, 0, bytesRead);
    done += bytesRead;
  }
}

function header({ channels, rate, bytesPerSecond, frame }: Layout, length: number): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head.write('RIFF', 0);
  head.writeUInt32LE(HEADER_BYTES - 8 + length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(bytesPerSecond, 28);
  head.writeUInt16LE(frame, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(length, 40);
  return head;
}

function milliseconds({ length, bytesPerSecond }: Layout): number {
  return Math.round((length * 1000) / bytesPerSecond);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
