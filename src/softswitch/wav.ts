import { closeSync, existsSync, fstatSync, openSync, writeSync } from 'node:fs';

const HEADER_BYTES = 44;

/** `SWITCH_DEFAULT_FILE_BUFFER_LEN`: what a recording keeps back before it writes. */
export const FILE_BUFFER_BYTES = 65536;

/**
 * A WAV file being written: as with libsndfile, the lengths in its header come at {@link close}. A `.raw` file is the same
 * without a header (`mod_sndfile.c`).
 */
export class WavWriter {
  readonly #headerBytes: number;
  #file: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #dataBytes = 0;

  /**
   * @param bufferBytes how much is kept back before it is written; 0 writes at once
   * @throws where the file cannot be opened
   */
  constructor(
    path: string,
    private readonly rate: number,
    private readonly channels: number,
    private readonly bufferBytes: number,
    append = false,
  ) {
    this.#headerBytes = path.endsWith('.raw') ? 0 : HEADER_BYTES;
    const continued = append && existsSync(path);
    this.#file = openSync(path, continued ? 'r+' : 'w');
    // the RIFF length 8 of an unfinished file is libsndfile's
    if (continued) this.#dataBytes = Math.max(0, fstatSync(this.#file).size - this.#headerBytes);
    else writeSync(this.#file, this.#header(8, 0), 0, this.#headerBytes, 0);
  }

  /** Bytes of the file, were everything written. */
  get size(): number {
    return this.#headerBytes + this.#dataBytes + this.#pendingBytes;
  }

  write(samples: Int16Array): void {
    this.#pending.push(Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength));
    this.#pendingBytes += samples.byteLength;
    if (this.#pendingBytes >= this.bufferBytes) this.#flush();
  }

  close(): void {
    this.#flush();
    writeSync(
      this.#file,
      this.#header(HEADER_BYTES - 8 + this.#dataBytes, this.#dataBytes),
      0,
      this.#headerBytes,
      0,
    );
    closeSync(this.#file);
  }

  /** Leaves the file as a crash does: what was kept back is lost, and the lengths are not written. */
  abandon(): void {
    closeSync(this.#file);
  }

  #flush(): void {
    const data = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    writeSync(this.#file, data, 0, data.length, this.#headerBytes + this.#dataBytes);
    this.#dataBytes += data.length;
  }

  #header(riffBytes: number, dataBytes: number): Buffer {
    const header = Buffer.alloc(HEADER_BYTES);
    header.write('RIFF', 0);
    header.writeUInt32LE(riffBytes, 4);
    header.write('WAVEfmt ', 8);
    header.writeUInt32LE(16, 16);
    header.writeUInt16LE(1, 20);
    header.writeUInt16LE(this.channels, 22);
    header.writeUInt32LE(this.rate, 24);
    header.writeUInt32LE(this.rate * this.channels * 2, 28);
    header.writeUInt16LE(this.channels * 2, 32);
    header.writeUInt16LE(16, 34);
    header.write('data', 36);
    header.writeUInt32LE(dataBytes, 40);
    return header;
  }
}
