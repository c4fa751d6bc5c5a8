/** Sound as the switch has it: 16 bit samples in frames of 20 ms at 8 kHz. */

export const SAMPLE_RATE = 8000;
export const FRAME_MS = 20;
export const FRAME_SAMPLES = (SAMPLE_RATE * FRAME_MS) / 1000;

export type Frame = Int16Array;

/** Digital silence; never written to. */
export const SILENCE: Frame = new Int16Array(FRAME_SAMPLES);

/** What FreeSWITCH fills a direction with from which nothing came (`memset 255` in switch_core_media_bug_read). */
export const FILL: Frame = new Int16Array(FRAME_SAMPLES).fill(-1);

/** The amplitude of a tone of 0 dB in libteletone, so that a phone's tone of -13 dB has 5107. */
const FULL_SCALE = 22813;

/** A tone stream's part: what sounds and for how long. */
interface Segment {
  onMs: number;
  offMs: number;
  frequencies: number[];
}

/** A `tone_stream://` ready to be played. */
export interface ToneStream {
  /** Milliseconds; infinite where it loops for ever. */
  durationMs: number;
  /** Every frequency in it, in Hz. */
  frequencies: number[];
  /** The frame that begins `offset` frames after the stream's beginning. */
  frame(offset: number): Frame;
}

/**
 * Reads `tone_stream://v=-13;%(on,off,hz,…);…;loops=N`: volume in dB (default -7), times in
 * milliseconds. Undefined where it is no tone stream.
 */
export function parseToneStream(url: string): ToneStream | undefined {
  if (!url.startsWith('tone_stream://')) return undefined;
  const script = url.slice('tone_stream://'.length);
  const segments = [...script.matchAll(/%\((\d+),(\d+),([\d.,]+)\)/g)].map(
    ([, on = '0', off = '0', hz = '']): Segment => ({
      onMs: Number(on),
      offMs: Number(off),
      frequencies: hz.split(',').map(Number),
    }),
  );
  if (segments.length === 0) return undefined;
  const volume = Number(/v=(-?\d+)/.exec(script)?.[1] ?? -7);
  const loops = Number(/loops=(-?\d+)/.exec(script)?.[1] ?? 1);
  const once = segments.reduce((ms, segment) => ms + segment.onMs + segment.offMs, 0);
  return {
    durationMs: loops < 0 ? Infinity : once * loops,
    frequencies: [...new Set(segments.flatMap((segment) => segment.frequencies))],
    frame: (offset) => toneFrame(segments, once, FULL_SCALE * 10 ** (volume / 20), offset),
  };
}

function toneFrame(segments: Segment[], onceMs: number, amplitude: number, offset: number): Frame {
  let at = (offset * FRAME_MS) % onceMs;
  for (const { onMs, offMs, frequencies } of segments) {
    if (at < onMs) return sines(frequencies, amplitude, offset);
    if (at < onMs + offMs) return SILENCE;
    at -= onMs + offMs;
  }
  return SILENCE;
}

/** One second of each tone, made once: every phone's frame is a piece of it. */
const seconds = new Map<string, Int16Array>();

function sines(frequencies: number[], amplitude: number, offset: number): Frame {
  const key = `${frequencies.join()}@${amplitude}`;
  let second = seconds.get(key);
  if (!second) {
    second = Int16Array.from({ length: SAMPLE_RATE }, (_, n) =>
      clip(
        frequencies.reduce((sum, hz) => sum + amplitude * Math.sin((2 * Math.PI * hz * n) / SAMPLE_RATE), 0),
      ),
    );
    seconds.set(key, second);
  }
  const start = (offset * FRAME_SAMPLES) % SAMPLE_RATE;
  return second.subarray(start, start + FRAME_SAMPLES);
}

function clip(sample: number): number {
  return Math.max(-32768, Math.min(32767, Math.round(sample)));
}

/** Both at once, as a mono recording or a muxed announcement has them. */
export function mix(one: Frame, other: Frame): Frame {
  return one.map((sample, n) => clip(sample + (other[n] ?? 0)));
}

/** Two channels, sample by sample. */
export function interleave(left: Frame, right: Frame): Int16Array {
  const out = new Int16Array(left.length * 2);
  for (let n = 0; n < left.length; n++) {
    out[2 * n] = left[n] ?? 0;
    out[2 * n + 1] = right[n] ?? 0;
  }
  return out;
}

/** Brings frames of 8 kHz to another rate by linear interpolation, frame after frame. */
export class Resampler {
  #last = 0;

  constructor(readonly rate: number) {}

  next(frame: Frame): Frame {
    if (this.rate === SAMPLE_RATE) return frame;
    const step = SAMPLE_RATE / this.rate;
    const out = Int16Array.from({ length: Math.round(frame.length / step) }, (_, n) => {
      const position = (n + 1) * step - 1;
      const before = Math.floor(position);
      const from = before < 0 ? this.#last : (frame[before] ?? 0);
      const to = frame[before + 1] ?? from;
      return clip(from + (to - from) * (position - before));
    });
    this.#last = frame[frame.length - 1] ?? 0;
    return out;
  }
}
