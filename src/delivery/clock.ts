/** Time as the delivery sees it, so that a test can let hours pass. */
export interface Clock {
  /** Epoch, milliseconds. */
  now(): number;
  /** Milliseconds from some beginning: whoever sets the clock does not move it. */
  steady(): number;
  /** Calls `wake` once in `ms` milliseconds; returns how to call that off. */
  after(ms: number, wake: () => void): () => void;
}

export const systemClock: Clock = {
  now: Date.now,
  steady: () => performance.now(),
  after(ms, wake) {
    const timer = setTimeout(wake, ms);
    return () => clearTimeout(timer);
  },
};
