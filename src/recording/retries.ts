/** What failed and is to be tried again, later each time (`backoff.ts`). */
import { backoff } from '../switch/backoff.js';

export class Retries<T> {
  private readonly waiting = new Map<T, { failures: number; timer: NodeJS.Timeout }>();

  constructor(private readonly again: (what: T) => void) {}

  /** It has failed; returns how often, in a row. */
  failed(what: T): number {
    const before = this.waiting.get(what);
    clearTimeout(before?.timer);
    const failures = (before?.failures ?? 0) + 1;
    const timer = setTimeout(() => this.again(what), backoff(failures, Math.random()));
    this.waiting.set(what, { failures, timer });
    return failures;
  }

  /** It has gone well, or is not to be tried any more. */
  forget(what: T): void {
    clearTimeout(this.waiting.get(what)?.timer);
    this.waiting.delete(what);
  }

  /** Ends every timer. */
  close(): void {
    for (const { timer } of this.waiting.values()) clearTimeout(timer);
  }
}
