import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { joinMp3, mp3Duration } from '../../src/recording/mp3.js';
import { id3Tag, mp3Frame, MP3_FRAMES, xingFrame } from '../support/mp3.js';

describe('mp3 files', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-mp3-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const put = async (name: string, ...parts: Buffer[]): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, Buffer.concat(parts));
    return path;
  };
  const frames = (count: number, kind: keyof typeof MP3_FRAMES = 'narrow'): Buffer[] =>
    Array.from({ length: count }, (_, at) => mp3Frame(kind, at % 200));

  for (const kind of ['narrow', 'wide'] as const) {
    it(`are as long as their frames, ${kind} ones`, async () => {
      const path = await put('a.mp3', ...frames(50, kind));
      expect(await mp3Duration(path)).to.equal(Math.round(50 * MP3_FRAMES[kind].ms));
    });
  }

  it('are as long as what is whole of them, tags and what tells the length left out', async () => {
    const broken = mp3Frame('narrow', 1).subarray(0, 100);
    const tags = [id3Tag(3000), xingFrame('narrow')];
    const id3v1 = Buffer.alloc(128, 'TAG');
    expect(await mp3Duration(await put('a.mp3', ...tags, ...frames(10), id3v1))).to.equal(720);
    expect(await mp3Duration(await put('b.mp3', ...frames(10), broken))).to.equal(720);
  });

  it('have no length where they are none', async () => {
    for (const text of ['', 'x', 'this is no sound, whatever its name is']) {
      expect(await mp3Duration(await put('a.mp3', Buffer.from(text)))).to.equal(0);
    }
  });

  it('are joined frame by frame, each without its tags', async () => {
    const first = frames(20);
    const second = frames(30);
    const paths = [
      await put('1.mp3', id3Tag(400), xingFrame('narrow'), ...first),
      await put('2.mp3', id3Tag(17), ...second, mp3Frame('narrow', 1).subarray(0, 9)),
    ];
    const whole = join(folder, 'whole.mp3');
    await joinMp3(paths, whole);
    expect((await readFile(whole)).equals(Buffer.concat([...first, ...second]))).to.equal(true);
    expect(await mp3Duration(whole)).to.equal(50 * 72);
  });

  it('are the same however long they are', async () => {
    const many = frames(15_000);
    const path = await put('1.mp3', id3Tag(300_000), xingFrame('narrow'), ...many);
    expect(await mp3Duration(path)).to.equal(15_000 * 72);
    const whole = join(folder, 'whole.mp3');
    await joinMp3([path, path], whole);
    expect((await readFile(whole)).equals(Buffer.concat([...many, ...many]))).to.equal(true);
  });
});
