/** What is in a file. Pure. */
import { silentSpans, windows, type Span } from '../support/tones.js';
import type { Wav } from '../support/wav.js';
import { PLAIN_WORDS, SECRET_WORD } from './conversation.js';

export interface Heard {
  /** Milliseconds. */
  ms: number;
  /** Where every sample of every channel is exactly 0. */
  silent: Span[];
  /** The words that are in it, each with where it is first heard, milliseconds. */
  words: ReadonlyMap<number, number>;
}

const WORDS = [...PLAIN_WORDS, SECRET_WORD];
/** A window of a tenth of a second that has a word by half may have it as well as not. */
const WINDOW_MS = 100;

export function heardIn({ channels, rate, ms }: Wav): Heard {
  const [first = new Int16Array()] = channels;
  const loud = first.map((_, at) => Number(channels.some((samples) => samples[at] !== 0)));
  const words = new Map<number, number>();
  for (const samples of channels) {
    const heard = windows(samples, rate, WORDS);
    for (const hz of WORDS) {
      const at = heard.findIndex((tone, n) => tone === String(hz) && heard[n + 1] === tone);
      if (at >= 0) words.set(hz, Math.min(at * WINDOW_MS, words.get(hz) ?? Infinity));
    }
  }
  return { ms, silent: silentSpans(loud, rate), words };
}
