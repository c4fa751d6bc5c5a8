/**
 * What time it is by the clock of a switch, told from what its events say and a clock of this process that nobody can
 * set: neither setting this machine's clock nor how long an event was on its way moves anything in a recording.
 *
 * What is heard is late, never early. So of all that was heard lately the one counts that says the latest time, and only
 * lately: two clocks drift apart, and the switch's may be set too.
 */

/** Milliseconds: drift is no more than a few in it, and every call has an event that came at once. */
const LATELY_MS = 60_000;

export class SwitchClock {
  private ahead: number;
  private lately: number | undefined;
  private before = -Infinity;
  private since = 0;

  /** `steady` tells milliseconds from some beginning. Until the switch is heard, it is taken to go as this machine does. */
  constructor(private readonly steady: () => number = () => performance.now()) {
    this.ahead = Date.now() - steady();
  }

  /** A connection begins: the switch may be another one, or its clock set anew. What is known counts until it is heard. */
  connected(): void {
    this.lately = undefined;
    this.before = -Infinity;
  }

  /** The switch said that it is `at`: epoch, milliseconds. */
  heard(at: number): void {
    const now = this.steady();
    const ahead = at - now;
    if (this.lately === undefined) {
      this.lately = ahead;
      this.since = now;
    } else if (now - this.since > LATELY_MS) {
      this.before = this.lately;
      this.lately = ahead;
      this.since = now;
    } else this.lately = Math.max(this.lately, ahead);
    this.ahead = Math.max(this.before, this.lately);
  }

  /** Epoch, whole milliseconds. */
  now(): number {
    return Math.round(this.steady() + this.ahead);
  }
}
