/**
 * What is asked over HTTP of an instance that does not act for the call's switch is done by the one that does, which is
 * asked through that switch: whoever acts is connected to it, and nobody has to know of the other.
 */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'winston';
import type { Order } from '../calls/channels.js';
import { ERRORS, isMetaflowsError, MetaflowsError, type ErrorCode } from '../errors.js';
import type { NodeOutcome } from '../metaflows/runner.js';
import type { Message } from '../switch/subscription.js';
import type { Switch } from '../switch/switch.js';
import type { Acting } from './acting.js';

/** Milliseconds: a start, the slowest of all, is proven or refused in six seconds. */
const ANSWER_MS = 8000;

interface Ask extends Order {
  id: string;
}

interface Answer {
  id: string;
  outcome?: NodeOutcome;
  error?: { code: ErrorCode; detail?: string };
}

interface Waiting {
  order: Order;
  switchId: string;
  resolve: (outcome: NodeOutcome | Promise<NodeOutcome>) => void;
  reject: (error: MetaflowsError) => void;
  timer: NodeJS.Timeout;
}

export interface RelayOptions {
  acting: Acting;
  switchOf: (id: string) => Pick<Switch, 'say'>;
  /** Runs what is asked of this instance. */
  run: (order: Order) => Promise<NodeOutcome>;
  log: Logger;
}

export class Relay {
  private readonly waiting = new Map<string, Waiting>();

  constructor(private readonly options: RelayOptions) {
    options.acting.on('gained', (switchId) => this.takeOver(switchId));
  }

  /** Hears what instances say through a switch. */
  join(port: Pick<Switch, 'id' | 'on'>): void {
    port.on('message', (kind, text) => this.hear(port.id, kind, text));
  }

  /** Resolves and rejects as whoever acts does; with `not_acting` where nobody has answered. */
  async ask(switchId: string, order: Order): Promise<NodeOutcome> {
    const id = randomUUID();
    const outcome = new Promise<NodeOutcome>((resolve, reject) => {
      const timer = setTimeout(() => this.settle(id)?.reject(new MetaflowsError('not_acting')), ANSWER_MS);
      this.waiting.set(id, { order, switchId, resolve, reject, timer });
    });
    const ask: Ask = { id, ...order };
    try {
      await this.options.switchOf(switchId).say('metaflows::ask', JSON.stringify(ask));
    } catch (error) {
      this.settle(id)?.reject(errorOf(error));
    }
    return outcome;
  }

  /** Ends every timer; who waits is told that this instance stops. */
  close(): void {
    for (const id of [...this.waiting.keys()]) this.settle(id)?.reject(new MetaflowsError('shutting_down'));
  }

  private hear(switchId: string, kind: Message, text: string): void {
    const { acting, log } = this.options;
    try {
      const said = JSON.parse(text) as Ask | Answer;
      if (kind === 'metaflows::answer') this.answered(said);
      else if (acting.actsFor(switchId)) void this.answer(switchId, said as Ask);
    } catch (error) {
      log.warn('what another instance said cannot be read', { switch: switchId, error });
    }
  }

  private async answer(switchId: string, { id, ...order }: Ask): Promise<void> {
    const { run, switchOf, log } = this.options;
    const answer = await run(order).then(
      (outcome): Answer => ({ id, outcome }),
      (failure: unknown): Answer => {
        const { code, detail } = errorOf(failure);
        return { id, error: { code, ...(detail !== undefined && { detail }) } };
      },
    );
    await switchOf(switchId)
      .say('metaflows::answer', JSON.stringify(answer))
      .catch((error: unknown) => {
        log.warn('another instance could not be answered', { switch: switchId, leg: order.uuid, error });
      });
  }

  private answered({ id, outcome, error }: Answer): void {
    const waiting = this.settle(id);
    if (outcome) waiting?.resolve(outcome);
    else
      waiting?.reject(
        new MetaflowsError(error && error.code in ERRORS ? error.code : 'not_acting', error?.detail),
      );
  }

  /** Who was asked acts no more: this instance does. */
  private takeOver(switchId: string): void {
    for (const [id, waiting] of [...this.waiting]) {
      if (waiting.switchId === switchId) this.settle(id)?.resolve(this.options.run(waiting.order));
    }
  }

  private settle(id: string): Waiting | undefined {
    const waiting = this.waiting.get(id);
    clearTimeout(waiting?.timer);
    this.waiting.delete(id);
    return waiting;
  }
}

function errorOf(error: unknown): MetaflowsError {
  return isMetaflowsError(error) ? error : new MetaflowsError('not_acting', undefined, { cause: error });
}
