import { windows } from './tones.js';
import type { Wav } from './wav.js';

/**
 * What is heard in each channel, in turn: the tones of the lab's phones, `silence` where every sample is 0. Windows in which
 * something changes or a key is pressed (`other`), and single ones of two tones, are left out.
 */
export function inTurn({ channels, rate }: Wav): string[][] {
  return channels.map((samples) => {
    const all = windows(samples, rate);
    const lasting = all.filter(
      (heard, at) => heard !== 'other' && (heard === all[at - 1] || heard === all[at + 1]),
    );
    return lasting.filter((heard, at) => heard !== lasting[at - 1]);
  });
}
