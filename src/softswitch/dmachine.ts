/** What became of the digits collected so far. */
export type Verdict<Action> = { digits: string; action: Action } | { digits: string; action: undefined };

interface Binding<Action> {
  digits: string;
  pattern: RegExp | undefined;
  action: Action;
}

type Match = 'none' | 'exact' | 'partial' | 'both' | 'never';

/** `DMACHINE_MAX_DIGIT_LEN - 1`: a pattern may match anything up to here. */
const MAX_DIGITS = 511;

/**
 * The digit parser that `bind_digit_action` builds on a leg, after `switch_ivr_dmachine_*` in
 * switch_ivr_async.c: bindings in realms, of which one is active; a digit that can still become a
 * binding is kept, and what can match nothing is handed on in order.
 */
export class DigitMachine<Action> {
  #realms = new Map<string, Binding<Action>[]>();
  #active: Binding<Action>[] | undefined;
  #digits = '';
  #maxLength = 0;
  #lastDigitAt = 0;

  /** @param digitTimeoutMs how long after a digit what was collected is decided, in milliseconds */
  constructor(readonly digitTimeoutMs: number) {}

  /**
   * Binds `digits`, or a pattern written `~regex`. In the same realm the same digits get the new action;
   * a binding that is new to its realm makes that realm the active one.
   */
  bind(realm: string, digits: string, action: Action): void {
    if (digits.length > MAX_DIGITS) return;
    const bindings = this.#realms.get(realm) ?? [];
    this.#realms.set(realm, bindings);
    const pattern = digits.startsWith('~') ? new RegExp(digits.slice(1)) : undefined;
    const literal = pattern ? digits.slice(1) : digits;
    const existing = bindings.find((binding) => binding.digits === literal);
    if (existing) {
      existing.action = action;
      return;
    }
    bindings.push({ digits: literal, pattern, action });
    this.#active = bindings;
    this.#maxLength = Math.max(this.#maxLength, pattern ? MAX_DIGITS : literal.length);
  }

  /** Makes a realm the active one, where it exists. */
  setRealm(realm: string): void {
    this.#active = this.#realms.get(realm) ?? this.#active;
  }

  /**
   * Forgets a realm. Where it was the active one none is left, and digits are from then on kept until
   * the timeout, or until they are as many as the longest binding ever had.
   */
  clearRealm(realm: string): void {
    if (this.#realms.get(realm) === this.#active) this.#active = undefined;
    this.#realms.delete(realm);
  }

  /** Takes a digit at `now`, in milliseconds; returns what it decided, if anything. */
  feed(digit: string, now: number): Verdict<Action> | undefined {
    if (this.#digits.length >= this.#maxLength) return undefined;
    this.#digits += digit;
    this.#lastDigitAt = now;
    return this.ping(now);
  }

  /** Looks whether the digit timeout has run out at `now`, in milliseconds. */
  ping(now: number): Verdict<Action> | undefined {
    if (this.#digits === '') return undefined;
    const late = now - this.#lastDigitAt > this.digitTimeoutMs;
    const { match, action } = this.#check(late);
    if (match === 'exact') return { digits: this.#clear(), action: action as Action };
    if (late || match === 'never' || (match === 'none' && this.#digits.length === this.#maxLength)) {
      return { digits: this.#clear(), action: undefined };
    }
    return undefined;
  }

  /** Milliseconds after which {@link ping} has something to decide; undefined while nothing is kept. */
  get due(): number | undefined {
    return this.#digits === '' ? undefined : this.#lastDigitAt + this.digitTimeoutMs + 1;
  }

  #clear(): string {
    const digits = this.#digits;
    this.#digits = '';
    return digits;
  }

  /** `switch_ivr_dmachine_check_match`; the order of the bindings matters, as it does there. */
  #check(late: boolean): { match: Match; action?: Action } {
    const bindings = this.#active;
    if (!bindings) return { match: 'none' };
    const digits = this.#digits;
    const patterns = bindings.some((binding) => binding.pattern);
    let best: Match = 'none';
    let exact: Binding<Action> | undefined;
    let longer = false;
    for (const binding of bindings) {
      if (binding.pattern) {
        if (!binding.pattern.test(digits)) continue;
        if (late || bindings.length === 1) return { match: 'exact', action: binding.action };
        best = 'partial';
      } else if (binding.digits === digits) {
        if (exact || (patterns && !late)) continue;
        best = 'exact';
        exact = binding;
        if (digits.length === this.#maxLength) break;
      } else if (binding.digits.startsWith(digits)) {
        best = exact ? 'both' : 'partial';
        longer = exact !== undefined;
      }
    }
    if (exact && (best === 'exact' || (late && longer))) return { match: 'exact', action: exact.action };
    const possible = patterns || bindings.some((binding) => binding.digits.startsWith(digits));
    return { match: possible ? best : 'never' };
  }
}
