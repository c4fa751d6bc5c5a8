import { expect } from 'chai';
import {
  FRAME_MS,
  FRAME_SAMPLES,
  Resampler,
  SILENCE,
  interleave,
  mix,
  parseToneStream,
} from '../../src/softswitch/audio.js';
import type { Frame, ToneStream } from '../../src/softswitch/audio.js';
import { windows } from '../support/tones.js';

const RATE = 8000;

function play(stream: ToneStream, ms: number): Int16Array {
  const samples = new Int16Array((ms / FRAME_MS) * FRAME_SAMPLES);
  for (let n = 0; n * FRAME_MS < ms; n++) samples.set(stream.frame(n), n * FRAME_SAMPLES);
  return samples;
}

function toneStream(url: string): ToneStream {
  const stream = parseToneStream(url);
  expect(stream, url).not.to.equal(undefined);
  return stream!;
}

describe('tone streams', () => {
  it('play each tone for its time, and silence between', () => {
    const stream = toneStream('tone_stream://%(200,100,440);%(100,0,880,620)');
    expect(stream.durationMs).to.equal(400);
    expect(stream.frequencies).to.deep.equal([440, 880, 620]);
    expect(windows(play(stream, 400), RATE)).to.deep.equal(['440', '440', 'silence', '620+880']);
  });

  it('are as loud as FreeSWITCH’s: 3611 of a phone at -13 dB, twice that by default', () => {
    const loudness = (url: string): number => {
      const samples = play(toneStream(url), 1000);
      return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
    };
    expect(loudness('tone_stream://v=-13;%(1000,0,440);loops=-1')).to.be.closeTo(3611, 5);
    expect(loudness('tone_stream://%(1000,0,1500)')).to.be.closeTo(7200, 30);
  });

  it('go on without a break where they loop for ever', () => {
    const stream = toneStream('tone_stream://v=-13;%(1000,0,440);loops=-1');
    expect(stream.durationMs).to.equal(Infinity);
    expect(new Set(windows(play(stream, 3000), RATE))).to.deep.equal(new Set(['440']));
  });

  it('are nothing else', () => {
    expect(parseToneStream('/tmp/beep.wav')).to.equal(undefined);
    expect(parseToneStream('tone_stream://nonsense')).to.equal(undefined);
  });
});

describe('frames', () => {
  const ramp: Frame = Int16Array.from({ length: FRAME_SAMPLES }, (_, n) => n);

  it('mixed are added, and clipped', () => {
    const loud = new Int16Array(FRAME_SAMPLES).fill(30_000);
    expect(mix(ramp, ramp)[10]).to.equal(20);
    expect(mix(loud, loud)[0]).to.equal(32_767);
    expect(mix(ramp, SILENCE)).to.deep.equal(ramp);
  });

  it('interleaved are two channels', () => {
    expect([...interleave(ramp, SILENCE).subarray(0, 6)]).to.deep.equal([0, 0, 1, 0, 2, 0]);
  });

  it('brought to another rate keep their length in time and their tone', () => {
    for (const rate of [8000, 16_000, 48_000]) {
      const resampler = new Resampler(rate);
      const stream = toneStream('tone_stream://v=-13;%(1000,0,440)');
      const frames = Array.from({ length: 10 }, (_, n) => resampler.next(stream.frame(n)));
      expect(frames.map((frame) => frame.length)).to.deep.equal(Array(10).fill(rate / 50));
      const samples = Int16Array.from(frames.flatMap((frame) => [...frame]));
      expect(windows(samples, rate)).to.deep.equal(['440', '440']);
    }
  });
});
