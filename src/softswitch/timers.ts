/** The softswitch's own pending work, so that closing it leaves none behind. */
export class Timers {
  #pending = new Set<NodeJS.Timeout>();
  #closed = false;

  /** @param ms milliseconds */
  after(ms: number, work: () => void): { cancel(): void } {
    if (this.#closed) return { cancel: () => undefined };
    const timer = setTimeout(() => {
      this.#pending.delete(timer);
      work();
    }, ms);
    this.#pending.add(timer);
    return {
      cancel: () => {
        clearTimeout(timer);
        this.#pending.delete(timer);
      },
    };
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#pending) clearTimeout(timer);
    this.#pending.clear();
  }
}
