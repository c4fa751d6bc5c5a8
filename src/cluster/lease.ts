/**
 * The lease of one switch, as this instance has it or waits for it; what is decided and when: `policy.ts`.
 *
 *   off ──start()──► watching ──free, dead, or ours from an earlier start──► holding ──somebody else has it──► watching
 *    ▲                                                                          │
 *    └───────────────── stop(): the switch is not connected ────────────────────┘
 */
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'winston';
import { askBeat, askHolder, beat, free, probe, take, valueOf } from '../switch/fence.js';
import type { Switch } from '../switch/switch.js';
import { holderOf, mayAct, mayTake, RENEW_MS, seen, WATCH_MS, type Seen } from './policy.js';

/** How long a release may take, milliseconds: where the switch does not answer, the lease runs out by itself. */
const RELEASE_MS = 1000;

/** A switch without mod_hash. */
const NO_HASH = /hash Command not found/;

export type LeaseSwitch = Pick<Switch, 'id' | 'leaseApis' | 'holder' | 'on'>;

interface LeaseEvents {
  /** It holds the lease; `anew` unless nobody else can have held it since it last did. */
  acting: [anew: boolean];
  /** Somebody else holds it: told once after each start, and when it is lost. */
  standby: [];
  /** It holds it still. */
  renewed: [];
}

export class Lease extends EventEmitter<LeaseEvents> {
  private readonly log: Logger;
  private running: AbortController | undefined;
  private state: 'off' | 'watching' | 'holding' = 'off';
  /** As whom it last held the lease. */
  private holder: string | undefined;
  /** {@link holder}, where the switch can tell inside a command who that is. */
  private fence: string | undefined;
  private renewedAt = 0;
  private beats = 0;
  private seen: Seen | undefined;
  private others = false;
  /** Whether it was told, since the start, who acts. */
  private told = false;
  /** The switch knows of no leases: whoever is connected acts. */
  private alone = false;

  constructor(
    private readonly port: LeaseSwitch,
    private readonly instance: string,
    log: Logger,
  ) {
    super();
    this.log = log.child({ switch: port.id });
    // Nobody is called so: until it has the lease, the switch takes nothing from it.
    port.holder = holderOf(instance, 'none');
    port.on('fenced', () => this.lose());
  }

  /** Whether it may act without asking first. */
  get isFresh(): boolean {
    return this.state === 'holding' && (this.alone || mayAct(this.renewedAt, performance.now()));
  }

  /** Whether somebody else held it when it was last seen, connected or not. */
  get isOthers(): boolean {
    return this.others;
  }

  /** The switch is connected. */
  start(): void {
    this.stop();
    const running = new AbortController();
    this.running = running;
    this.state = 'watching';
    this.seen = undefined;
    this.alone = false;
    this.told = false;
    void this.run(running.signal);
  }

  /** The switch is not connected any more, or all ends. */
  stop(): void {
    this.running?.abort();
    this.running = undefined;
    this.state = 'off';
  }

  /** Gives the lease back, so that another acts at once. */
  async release(): Promise<void> {
    const { holder, alone } = this;
    const held = this.state === 'holding' && !alone;
    this.stop();
    if (!held || holder === undefined) return;
    const released = this.port.leaseApis([free(holder)]).catch(() => undefined);
    await Promise.race([released, delay(RELEASE_MS, undefined, { ref: false })]);
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.alone) {
      try {
        if (this.state === 'holding') await this.renew(signal);
        else await this.watch(signal);
        this.tellOnce(signal);
      } catch (error) {
        // Where the connection is lost, the switch says so, and this ends.
        this.log.debug('the lease could not be read', { error });
      }
      const pause = this.state === 'holding' ? RENEW_MS : WATCH_MS;
      await delay(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  private async watch(signal: AbortSignal): Promise<void> {
    const at = performance.now();
    const [reply = '', last = ''] = await this.port.leaseApis([askHolder, askBeat]);
    if (signal.aborted) return;
    if (NO_HASH.test(reply)) {
      this.log.warn('mod_hash is not loaded: no other instance must use this switch');
      this.alone = true;
      this.gain(undefined, false);
      return;
    }
    this.seen = seen(this.seen, valueOf(reply), valueOf(last), performance.now());
    if (this.seen.holder !== '' && this.seen.holder === this.holder) {
      this.renewedAt = at;
      this.gain(this.fence, false);
    } else if (mayTake(this.seen, this.instance)) {
      await this.take(this.seen.holder, signal);
    }
  }

  private async take(from: string, signal: AbortSignal): Promise<void> {
    const holder = holderOf(this.instance, randomBytes(6).toString('hex'));
    const at = performance.now();
    const replies = await this.port.leaseApis([
      ...(from === '' ? [] : [free(from)]),
      take(holder),
      probe(holder),
    ]);
    if (signal.aborted) return;
    const [taken = '', probed] = replies.slice(-2);
    if (!taken.startsWith('+OK')) return;
    this.renewedAt = at;
    this.holder = holder;
    this.fence = probed === 'held' ? holder : undefined;
    if (this.fence === undefined) {
      this.log.warn('the switch expands no commands: an instance that was paused may act beside another');
    }
    this.log.info('this instance acts for the switch', { from });
    this.gain(this.fence, true);
  }

  private async renew(signal: AbortSignal): Promise<void> {
    const at = performance.now();
    this.beats++;
    const value = `${this.holder}-${this.beats}`;
    const [, reply = ''] = await this.port.leaseApis([beat(value), askHolder]);
    if (signal.aborted) return;
    if (valueOf(reply) !== this.holder) {
      this.lose();
      return;
    }
    this.renewedAt = at;
    this.emit('renewed');
  }

  private gain(fence: string | undefined, anew: boolean): void {
    this.state = 'holding';
    this.others = false;
    this.told = true;
    this.port.holder = fence;
    this.emit('acting', anew);
  }

  private lose(): void {
    if (this.state !== 'holding') return;
    this.state = 'watching';
    this.seen = undefined;
    this.log.warn('the lease of the switch is lost: another instance acts');
    this.standBy();
  }

  /** After the first look: not ours. */
  private tellOnce(signal: AbortSignal): void {
    if (this.state === 'watching' && !this.told && !signal.aborted) this.standBy();
  }

  private standBy(): void {
    this.others = true;
    this.told = true;
    this.emit('standby');
  }
}
