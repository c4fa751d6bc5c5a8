/** Watches how much room the recordings folder's disk has. */
import { statfs } from 'node:fs/promises';
import type { Logger } from 'winston';

/** Milliseconds: a hundred stereo recordings at 16 kHz write some 64 MB in that time. */
const POLL_MS = 10_000;

export interface DiskSpaceOptions {
  /** The recordings folder as this service sees it. */
  folder: string;
  /** Bytes. */
  minFree: number;
  log: Logger;
}

export class DiskSpace {
  private free = Infinity;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: DiskSpaceOptions) {}

  /** Resolves when the disk was looked at for the first time; it is looked at until `close`. */
  async start(): Promise<void> {
    await this.look();
    this.timer = setInterval(() => void this.look(), POLL_MS).unref();
  }

  /** Whether there is room for another recording; also where the folder is not to be seen from here. */
  ok(): boolean {
    return this.free >= this.options.minFree;
  }

  /** Bytes; undefined where the folder is not to be seen from here. */
  get freeBytes(): number | undefined {
    return Number.isFinite(this.free) ? this.free : undefined;
  }

  close(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    const { folder, minFree, log } = this.options;
    const before = this.ok();
    try {
      const { bavail, bsize } = await statfs(folder);
      this.free = bavail * bsize;
    } catch {
      this.free = Infinity;
    }
    if (this.ok() === before) return;
    if (this.ok()) log.info('the disk of the recordings has room again', { free: this.free });
    else log.error('the disk of the recordings has too little room', { free: this.free, min_free: minFree });
  }
}
