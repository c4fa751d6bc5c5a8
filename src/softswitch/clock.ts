import { FRAME_MS } from './audio.js';

/** What must be done every 20 ms, with the number of the frame. */
export type OnFrame = (frame: number) => void;

/**
 * The pulse of the audio. It runs only while somebody records or is played something: a call that
 * nobody listens to costs nothing. Who changes what is heard calls {@link catchUp} first, so that the
 * change falls on its own time however late the timer is.
 */
export class MediaClock {
  #startedAt = performance.now();
  #frame = 0;
  #takers = new Set<OnFrame>();
  #timer: NodeJS.Timeout | undefined;

  /** The number of the frame that is next. */
  get frame(): number {
    this.catchUp();
    return this.#frame;
  }

  add(taker: OnFrame): void {
    this.catchUp();
    this.#takers.add(taker);
    this.#timer ??= setInterval(() => this.catchUp(), FRAME_MS);
  }

  remove(taker: OnFrame): void {
    this.#takers.delete(taker);
    if (this.#takers.size === 0) this.close();
  }

  /** Does every frame that is due. */
  catchUp(): void {
    const due = Math.floor((performance.now() - this.#startedAt) / FRAME_MS);
    if (this.#takers.size === 0) this.#frame = Math.max(this.#frame, due);
    while (this.#frame < due) {
      const frame = this.#frame++;
      for (const taker of [...this.#takers]) taker(frame);
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
