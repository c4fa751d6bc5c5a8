/**
 * Who may act for a switch, judged from the lease that lies on the switch itself. Two values: who holds it, and a beat
 * that the holder changes again and again, since nothing there expires. Pure; times are milliseconds by the process's
 * own clock, which goes on while the process is stopped.
 *
 *   beat ──RENEW──► beat ──RENEW──► beat ✕ … HOLD: it stops acting by itself … TAKEOVER: another takes it
 *
 * A watcher sees a beat WATCH later at most, so that another acts within TAKEOVER + 2 × WATCH of a kill.
 */

/** How often the holder renews: three times before it would have to stop. */
export const RENEW_MS = 400;
/** How often the others look. */
export const WATCH_MS = 250;
/** A holder that could not renew for so long stops acting by itself, well before anybody takes over. */
export const HOLD_MS = 1250;
/** Others take over after so long without a beat. */
export const TAKEOVER_MS = 1750;
/** A look that comes later than this says nothing of the time since the one before: it was the watcher that slept. */
const GAP_MS = 3 * WATCH_MS;

/** What a watcher has seen. */
export interface Seen {
  /** Empty where nobody holds the lease. */
  holder: string;
  beat: string;
  /** When that was new. */
  since: number;
  /** When it was last looked at. */
  at: number;
}

/** Takes in what was read, by a look that ended at `now`. */
export function seen(before: Seen | undefined, holder: string, beat: string, now: number): Seen {
  const same = before?.holder === holder && before.beat === beat && now - before.at <= GAP_MS;
  return { holder, beat, since: same ? before.since : now, at: now };
}

/** Whether the lease may be taken: nobody has it, its holder is dead, or it is `instance`'s from an earlier start. */
export function mayTake({ holder, since, at }: Seen, instance: string): boolean {
  return holder === '' || instanceOf(holder) === instance || at - since >= TAKEOVER_MS;
}

/** Whether who last renewed with a command sent at `renewedAt` may still act without asking. */
export function mayAct(renewedAt: number, now: number): boolean {
  return now - renewedAt < HOLD_MS;
}

/**
 * A holder's name, another one each time that a lease is taken. It begins with a letter: `cond` compares what looks like
 * a number by its value.
 *
 * @param term unique among those of the instance; letters, digits
 */
export function holderOf(instance: string, term: string): string {
  return `m${instance}-${term}`;
}

function instanceOf(holder: string): string | undefined {
  return /^m(.+)-\w+$/.exec(holder)?.[1];
}
