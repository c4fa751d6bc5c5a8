import { expect } from 'chai';
import { parseWav } from './wav.js';

/** A WAV file with the given chunks after its header. */
function riff(...chunks: [id: string, body: Buffer][]): Buffer {
  const parts = chunks.map(([id, body]) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(body.length);
    return id + length.toString('latin1') + body.toString('latin1') + '\0'.repeat(body.length % 2);
  });
  return Buffer.from(`RIFF\0\0\0\0WAVE${parts.join('')}`, 'latin1');
}

function format(channels: number, rate: number, bits = 16): Buffer {
  const body = Buffer.alloc(16);
  body.writeUInt16LE(1, 0);
  body.writeUInt16LE(channels, 2);
  body.writeUInt32LE(rate, 4);
  body.writeUInt16LE(bits, 14);
  return body;
}

const SAMPLES = Buffer.from(new Int16Array([1, -1, 2, -2, 3, -3]).buffer);

describe('support/wav', () => {
  it('reads the samples of one channel', () => {
    const { rate, channels, ms } = parseWav(riff(['fmt ', format(1, 8000)], ['data', SAMPLES]));
    expect(rate).to.equal(8000);
    expect(channels.map((samples) => [...samples])).to.deep.equal([[1, -1, 2, -2, 3, -3]]);
    expect(ms).to.equal(0.75);
  });

  it('takes two channels apart', () => {
    const { channels } = parseWav(riff(['fmt ', format(2, 8000)], ['data', SAMPLES]));
    expect(channels.map((samples) => [...samples])).to.deep.equal([
      [1, 2, 3],
      [-1, -2, -3],
    ]);
  });

  it('steps over other chunks, those of odd length too', () => {
    const bytes = riff(['LIST', Buffer.from('odd')], ['fmt ', format(1, 8000)], ['data', SAMPLES]);
    expect(parseWav(bytes).channels[0]).to.have.lengthOf(6);
  });

  it('refuses what is no WAV file, has no audio, or is not 16 bit', () => {
    expect(() => parseWav(Buffer.from('ID3 and so on'))).to.throw('no WAV file');
    expect(() => parseWav(riff(['fmt ', format(1, 8000)]))).to.throw('no data chunk');
    expect(() => parseWav(riff(['fmt ', format(1, 8000, 8)], ['data', SAMPLES]))).to.throw('8 bit');
  });
});
