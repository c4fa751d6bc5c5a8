import { createHash } from 'node:crypto';
import { mkdtemp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { newRecordingId, recordingFile, RecordingFiles, safePart } from '../../src/recording/files.js';

function wav(samples: number, lengths: 'right' | 'none', value = 1): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8000, 24);
  head.writeUInt32LE(16_000, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  if (lengths === 'right') {
    head.writeUInt32LE(36 + samples * 2, 4);
    head.writeUInt32LE(samples * 2, 40);
  }
  return Buffer.concat([head, samplesOf(samples, value)]);
}

function samplesOf(count: number, value: number): Buffer {
  const samples = Buffer.alloc(count * 2);
  for (let at = 0; at < samples.length; at += 2) samples.writeInt16LE(value, at);
  return samples;
}

describe('recording files', () => {
  let folder: string;
  let files: RecordingFiles;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-files-'));
    files = new RecordingFiles(folder);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('have ids as Kazoo has them, which sort by time', () => {
    const at = Date.UTC(2026, 0, 31, 23, 59);
    const [first, second] = [newRecordingId(at), newRecordingId(at + 1)];
    expect(first).to.match(/^202601-[0-9a-f]{32}$/);
    expect(first < second).to.equal(true);
  });

  it('lie by account and day', () => {
    const at = Date.UTC(2026, 0, 31, 23, 59);
    expect(recordingFile('example.com', 'ID', 'wav', at)).to.equal('example.com/2026/01/31/ID.wav');
  });

  for (const name of ['..', '.', '', '../../etc', 'a/b', 'a\0b', 'x y', 'ü', "a'b", 'a|b${c}', '^^;']) {
    it(`make ${JSON.stringify(name)} one safe part of a path`, () => {
      expect(safePart(name)).to.match(/^(?!\.*$)[A-Za-z0-9_.=-]+$/);
    });
  }

  it('get the lengths that a killed switch left out, and mode 0640', async () => {
    await mkdir(join(folder, 'a'));
    await writeFile(files.path('a/x.wav'), wav(12_000, 'none'), { mode: 0o666 });
    expect(await files.finish(['a/x.wav'], false)).to.deep.include({ size: 24_044, durationMs: 1500 });
    expect(await readFile(files.path('a/x.wav'))).to.deep.equal(wav(12_000, 'right'));
    expect((await stat(files.path('a/x.wav'))).mode & 0o777).to.equal(0o640);
  });

  it('are left as they are where they are whole', async () => {
    await writeFile(files.path('x.wav'), wav(800, 'right'));
    const whole = wav(800, 'right');
    expect(await files.finish(['x.wav'], false)).to.deep.equal({
      size: 1644,
      durationMs: 100,
      segmentsMs: [100],
      cutMs: 0,
      sha256: createHash('sha256').update(whole).digest('hex'),
    });
    expect(await readFile(files.path('x.wav'))).to.deep.equal(wav(800, 'right'));
  });

  it('hold no audio where they are no WAV, empty or missing', async () => {
    await writeFile(files.path('x.wav'), 'nothing like it, but long enough to hold a header of one');
    await writeFile(files.path('y.wav'), '');
    expect((await files.finish(['x.wav'], false))?.durationMs).to.equal(0);
    expect((await files.finish(['y.wav'], false))?.durationMs).to.equal(0);
    expect(await files.finish(['z.wav'], false)).to.equal(undefined);
  });

  it('become one where there are segments, also when it has to be done again', async () => {
    await writeFile(files.path('x.wav'), wav(800, 'none', 1000));
    await writeFile(files.path('x-2.wav'), wav(400, 'right', 2000));
    const names = ['x.wav', 'x-2.wav'];
    const audio = await files.finish(names, false);
    expect(audio).to.deep.include({ durationMs: 150, segmentsMs: [100, 50], size: 44 + 2400 });
    const joined = await readFile(files.path('x.wav'));
    expect(joined.subarray(44)).to.deep.equal(Buffer.concat([samplesOf(800, 1000), samplesOf(400, 2000)]));
    expect(joined.subarray(0, 44)).to.deep.equal(wav(1200, 'right').subarray(0, 44));
    expect(await files.finish(names, false)).to.deep.equal(audio);
    await files.removeParts(names);
    expect(await readdir(folder)).to.deep.equal(['x.wav']);
  });

  it('are left where they were where they cannot become one', async () => {
    await writeFile(files.path('x.wav'), wav(800, 'right', 1000));
    const other = wav(400, 'right');
    other.writeUInt32LE(16_000, 24);
    await writeFile(files.path('x-2.wav'), other);
    const error: unknown = await files.finish(['x.wav', 'x-2.wav'], false).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(TypeError);
    expect((await readdir(folder)).sort()).to.deep.equal(['x-2.wav', 'x.wav']);
    expect(await readFile(files.path('x.wav'))).to.deep.equal(wav(800, 'right', 1000));
  });

  it('keep what there is where a segment has no file', async () => {
    await writeFile(files.path('x-2.wav'), wav(400, 'right'));
    const audio = await files.finish(['x.wav', 'x-2.wav'], false);
    expect(audio).to.deep.include({ durationMs: 50, segmentsMs: [0, 50] });
  });

  it('lose the silence at both ends where that is wanted, also when it has to be done again', async () => {
    const parts = [
      samplesOf(800, 200),
      samplesOf(400, 3000),
      samplesOf(80, 0),
      samplesOf(400, -3000),
      samplesOf(1600, 0),
    ];
    const head = wav(3280, 'right').subarray(0, 44);
    await writeFile(files.path('x.wav'), Buffer.concat([head, ...parts]));
    const audio = await files.finish(['x.wav'], true);
    expect(audio).to.deep.include({ durationMs: 110, cutMs: 100 });
    expect((await readFile(files.path('x.wav'))).subarray(44)).to.deep.equal(
      Buffer.concat(parts.slice(1, 4)),
    );
    expect(await files.finish(['x.wav'], true)).to.deep.equal(audio);
  });

  it('are nothing where all is silence that is trimmed', async () => {
    await writeFile(files.path('x.wav'), wav(800, 'right', 3));
    expect((await files.finish(['x.wav'], true))?.durationMs).to.equal(0);
  });
});
