import { expect } from 'chai';
import { readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FILE_BUFFER_BYTES, WavWriter } from '../../src/softswitch/wav.js';
import { readWav } from '../support/wav.js';

const HEADER = 44;
const FRAME = new Int16Array(160).fill(1000);

describe('WavWriter', () => {
  let path: string;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-wav-'));
  });
  after(() => rm(folder, { recursive: true }));
  beforeEach(() => {
    path = join(folder, `${Math.random()}.wav`);
  });

  const lengths = (): [number, number] => {
    const bytes = readFileSync(path);
    return [bytes.readUInt32LE(4), bytes.readUInt32LE(40)];
  };

  it('writes the lengths in its header at the end only, as libsndfile does', async () => {
    const wav = new WavWriter(path, 8000, 1, 0);
    wav.write(FRAME);
    expect(lengths()).to.deep.equal([8, 0]);
    expect(statSync(path).size).to.equal(HEADER + 320);
    wav.close();
    expect(lengths()).to.deep.equal([HEADER + 320 - 8, 320]);
    const { rate, channels, ms } = await readWav(path);
    expect([rate, channels.length, ms]).to.deep.equal([8000, 1, 20]);
    expect([...channels[0]!]).to.deep.equal([...FRAME]);
  });

  it('keeps back what is less than its buffer', () => {
    const wav = new WavWriter(path, 8000, 1, FILE_BUFFER_BYTES);
    for (let n = 0; n < 204; n++) wav.write(FRAME);
    expect(statSync(path).size).to.equal(HEADER);
    wav.write(FRAME);
    expect(statSync(path).size).to.be.at.least(HEADER + FILE_BUFFER_BYTES);
    wav.close();
  });

  it('left as by a crash has lost what was kept back, and its lengths', () => {
    const wav = new WavWriter(path, 8000, 1, FILE_BUFFER_BYTES);
    wav.write(FRAME);
    wav.abandon();
    expect(lengths()).to.deep.equal([8, 0]);
    expect(statSync(path).size).to.equal(HEADER);
  });

  it('goes on with a file where it appends, and begins anew where it does not', async () => {
    for (const [append, ms] of [
      [false, 20],
      [true, 40],
      [false, 20],
    ] as const) {
      const wav = new WavWriter(path, 8000, 1, 0, append);
      wav.write(FRAME);
      wav.close();
      expect((await readWav(path)).ms).to.equal(ms);
    }
  });
});
