/** Time as the delivery sees it, so that a test can let hours pass. */
export interface Clock {
  /** Epoch, milliseconds. */
  now(): number;
  /** Calls `wake` once in `ms` milliseconds; returns how to call that off. */
  after(ms: number, wake: () => void): () => void;
}

export const systemClock: Clock = {
  now: Date.now,
  after(ms, wake) {
    const timer = setTimeout(wake, ms);
    return () => clearTimeout(timer);
  },
};
