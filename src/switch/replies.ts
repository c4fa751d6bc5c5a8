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
  resolve: (reply: Reply) => void;
  reject: (error: MetaflowsError) => void;
  timer: NodeJS.Timeout;
}

export class ReplyQueue {
  private waiting: Waiting[] = [];

  /** @param timeoutMs how long to wait for each reply */
  constructor(private readonly timeoutMs: number) {}

  /** The reply to the command that is written now. Rejects with `switch_timeout`, or with what `fail` is given. */
  expect(): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new MetaflowsError('switch_timeout', `no reply within ${this.timeoutMs} ms`));
      }, this.timeoutMs);
      this.waiting.push({ resolve, reject, timer });
    });
  }

  /** Gives the next reply to whom it belongs; `false` where nobody has asked for one. */
  answer(reply: Reply): boolean {
    const next = this.waiting.shift();
    if (!next) return false;
    clearTimeout(next.timer);
    next.resolve(reply);
    return true;
  }

  /** Rejects all that wait: there will be no more replies. */
  fail(error: MetaflowsError): void {
    for (const { reject, timer } of this.waiting.splice(0)) {
      clearTimeout(timer);
      reject(error);
    }
  }
}
