/** The waveform: loaded when somebody listens, and not before. */
import WaveSurfer from 'wavesurfer.js';
import RegionsPlugin from 'wavesurfer.js/dist/plugins/regions.esm.js';
import { WORDS } from '../words.js';
import type { Recording } from './recording.js';

const { player: words } = WORDS;

/** Pixels of a channel. */
const HEIGHT = 72;
const MASKED = 'rgb(220 150 30 / 35%)';
const SEGMENT = 'rgb(120 130 150 / 90%)';

export interface Waveform {
  toggle(): void;
  seek(ms: number): void;
  close(): void;
}

interface Listeners {
  /** Milliseconds. */
  at: (ms: number) => void;
  playing: (isPlaying: boolean) => void;
}

/** Rejects where the browser cannot play it. */
export async function drawWaveform(
  container: HTMLElement,
  audio: Blob,
  { channels, duration_ms, mask_intervals, segments }: Recording,
  { at, playing }: Listeners,
): Promise<Waveform> {
  const { color } = getComputedStyle(container);
  const regions = RegionsPlugin.create();
  const nonce = document.querySelector<HTMLElement>('meta[property=csp-nonce]')?.nonce;
  const surfer = WaveSurfer.create({
    container,
    height: HEIGHT,
    waveColor: color,
    progressColor: color,
    cursorColor: color,
    plugins: [regions],
    ...(channels === 'dual' && { splitChannels: [{ waveColor: color }, { waveColor: color }] }),
    ...(nonce !== undefined && { cspNonce: nonce }),
  });
  surfer.on('timeupdate', (seconds) => at(Math.round(seconds * 1000)));
  surfer.on('play', () => playing(true));
  surfer.on('pause', () => playing(false));
  surfer.on('finish', () => playing(false));
  await surfer.loadBlob(audio);
  const fixed = { drag: false, resize: false };
  for (const { start_ms, end_ms = duration_ms } of mask_intervals) {
    regions.addRegion({
      ...fixed,
      start: start_ms / 1000,
      end: end_ms / 1000,
      color: MASKED,
      content: words.masked,
    });
  }
  for (const { start_ms } of segments.slice(1)) {
    regions.addRegion({ ...fixed, start: start_ms / 1000, color: SEGMENT, content: words.segment });
  }
  return {
    toggle: () => void surfer.playPause(),
    seek: (ms) => surfer.setTime(ms / 1000),
    close: () => surfer.destroy(),
  };
}
