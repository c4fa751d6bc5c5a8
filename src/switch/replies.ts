/**
 * Who waits for which reply of one connection. The switch answers in the order of the commands, with a `command/reply`
 * where it refuses an `api`: so there is one queue for both kinds, and a command whose time ran out keeps its place
 * in it. modesl has two queues, and after the first refused `api` every answer goes to the wrong caller.
 */
import { MetaflowsError } from '../errors.js';

/** What the switch answered: the body of an `api/response`, or the Reply-Text of a `command/reply`. */
export interface Reply {
  kind: 'api' | 'command';
  body: string;
}

interface Waiting {
  /** How many commands were written together, and what has been answered to them. */
  count: number;
  replies: Reply[];
  resolve: (replies: Reply[]) => void;
  reject: (error: MetaflowsError) => void;
  isAnswer: (body: string) => boolean;
  /** By the process's clock, milliseconds. */
  due: number;
}

/** Commands that are taken off the queue at a time: to take off one is to move all of those behind it. */
const TAKEN_OFF = 1024;

export class ReplyQueue {
  private readonly waiting: Waiting[] = [];
  /** How many at the beginning have been answered. */
  private answered = 0;
  /** One for all, and not stopped when nobody waits for a moment: the first that is due is the first in the queue. */
  private timer: NodeJS.Timeout | undefined;

  /** @param timeoutMs how long to wait for each reply */
  constructor(private readonly timeoutMs: number) {}

  /** Whether a reply is still to come, also one that nobody waits for any more. */
  get pending(): boolean {
    return this.waiting.length > this.answered;
  }

  /**
   * The replies to so many commands, at least one, that are written now, where `isAnswer` can tell what each must be like.
   * Rejects with `switch_timeout`, or with what `fail` is given.
   */
  expect(count: number, isAnswer: Waiting['isAnswer'] = () => true): Promise<Reply[]> {
    return new Promise((resolve, reject) => {
      const due = performance.now() + this.timeoutMs;
      this.waiting.push({ count, replies: [], resolve, reject, isAnswer, due });
      this.timer ??= setTimeout(() => this.expire(), this.timeoutMs);
    });
  }

  /** Gives the next reply to whom it belongs; `false` where nobody has asked for one, or for another. */
  answer(reply: Reply): boolean {
    const next = this.waiting[this.answered];
    if (!next?.isAnswer(reply.body)) return false;
    next.replies.push(reply);
    if (next.replies.length === next.count) {
      this.answered++;
      if (this.answered === TAKEN_OFF || !this.pending) this.takeOff();
      next.resolve(next.replies);
    }
    return true;
  }

  /** Rejects all that wait: there will be no more replies. */
  fail(error: MetaflowsError): void {
    this.stop();
    this.takeOff();
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }

  private expire(): void {
    this.stop();
    this.takeOff();
    const now = performance.now();
    for (const { reject, due } of this.waiting) {
      if (due > now) {
        this.timer = setTimeout(() => this.expire(), due - now);
        return;
      }
      reject(new MetaflowsError('switch_timeout', `no reply within ${this.timeoutMs} ms`));
    }
  }

  private takeOff(): void {
    this.waiting.splice(0, this.answered);
    this.answered = 0;
  }

  private stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
