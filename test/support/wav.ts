import { readFile } from 'node:fs/promises';

/** A WAV file's audio, 16 bit PCM. */
export interface Wav {
  /** Samples a second. */
  rate: number;
  /** One array of samples per channel. */
  channels: Int16Array[];
  /** Length of the audio, milliseconds. */
  ms: number;
}

/** Reads a WAV file; throws where it is no 16 bit PCM. */
export async function readWav(path: string): Promise<Wav> {
  return parseWav(await readFile(path));
}

/** A WAV file's bytes, read; throws where they are no 16 bit PCM. */
export function parseWav(bytes: Buffer): Wav {
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE') {
    throw new Error('no WAV file');
  }
  const format = chunk(bytes, 'fmt ');
  const data = chunk(bytes, 'data');
  const count = format.readUInt16LE(2);
  const rate = format.readUInt32LE(4);
  const bits = format.readUInt16LE(14);
  if (bits !== 16) throw new Error(`${bits} bit audio`);
  const length = Math.floor(data.length / 2 / count);
  const channels = Array.from({ length: count }, (_, channel) =>
    Int16Array.from({ length }, (__, at) => data.readInt16LE(2 * (at * count + channel))),
  );
  return { rate, channels, ms: (length * 1000) / rate };
}

function chunk(bytes: Buffer, id: string): Buffer {
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = bytes.readUInt32LE(at + 4);
    if (bytes.toString('latin1', at, at + 4) === id) return bytes.subarray(at + 8, at + 8 + length);
    at += 8 + length + (length % 2);
  }
  throw new Error(`no ${id.trim()} chunk`);
}

/** One second of a mono WAV file that is not silent. */
export function secondOfWav(rate: number): Buffer {
  const bytes = Buffer.alloc(44 + rate * 2, 1);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(36 + rate * 2, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(rate * 2, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(rate * 2, 40);
  return bytes;
}
