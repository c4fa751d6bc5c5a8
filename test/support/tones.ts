/** What each phone of the lab plays, Hz. */
export const PHONE_TONES: Readonly<Record<string, number>> = {
  1001: 440,
  1002: 880,
  1003: 1120,
  1004: 620,
  1005: 1420,
  1006: 540,
  1007: 1020,
  1008: 1560,
  1009: 1280,
  1010: 380,
  1011: 440,
  1012: 880,
  1013: 1120,
  1014: 620,
  1015: 440,
  1016: 880,
  1017: 1120,
  1018: 620,
  1019: 440,
  1020: 880,
};

/** What somebody outside plays, Hz. */
export const OUTSIDE_TONE = 740;

/** The service's default feedback tones, Hz. */
export const FEEDBACK_TONES = { done: 1500, refused: 500, failed: 300, warning: 1000, beep: 1400 } as const;

/** What is looked for: every tone is a multiple of 10 Hz, which 100 ms tell apart without leakage. */
const KNOWN = [
  ...new Set([...Object.values(PHONE_TONES), OUTSIDE_TONE, ...Object.values(FEEDBACK_TONES)]),
].sort((a, b) => a - b);

/** How long a window is, milliseconds. */
export const WINDOW_MS = 100;

/** Amplitude of 32768 from which a tone is there: the phones play at 5000, the noise of PCMU is below 100. */
const PRESENT = 500;

/** A tone that begins or ends within a window leaks into its neighbours, by less than half its strength. */
const NEIGHBOUR_HZ = 100;

/**
 * What is heard in each whole window: the tones among `known`, which rise, joined with `+` (`440+880`), `silence` where
 * every sample is exactly 0, and `other` where there is something but none of them.
 */
export function windows(samples: Int16Array, rate: number, known: readonly number[] = KNOWN): string[] {
  const length = (rate * WINDOW_MS) / 1000;
  return Array.from({ length: Math.floor(samples.length / length) }, (_, at) =>
    heardIn(samples.subarray(at * length, (at + 1) * length), rate, known),
  );
}

/** {@link windows}, each run of equal ones told once. */
export function heardInTurn(samples: Int16Array, rate: number): string[] {
  return windows(samples, rate).filter((heard, at, all) => heard !== all[at - 1]);
}

/** A span of audio, milliseconds from its beginning. */
export interface Span {
  startMs: number;
  endMs: number;
}

/**
 * Where every sample is exactly 0 for at least `atLeastMs`: two or three frames without sound are no mask, a
 * switch that is busy loses as many.
 */
export function silentSpans(samples: Int16Array, rate: number, atLeastMs = 100): Span[] {
  const spans: Span[] = [];
  for (let start = 0; start < samples.length; start += 1) {
    if (samples[start] !== 0) continue;
    let end = start;
    while (end < samples.length && samples[end] === 0) end += 1;
    const span = { startMs: (start * 1000) / rate, endMs: (end * 1000) / rate };
    if (span.endMs - span.startMs >= atLeastMs) spans.push(span);
    start = end;
  }
  return spans;
}

function heardIn(samples: Int16Array, rate: number, known: readonly number[]): string {
  if (samples.every((sample) => sample === 0)) return 'silence';
  const strengths = known.map((frequency) => ({ frequency, strength: amplitude(samples, rate, frequency) }));
  const present = strengths
    .filter(({ frequency, strength }) => {
      const near = strengths.filter((other) => Math.abs(other.frequency - frequency) < NEIGHBOUR_HZ);
      return strength >= PRESENT && strength >= Math.max(...near.map((other) => other.strength)) / 2;
    })
    .map(({ frequency }) => frequency);
  return present.length === 0 ? 'other' : present.join('+');
}

/** Goertzel's algorithm: the amplitude of one frequency. */
function amplitude(samples: Int16Array, rate: number, frequency: number): number {
  const factor = 2 * Math.cos((2 * Math.PI * frequency) / rate);
  let last = 0;
  let before = 0;
  for (const sample of samples) [last, before] = [sample + factor * last - before, last];
  return (2 / samples.length) * Math.sqrt(last * last + before * before - factor * last * before);
}
