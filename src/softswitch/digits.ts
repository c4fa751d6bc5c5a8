import { FRAME_MS } from './audio.js';
import type { Channel } from './channel.js';
import { DigitMachine, type Verdict } from './dmachine.js';
import { MetaKeys, type Direction } from './metakeys.js';

/** Where a digit came from, as `DTMF-Source` has it. */
export type DigitSource = 'RTP' | 'APP';

export interface Digit {
  digit: string;
  durationMs: number;
  source: DigitSource;
  /** Skips bindings, here and on the way out (`DTMF_FLAG_SKIP_PROCESS`). */
  skip: boolean;
}

/** What `bind_digit_action` binds: `exec[i]:app`, `exec:app` or `api:command`, and its argument. */
export interface BoundAction {
  what: string;
  argument: string;
  target: Target;
}

/** Whose digits are looked at, and on whose leg an action runs. */
export type Target = 'self' | 'peer' | 'both';

/** `SWITCH_DEFAULT_DTMF_DURATION`, in milliseconds. */
const DEFAULT_MS = 250;
/** `SWITCH_MIN_DTMF_DURATION` and `SWITCH_MAX_DTMF_DURATION`, in milliseconds. */
const MIN_MS = 50;
const MAX_MS = 24000;
/** What `w` and `W` among the keys wait, in milliseconds. */
const PAUSES: Readonly<Record<string, number>> = { w: 500, W: 1000 };
/** Between two telephone-events. */
const GAP_MS = 20;
/** `bind_digit_digit_timeout` where it is not set, in milliseconds. */
const DIGIT_TIMEOUT_MS = 1500;

/** Reads `[~]digits[@milliseconds]`; undefined where there is no digit in it. */
export function parseDigits(text: string): Digit[] | undefined {
  const skip = !text.startsWith('~');
  const digits = text
    .replace(/^~/, '')
    .split('+')
    .flatMap((part) => {
      const [keys = '', duration] = part.split('@');
      const asked = Number.parseInt(duration ?? '', 10);
      const durationMs = asked > MIN_MS ? Math.min(asked, MAX_MS) : DEFAULT_MS;
      return (keys.match(/[0-9A-DFW*#]/gi) ?? []).map((digit): Digit => ({
        digit,
        durationMs,
        source: 'APP',
        skip,
      }));
    });
  return digits.length > 0 ? digits : undefined;
}

/** The digits of one leg: those its party presses, through bindings to whoever reads them, and those sent to it. */
export class Digits {
  #machines = new Map<'self' | 'peer', DigitMachine<BoundAction>>();
  #meta: MetaKeys | undefined;
  #waiting: Digit[] = [];
  #reader: ((digit: Digit) => void) | undefined;
  #freeAt = 0;
  #sending: { from: number; to: number }[] = [];

  constructor(private readonly leg: Channel) {}

  /** Who reads the digits from now on: what the leg is doing. Those that came before are read first. */
  get reader(): ((digit: Digit) => void) | undefined {
    return this.#reader;
  }

  set reader(reader: ((digit: Digit) => void) | undefined) {
    this.#reader = reader;
    this.#drain();
  }

  /** A digit of the leg's own party (`switch_channel_queue_dtmf`). */
  receive(digit: Digit): void {
    if (this.leg.down) return;
    if (!digit.skip) {
      const fed = this.#feed('self', digit.digit);
      if (this.#metaTakes(digit.digit, 'received') || fed) return;
    }
    this.#waiting.push(digit);
    this.#drain();
  }

  /** Sends a digit to the leg's party (`switch_core_session_send_dtmf`). */
  send(digit: Digit): void {
    if (this.leg.down) return;
    if (!digit.skip && (this.#metaTakes(digit.digit, 'sent') || this.#feed('peer', digit.digit))) return;
    const wait = this.sendingForMs;
    const pause = PAUSES[digit.digit];
    if (pause !== undefined) {
      this.#freeAt = performance.now() + wait + pause;
      return;
    }
    const durationMs = Math.ceil(digit.durationMs / FRAME_MS) * FRAME_MS;
    this.#freeAt = performance.now() + wait + durationMs + GAP_MS;
    const from = this.leg.instance.clock.frame + Math.round(wait / FRAME_MS);
    this.#sending = [
      ...this.#sending.filter((span) => span.to > from - 1000),
      { from, to: from + durationMs / FRAME_MS },
    ];
    this.leg.instance.timers.after(wait + durationMs, () => {
      if (!this.leg.down) this.leg.endpoint?.sendDigit(digit.digit, durationMs);
    });
  }

  /** How long until every digit given to {@link send} is out, in milliseconds. */
  get sendingForMs(): number {
    return Math.max(0, this.#freeAt - performance.now());
  }

  /** Whether a digit takes the place of this frame of audio. */
  sendingAt(frame: number): boolean {
    return this.#sending.some(({ from, to }) => frame >= from && frame < to);
  }

  bind(target: Target, realm: string, digits: string, action: BoundAction): void {
    for (const side of sides(target)) {
      let machine = this.#machines.get(side);
      if (!machine) {
        const timeout = Number(this.leg.get('bind_digit_digit_timeout') ?? DIGIT_TIMEOUT_MS);
        machine = new DigitMachine<BoundAction>(timeout);
        this.#machines.set(side, machine);
      }
      machine.bind(realm, digits, action);
    }
  }

  setRealm(target: Target, realm: string): void {
    // with `both`, FreeSWITCH too looks at the leg's own digits alone (switch_core_session_get_dmachine)
    this.#machines.get(target === 'peer' ? 'peer' : 'self')?.setRealm(realm);
  }

  /** `all` forgets the digits collected as well. */
  clear(target: Target, realm: string): void {
    for (const side of sides(target)) {
      if (realm.toLowerCase() === 'all') this.#machines.delete(side);
      else this.#machines.get(side)?.clearRealm(realm);
    }
  }

  bindMeta(data: string): boolean {
    this.#meta ??= new MetaKeys();
    return this.#meta.bind(data);
  }

  close(): void {
    this.#machines.clear();
    this.#reader = undefined;
  }

  #drain(): void {
    while (this.#reader && this.#waiting.length > 0) {
      const digit = this.#waiting.shift();
      if (!digit) return;
      this.leg.fire('DTMF', {
        'DTMF-Digit': digit.digit,
        'DTMF-Duration': String(digit.durationMs * 8),
        'DTMF-Source': digit.source,
      });
      this.#reader(digit);
    }
  }

  /** @returns whether there are bindings at all: the digit is theirs then */
  #feed(side: 'self' | 'peer', digit: string): boolean {
    const machine = this.#machines.get(side);
    if (!machine) return false;
    this.#decide(side, machine, machine.feed(digit, Date.now()));
    return true;
  }

  #decide(
    side: 'self' | 'peer',
    machine: DigitMachine<BoundAction>,
    verdict: Verdict<BoundAction> | undefined,
  ): void {
    if (verdict?.action) this.#act(verdict.action, verdict.digits);
    else if (verdict) this.#handOn(side, verdict.digits);
    const due = machine.due;
    if (due === undefined) return;
    this.leg.instance.timers.after(due - Date.now(), () => {
      if (this.#machines.get(side) === machine && machine.due === due) {
        this.#decide(side, machine, machine.ping(Date.now()));
      }
    });
  }

  /** `digit_nomatch_action_callback` */
  #handOn(side: 'self' | 'peer', digits: string): void {
    const leg = side === 'peer' ? (this.leg.partner ?? this.leg) : this.leg;
    leg.set('last_non_matching_digits', digits);
    for (const digit of digits)
      leg.digits.receive({ digit, durationMs: DEFAULT_MS, source: 'APP', skip: true });
  }

  /** `digit_action_callback` */
  #act({ what, argument, target }: BoundAction, digits: string): void {
    const other = this.leg.partner ?? this.leg;
    const legs = target === 'both' ? [other, this.leg] : [target === 'peer' ? other : this.leg];
    const exec = /^exec(?:\[([^\]]*)\])?:(.*)$/i.exec(what);
    for (const leg of legs) {
      leg.set('last_matching_digits', digits);
      const { instance } = leg;
      if (exec) {
        const run = (): Promise<void> => instance.execute(leg, exec[2] ?? '', argument);
        if (exec[1]?.includes('i')) void run();
        else leg.queue(run);
      } else if (/^api:/i.test(what)) {
        leg.set('bind_digit_action_api_result', instance.apiNow(what.slice(4), argument));
      }
    }
  }

  #metaTakes(digit: string, direction: Direction): boolean {
    const verdict = this.#meta?.digit(digit, direction, Date.now()) ?? 'pass';
    if (typeof verdict === 'string') return verdict === 'swallow';
    const leg = verdict.leg === 'own' ? this.leg : this.leg.partner;
    const [app = '', argument = ''] = verdict.app.split(/::(.*)/s);
    leg?.queue(() => leg.instance.execute(leg, app, argument));
    return true;
  }
}

function sides(target: Target): ('self' | 'peer')[] {
  return target === 'both' ? ['peer', 'self'] : [target];
}
