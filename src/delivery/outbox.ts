/**
 * The durable outbox: what is to be sent is in the store before it counts as told, is tried until it has arrived or
 * `attempts.ts` gives it up, and leaves the store only then. At least once, and never again after a success, unless
 * this process ends before the store knows of it.
 *
 * In memory is only what is needed to choose the next one, so that days of a dead destination fit, and what came of
 * attempts that the store does not know of yet.
 */
import type { Logger } from 'winston';
import { Turns } from '../turns.js';
import { afterFailure, LONGEST_MS, waitAfter, type FailedAttempt, type Shipment } from './attempts.js';
import type { Clock } from './clock.js';

/** To one destination at a time: enough to keep a line busy, not enough to overrun anybody. */
const PER_HOST = 4;
/** Attempts at a time, all in all. */
const OVERALL = 32;
/** Destinations whose last attempt failed get one each, and no more than these together: the others never wait for them. */
const FAILING = 16;

/** What keeps shipments, by id. */
export interface OutboxPort<T extends Shipment> {
  get(id: string): Promise<T | undefined>;
  /** Resolves with false, and stores nothing, where there is one already. */
  create(id: string, shipment: T): Promise<boolean>;
  put(id: string, shipment: T): Promise<void>;
  remove(id: string): Promise<void>;
  /**
   * Stores `next` in the place of `known`, or removes that where there is none; resolves with false, and changes nothing,
   * where it was handed in again meanwhile, by another instance too.
   */
  replace(id: string, known: T, next: T | undefined): Promise<boolean>;
}

/** What an attempt came to. */
export interface Attempted {
  outcome: 'sent' | 'dropped' | FailedAttempt;
  /** Stores what else came of it; called until it resolves. */
  keep?: () => Promise<unknown>;
}

/** What knows how to send. Neither is called for the same id twice at a time. */
export interface Carrier<T extends Shipment> {
  /** One attempt; rejects only where nothing is known of what happened, and when `signal` is aborted. */
  attempt(id: string, shipment: T, signal: AbortSignal): Promise<Attempted>;
  /** The shipment has arrived, or is given up; when this resolves, the store knows it. */
  settled(id: string, shipment: T, how: 'sent' | 'failed'): Promise<void>;
}

export interface OutboxOptions<T extends Shipment> {
  store: OutboxPort<T>;
  carrier: Carrier<T>;
  /** Whether this instance sends what belongs to a switch; none given: everything. */
  isOurs?: ((switchId: string) => boolean) | undefined;
  clock: Clock;
  log: Logger;
  random?: () => number;
}

interface Queued extends Pick<Shipment, 'host' | 'since' | 'switch'> {
  /** By the clock that nobody sets. */
  due: number;
  /** How often in a row it could not be handled. */
  failures: number;
}

export class Outbox<T extends Shipment> {
  private readonly waiting = new Map<string, Queued>();
  private readonly running = new Map<string, Queued & { done: Promise<void>; abort: () => void }>();
  /** What was handed in again while it was on its way: what comes of that attempt is not the end of it. */
  private readonly handedIn = new Map<string, Queued>();
  /** What came of attempts, until the store knows of it. */
  private readonly unsettled = new Map<string, Attempted & Pick<Shipment, 'since'>>();
  private readonly turns = new Turns();
  private readonly failing = new Set<string>();
  private cancelWake: (() => void) | undefined;
  private lookQueued = false;
  private closed = false;

  constructor(private readonly options: OutboxOptions<T>) {}

  /** How much waits, or is on its way. */
  get size(): number {
    return this.waiting.size + this.running.size;
  }

  /** Resolves when the shipment is stored; it is sent in its time. One that is known already goes on as it was. */
  async add(id: string, shipment: T): Promise<void> {
    const isNew = await this.options.store.create(id, shipment);
    if (isNew || !this.running.has(id)) this.schedule(id, shipment);
  }

  /**
   * Resolves when what `make` resolves with, if anything, is stored in the place of what is known; it is sent also where
   * that is on its way. Nothing is settled while `make` runs.
   */
  handIn(id: string, make: () => Promise<T | undefined>): Promise<void> {
    return this.turns.take(id, async () => {
      const shipment = await make();
      if (!shipment) return;
      await this.options.store.put(id, shipment);
      this.schedule(id, shipment);
    });
  }

  /** Takes in what is stored already, by whomever; what is known is not taken in again. */
  take(id: string, shipment: T): void {
    const known = this.running.get(id) ?? this.waiting.get(id);
    if (shipment.state === 'waiting' && known?.since !== shipment.since) this.schedule(id, shipment);
  }

  /** Leaves what is not this instance's any more to the one whose it is. */
  release(): void {
    for (const [id, queued] of this.waiting) {
      if (this.isOurs(queued)) continue;
      this.waiting.delete(id);
      this.unsettled.delete(id);
    }
    for (const queued of this.running.values()) if (!this.isOurs(queued)) queued.abort();
  }

  /** Resolves when nothing is on its way. */
  async idle(): Promise<void> {
    while (this.lookQueued || this.running.size > 0) {
      await Promise.all([...this.running.values()].map(({ done }) => done));
      await Promise.resolve();
    }
  }

  /** Cuts off what is on its way, which is as if it had not been tried. */
  async close(): Promise<void> {
    this.closed = true;
    for (const { abort } of this.running.values()) abort();
    this.cancelWake?.();
    this.waiting.clear();
    await this.idle();
  }

  private schedule(id: string, { host, due, since, switch: switchId }: Shipment): void {
    const { clock } = this.options;
    // No wait is longer: it was stored before the clock was set back.
    const wait = Math.min(due - clock.now(), LONGEST_MS);
    const queued = { host, since, switch: switchId, due: clock.steady() + wait, failures: 0 };
    if (this.closed || !this.isOurs(queued)) return;
    (this.running.has(id) ? this.handedIn : this.waiting).set(id, queued);
    this.look();
  }

  private isOurs({ switch: switchId }: Pick<Shipment, 'switch'>): boolean {
    return this.options.isOurs?.(switchId) ?? true;
  }

  /** Once for all that happens at the same moment. */
  private look(): void {
    if (this.lookQueued) return;
    this.lookQueued = true;
    queueMicrotask(() => {
      this.lookQueued = false;
      if (!this.closed) this.startDue();
    });
  }

  private startDue(): void {
    const { clock } = this.options;
    const now = clock.steady();
    const room = this.room();
    let next = Infinity;
    for (const [id, queued] of this.waiting) {
      if (this.running.size >= OVERALL) break;
      if (queued.due > now) next = Math.min(next, queued.due);
      else if (room(queued.host)) this.start(id, queued);
    }
    this.cancelWake?.();
    this.cancelWake = next === Infinity ? undefined : clock.after(next - now, () => this.look());
  }

  /** Whether another attempt may go to a host, and if so counts it. */
  private room(): (host: string) => boolean {
    const busy = new Map<string, number>();
    let failing = 0;
    const count = (host: string) => {
      busy.set(host, (busy.get(host) ?? 0) + 1);
      if (this.failing.has(host)) failing++;
    };
    for (const { host } of this.running.values()) count(host);
    return (host) => {
      const here = busy.get(host) ?? 0;
      const free = this.failing.has(host) ? here < 1 && failing < FAILING : here < PER_HOST;
      if (free) count(host);
      return free;
    };
  }

  private start(id: string, queued: Queued): void {
    const { clock, log, random = Math.random } = this.options;
    this.waiting.delete(id);
    const controller = new AbortController();
    const done = this.run(id, controller.signal)
      .catch((error: unknown) => {
        log.error('a shipment could not be handled', { shipment: id, error });
        const failures = queued.failures + 1;
        const due = clock.steady() + waitAfter(failures, random());
        if (this.isOurs(queued)) this.waiting.set(id, { ...queued, failures, due });
      })
      .finally(() => {
        this.running.delete(id);
        const again = this.handedIn.get(id);
        this.handedIn.delete(id);
        if (again) this.unsettled.delete(id);
        if (again && this.isOurs(again)) this.waiting.set(id, again);
        this.look();
      });
    this.running.set(id, { ...queued, done, abort: () => controller.abort() });
  }

  private async run(id: string, signal: AbortSignal): Promise<void> {
    const { store, carrier } = this.options;
    const shipment = await store.get(id);
    if (shipment?.state === 'waiting') {
      let attempted = this.unsettled.get(id);
      if (attempted?.since !== shipment.since) {
        try {
          attempted = { ...(await carrier.attempt(id, shipment, signal)), since: shipment.since };
        } catch (error) {
          if (signal.aborted) return;
          throw error;
        }
        this.unsettled.set(id, attempted);
      }
      const came = attempted;
      await this.turns.take(id, () => this.conclude(id, shipment, came));
    } else if (shipment && this.unsettled.has(id)) await carrier.settled(id, shipment, 'failed');
    this.unsettled.delete(id);
  }

  private async conclude(id: string, shipment: T, attempted: Attempted): Promise<void> {
    const { store, carrier, log, random = Math.random } = this.options;
    const { outcome } = attempted;
    await attempted.keep?.();
    delete attempted.keep;
    if (outcome === 'sent') {
      this.failing.delete(shipment.host);
      await carrier.settled(id, shipment, 'sent');
    }
    if (this.handedIn.has(id)) return;
    if (outcome === 'sent' || outcome === 'dropped') {
      await store.replace(id, shipment, undefined);
      return;
    }
    this.failing.add(shipment.host);
    const next = afterFailure(shipment, outcome, random());
    if (!(await store.replace(id, shipment, next))) return;
    const facts = { shipment: id, host: next.host, attempts: next.attempts, ...next.last };
    if (next.state === 'failed') {
      log.warn('a shipment was given up', facts);
      await carrier.settled(id, next, 'failed');
      return;
    }
    log.info('a shipment could not be sent, and will be tried again', { ...facts, due: next.due });
    this.schedule(id, next);
  }
}
