/**
 * MP3 files as FreeSWITCH writes them (mod_shout: LAME, layer III), frame by frame and without decoding: how long one
 * is, and several as one.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

/** A file is read in pieces of so many bytes: hours of audio are never in memory. */
const PIECE_BYTES = 1 << 18;
/** kbit/s of layer III by version (1, then 2 and 2.5) and the header's index. */
const BITRATES = [
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
] as const;
/** Hz by the header's version bits: 2.5, reserved, 2, 1. */
const RATES = [[11_025, 12_000, 8000], [], [22_050, 24_000, 16_000], [44_100, 48_000, 32_000]] as const;

interface Frames {
  audio: Buffer[];
  durationMs: number;
}

/** Milliseconds of audio in a file; 0 for what is no MP3. */
export async function mp3Duration(path: string): Promise<number> {
  let total = 0;
  for await (const { durationMs } of framesOf(path)) total += durationMs;
  return Math.round(total);
}

/** Writes the frames of all `paths`, one after the other, as one file, which every player takes for one. */
export async function joinMp3(paths: string[], target: string): Promise<void> {
  const out = await open(target, 'w', 0o640);
  try {
    for (const path of paths) {
      for await (const { audio } of framesOf(path)) await out.write(Buffer.concat(audio));
    }
    await out.sync();
  } finally {
    await out.close();
  }
}

/** The audio frames of a file, piece by piece; tags, the Xing frame and a last frame that breaks off are left out. */
async function* framesOf(path: string): AsyncGenerator<Frames> {
  let rest = Buffer.alloc(0);
  let tag: number | undefined;
  let isFirst = true;
  const pieces = createReadStream(path, { highWaterMark: PIECE_BYTES }) as AsyncIterable<Buffer>;
  for await (const piece of pieces) {
    rest = Buffer.concat([rest, piece]);
    tag ??= tagLength(rest);
    let at = Math.min(tag, rest.length);
    tag -= at;
    const frames: Frames = { audio: [], durationMs: 0 };
    while (at + 4 <= rest.length) {
      const frame = frameAt(rest, at);
      if (!frame) {
        at++;
        continue;
      }
      if (at + frame.length > rest.length) break;
      const bytes = rest.subarray(at, at + frame.length);
      // LAME's first frame holds no audio but how long the file is, which is no longer so when files are joined.
      const isInfo = isFirst && /Xing|Info/.test(bytes.toString('latin1', 4, 64));
      if (!isInfo) {
        frames.audio.push(bytes);
        frames.durationMs += frame.ms;
      }
      isFirst = false;
      at += frame.length;
    }
    yield frames;
    rest = rest.subarray(at);
  }
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
  return { length, ms: (samples * 1000) / rate };
}
