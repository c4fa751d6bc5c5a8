/**
 * MP3 files as FreeSWITCH writes them (mod_shout: LAME, layer III), frame by frame and without decoding: how long one
 * is, and several as one.
 */
import { open, readFile } from 'node:fs/promises';

/** kbit/s of layer III by version (1, then 2 and 2.5) and the header's index. */
const BITRATES = [
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
] as const;
/** Hz by the header's version bits: 2.5, reserved, 2, 1. */
const RATES = [[11_025, 12_000, 8000], [], [22_050, 24_000, 16_000], [44_100, 48_000, 32_000]] as const;

interface Frames {
  /** The audio frames, tags and the Xing frame left out. */
  audio: Buffer[];
  durationMs: number;
}

/** Milliseconds of audio in a file; 0 for what is no MP3. */
export async function mp3Duration(path: string): Promise<number> {
  return Math.round(framesOf(await readFile(path)).durationMs);
}

/** Writes the frames of all `paths`, one after the other, as one file, which every player takes for one. */
export async function joinMp3(paths: string[], target: string): Promise<void> {
  const out = await open(target, 'w', 0o640);
  try {
    for (const path of paths) await out.write(Buffer.concat(framesOf(await readFile(path)).audio));
    await out.sync();
  } finally {
    await out.close();
  }
}

function framesOf(file: Buffer): Frames {
  const frames: Frames = { audio: [], durationMs: 0 };
  for (let at = tagLength(file); at + 4 <= file.length;) {
    const frame = frameAt(file, at);
    if (!frame) {
      at++;
      continue;
    }
    const bytes = file.subarray(at, at + frame.length);
    // LAME's first frame holds no audio but how long the file is, which is no longer so when files are joined.
    const isInfo = frames.audio.length === 0 && /Xing|Info/.test(bytes.toString('latin1', 4, 64));
    if (!isInfo) {
      frames.audio.push(bytes);
      frames.durationMs += frame.ms;
    }
    at += frame.length;
  }
  return frames;
}

/** The length of an ID3v2 tag at the beginning. */
function tagLength(file: Buffer): number {
  if (file.toString('latin1', 0, 3) !== 'ID3' || file.length < 10) return 0;
  const digits = [6, 7, 8, 9].map((at) => file.readUInt8(at) & 0x7f);
  return 10 + digits.reduce((length, digit) => (length << 7) | digit, 0);
}

function frameAt(file: Buffer, at: number): { length: number; ms: number } | undefined {
  const head = file.readUInt32BE(at);
  const version = (head >>> 19) & 3;
  const layer = (head >>> 17) & 3;
  if (head >>> 21 !== 0x7ff || version === 1 || layer !== 1) return undefined;
  const first = version === 3;
  const bitrate = BITRATES[first ? 0 : 1][(head >>> 12) & 15];
  const rate = RATES[version as 0 | 2 | 3][(head >>> 10) & 3];
  if (!bitrate || !rate) return undefined;
  const samples = first ? 1152 : 576;
  const length = Math.floor((samples * bitrate * 125) / rate) + ((head >>> 9) & 1);
  return at + length <= file.length ? { length, ms: (samples * 1000) / rate } : undefined;
}
