/** Lets what concerns the same keys run one at a time, in order, and what does not beside each other. */
export class Turns {
  private readonly last = new Map<string, Promise<unknown>>();

  /** Runs `work` when all that was given before under any of the keys has ended, well or not. */
  take<T>(keys: string | readonly string[], work: () => Promise<T>): Promise<T> {
    const all = typeof keys === 'string' ? [keys] : keys;
    const before = all.map((key) => this.last.get(key)).filter((turn) => turn !== undefined);
    const turn = before.length > 0 ? Promise.allSettled(before).then(work) : work();
    for (const key of all) this.last.set(key, turn);
    const done = () => {
      for (const key of all) if (this.last.get(key) === turn) this.last.delete(key);
    };
    turn.then(done, done);
    return turn;
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    while (this.last.size > 0) await Promise.allSettled(this.last.values());
  }
}
