/** Deletes what accounts have kept for long enough: a little at a time, so that calls never wait for it. */
import type { Logger } from 'winston';
import { systemClock, type Clock } from '../delivery/clock.js';
import type { RecordingDocument } from '../generated/recording.js';
import type { Deleter } from '../recording/removal.js';
import { DAY_MS, isDue } from './due.js';

/** Recordings that are looked at before the database belongs to others again. */
const PAGE = 100;
const PAUSE_MS = 1000;
/** Days are not counted to the hour. */
const ROUND_MS = 3_600_000;

export interface RetentionOptions {
  settings: {
    accounts(): string[];
    get(account: string): { days: number } | undefined;
  };
  recordings: {
    /** Newest first; `to` in epoch milliseconds. */
    list(
      account: string,
      query: { to: number; limit: number; startKey?: string | undefined },
    ): Promise<{ recordings: RecordingDocument[]; next_start_key?: string }>;
  };
  removal: {
    remove(
      doc: RecordingDocument,
      deleter: Deleter,
      due: (doc: RecordingDocument) => boolean,
    ): Promise<boolean>;
  };
  /** Whether this instance deletes the recordings of a switch; none given: all of them. */
  isOurs?: (switchId: string) => boolean;
  log: Logger;
  clock?: Clock;
}

/** Where a round goes on. */
interface Place {
  account: string;
  startKey?: string;
}

export class Retention {
  private readonly clock: Clock;
  private left: Place[] = [];
  private cancel: (() => void) | undefined;
  private running = Promise.resolve();
  private closed = false;

  constructor(private readonly options: RetentionOptions) {
    this.clock = options.clock ?? systemClock;
  }

  /** Begins a round at once, and another an hour after each, until `close`. */
  start(): void {
    this.running = this.step();
  }

  /** Resolves when nothing is being deleted. */
  idle(): Promise<void> {
    return this.running;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.cancel?.();
    await this.running;
  }

  private async step(): Promise<void> {
    const { settings, log } = this.options;
    if (this.left.length === 0) this.left = settings.accounts().map((account) => ({ account }));
    const place = this.left.shift();
    if (place) {
      try {
        const startKey = await this.page(place);
        if (startKey !== undefined) this.left.push({ account: place.account, startKey });
      } catch (error) {
        log.error('recordings could not be looked through', { account: place.account, error });
      }
    }
    if (this.closed) return;
    this.cancel = this.clock.after(this.left.length > 0 ? PAUSE_MS : ROUND_MS, () => this.start());
  }

  /** Resolves with where the next page begins, if there is one. */
  private async page({ account, startKey }: Place): Promise<string | undefined> {
    const { settings, recordings, isOurs = () => true } = this.options;
    const { days } = settings.get(account) ?? {};
    if (days === undefined) return undefined;
    const now = this.clock.now();
    const query = { to: now - days * DAY_MS, limit: PAGE, startKey };
    const { recordings: docs, next_start_key } = await recordings.list(account, query);
    for (const doc of docs) {
      if (this.closed) return undefined;
      if (isDue(doc, days, now) && isOurs(doc.internal.switch)) await this.remove(doc, days, now);
    }
    return next_start_key;
  }

  /** One that cannot be deleted keeps no other. */
  private async remove(doc: RecordingDocument, days: number, now: number): Promise<void> {
    const { removal, log } = this.options;
    const facts = { recording: doc.id, account: doc.account_id };
    try {
      const removed = await removal.remove(doc, { by: 'service' }, (newest) => isDue(newest, days, now));
      if (removed) log.info('recording deleted after its retention', facts);
    } catch (error) {
      log.error('recording could not be deleted', { ...facts, error });
    }
  }
}
