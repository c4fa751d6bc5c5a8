/** Which way a digit goes: pressed by the leg's own party, or sent to it. */
export type Direction = 'received' | 'sent';

interface Target {
  app: string;
  /** On whose leg it runs, seen from whoever pressed. */
  on: 'same' | 'opposite' | 'a' | 'b';
  once: boolean;
}

interface Side {
  armed: boolean;
  lastAt: number;
  keys: Map<string, Target>;
}

/** How long after `*` the key may come; counted in whole seconds, as `meta_on_dtmf` does. */
const META_TIMEOUT_S = 5;

/** What a key pressed after `*` does: `swallow` it, let it `pass`, or run an application. */
export type MetaVerdict = 'pass' | 'swallow' | { app: string; leg: 'own' | 'other' };

/** The one-key codes of `bind_meta_app` on a leg, after `meta_on_dtmf` in switch_ivr_async.c. */
export class MetaKeys {
  #sides: Record<Direction, Side> = {
    received: { armed: false, lastAt: 0, keys: new Map() },
    sent: { armed: false, lastAt: 0, keys: new Map() },
  };

  /**
   * @param data `<key> [a|b|ab] [a|b|o|s|1] <app>::<data>`: who may press, and on whose leg it runs
   * @returns whether it could be understood
   */
  bind(data: string): boolean {
    const fields = /^(\S+) +(\S+) +(\S+) +(.+)$/.exec(data);
    if (!fields) return false;
    const [, key = '', dialed = '', flags = '', app = ''] = fields;
    const on = flags.includes('o')
      ? 'opposite'
      : flags.includes('s')
        ? 'same'
        : flags.includes('b')
          ? 'b'
          : 'a';
    const target: Target = { app, on, once: flags.includes('1') };
    if (dialed.includes('a')) this.#sides.received.keys.set(key, target);
    if (dialed.includes('b')) this.#sides.sent.keys.set(key, target);
    return true;
  }

  /** Takes a digit at `now`, in milliseconds. */
  digit(digit: string, direction: Direction, now: number): MetaVerdict {
    const side = this.#sides[direction];
    if (side.keys.size === 0) return 'pass';
    const second = Math.floor(now / 1000);
    if (side.armed && second - side.lastAt > META_TIMEOUT_S) {
      side.armed = false;
      return 'pass';
    }
    side.lastAt = second;
    if (digit === '*') {
      side.armed = !side.armed;
      return side.armed ? 'swallow' : 'pass';
    }
    if (!side.armed) return 'pass';
    side.armed = false;
    const target = side.keys.get(digit);
    if (!target) return 'swallow';
    if (target.once) side.keys.delete(digit);
    const own = { same: direction === 'received', opposite: direction === 'sent', a: true, b: false }[
      target.on
    ];
    return { app: target.app, leg: own ? 'own' : 'other' };
  }
}
