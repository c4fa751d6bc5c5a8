/** MP3 files for tests: frames with a true header, whose audio is nothing that can be heard. */

/** The headers of one frame each, as LAME writes them, with their lengths in bytes and milliseconds. */
export const MP3_FRAMES = {
  /** MPEG-2.5, 8 kHz, 16 kbit/s, mono: a telephone call. */
  narrow: { header: 'ffe328c4', bytes: 144, ms: 72 },
  /** MPEG-1, 44.1 kHz, 128 kbit/s, stereo, padded. */
  wide: { header: 'fffb9264', bytes: 418, ms: 1152 / 44.1 },
} as const;

/** One frame, its bytes after the header all `fill`. */
export function mp3Frame(kind: keyof typeof MP3_FRAMES, fill: number): Buffer {
  const { header, bytes } = MP3_FRAMES[kind];
  return Buffer.concat([Buffer.from(header, 'hex'), Buffer.alloc(bytes - 4, fill)]);
}

/** LAME's first frame, which says how long the file is, and holds no audio. */
export function xingFrame(kind: keyof typeof MP3_FRAMES): Buffer {
  const frame = mp3Frame(kind, 0);
  frame.write('Xing', 13, 'latin1');
  return frame;
}

/** An ID3v2 tag of `length` bytes, whose content looks like frames. */
export function id3Tag(length: number): Buffer {
  const tag = Buffer.alloc(length, MP3_FRAMES.narrow.header, 'hex');
  tag.write('ID3', 0, 'latin1');
  const size = length - 10;
  tag.set([4, 0, 0, ...[21, 14, 7, 0].map((shift) => (size >> shift) & 0x7f)], 3);
  return tag;
}
