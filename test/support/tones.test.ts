import { expect } from 'chai';
import { heardInTurn, silentSpans, windows } from './tones.js';

const RATE = 8000;

/** Samples of sines of the given frequencies, each as loud as a phone. */
function sound(ms: number, ...frequencies: number[]): number[] {
  return Array.from({ length: (ms * RATE) / 1000 }, (_, at) =>
    Math.round(
      frequencies.reduce((sum, frequency) => sum + 5000 * Math.sin((2 * Math.PI * frequency * at) / RATE), 0),
    ),
  );
}

function audio(...parts: number[][]): Int16Array {
  return Int16Array.from(parts.flat());
}

describe('support/tones', () => {
  it('tells one tone, two at once, and none of the known', () => {
    const samples = audio(sound(100, 440), sound(100, 440, 880), sound(100, 1200), sound(100, 1500, 1120));
    expect(windows(samples, RATE)).to.deep.equal(['440', '440+880', 'other', '1120+1500']);
  });

  it('tells neighbours apart, and does not take a tone that begins late for its neighbour', () => {
    expect(windows(audio(sound(100, 1500, 1560)), RATE)).to.deep.equal(['1500+1560']);
    for (const late of [30, 50, 70, 90]) {
      expect(windows(audio(sound(late), sound(100 - late, 1500)), RATE)).to.deep.equal(
        late === 90 ? ['other'] : ['1500'],
      );
    }
  });

  it('calls silence only what is exactly 0', () => {
    const nearly = sound(100);
    nearly[799] = 1;
    expect(windows(audio(sound(100), nearly), RATE)).to.deep.equal(['silence', 'other']);
  });

  it('leaves a last part of a window out, and tells a run once', () => {
    const samples = audio(sound(300, 620), sound(200), sound(50, 620));
    expect(windows(samples, RATE)).to.have.lengthOf(5);
    expect(heardInTurn(samples, RATE)).to.deep.equal(['620', 'silence']);
  });

  it('finds silent spans to the sample, and no short ones', () => {
    const samples = audio([9], sound(150), [9], sound(99), [9], sound(100));
    const spans = silentSpans(samples, RATE).map(({ startMs, endMs }) => endMs - startMs);
    expect(spans).to.deep.equal([150, 100]);
    expect(silentSpans(samples, RATE)[0]).to.deep.equal({ startMs: 0.125, endMs: 150.125 });
    expect(silentSpans(samples, RATE, 99)).to.have.lengthOf(3);
  });
});
