import { mkdtemp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { newRecordingId, recordingFile, RecordingFiles, safePart } from '../../src/recording/files.js';

function wav(samples: number, lengths: 'right' | 'none'): Buffer {
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
  return Buffer.concat([head, Buffer.alloc(samples * 2, 1)]);
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
    expect(await files.finish('a/x.wav')).to.deep.equal({ size: 24_044, durationMs: 1500 });
    expect(await readFile(files.path('a/x.wav'))).to.deep.equal(wav(12_000, 'right'));
    expect((await stat(files.path('a/x.wav'))).mode & 0o777).to.equal(0o640);
  });

  it('are left as they are where they are whole', async () => {
    await writeFile(files.path('x.wav'), wav(800, 'right'));
    expect(await files.finish('x.wav')).to.deep.equal({ size: 1644, durationMs: 100 });
    expect(await readFile(files.path('x.wav'))).to.deep.equal(wav(800, 'right'));
  });

  it('hold no audio where they are no WAV, empty or missing', async () => {
    await writeFile(files.path('x.wav'), 'nothing like it, but long enough to hold a header of one');
    await writeFile(files.path('y.wav'), '');
    expect((await files.finish('x.wav'))?.durationMs).to.equal(0);
    expect((await files.finish('y.wav'))?.durationMs).to.equal(0);
    expect(await files.finish('z.wav')).to.equal(undefined);
  });
});
