/** The live stream of an account: who follows it, and what those who were cut off have missed. */
import { randomBytes } from 'node:crypto';
import type { Change, Leg } from '../calls/calls.js';
import { newNoticeId, type Notice } from './notice.js';

/** Notices that are kept of each account: minutes of a busy one, and little memory. */
const KEPT = 200;
/** Milliseconds after which an account that nobody follows any more is forgotten: clients come back within seconds. */
const FORGOTTEN_MS = 15 * 60_000;

/** Whoever follows a stream; throws nothing. */
export interface Follower {
  /** `place` is where in the stream it is. */
  take(notice: Notice, place: string): void;
  /** The stream ends. */
  end(): void;
}

/** Whose notices: an account's, or only those that concern one user of it. */
export interface Audience {
  account: string;
  user?: string | undefined;
}

interface Kept {
  notice: Notice;
  /** Its number in this feed. */
  seq: number;
  /** The users that it concerns. */
  users: readonly string[];
}

interface Listener {
  concerns: (kept: Kept) => boolean;
  follower: Follower;
}

/** What is kept of an account: all that came after the number `since`. */
interface History {
  since: number;
  all: Kept[];
}

export class Feed {
  /** Each instance hears of things in its own order, and a new one knows of none: a place is good in one feed alone. */
  private readonly name = randomBytes(6).toString('hex');
  private seq = 0;
  private readonly kept = new Map<string, History>();
  private readonly followers = new Map<string, Set<Listener>>();
  /** When the last follower of an account has left. */
  private readonly left = new Map<string, number>();

  constructor(private readonly now: () => number = Date.now) {}

  /** Whether somebody follows the account's stream, or may come back to it: what happens in others is not kept. */
  isFollowed(account: string): boolean {
    return this.followers.has(account) || this.now() < (this.left.get(account) ?? -Infinity) + FORGOTTEN_MS;
  }

  /** `users` are those whom it concerns. The same a second time does nothing. */
  publish(notice: Notice, users: readonly string[]): void {
    const history = this.kept.get(notice.account_id);
    if (!history || !this.isFollowed(notice.account_id)) return;
    // An instance that shares a database hears there of its own too.
    if (history.all.some(({ notice: { id } }) => id === notice.id)) return;
    const kept: Kept = { notice, seq: ++this.seq, users };
    history.all.push(kept);
    if (history.all.length > KEPT) history.since = history.all.shift()?.seq ?? history.since;
    for (const { concerns, follower } of this.followers.get(notice.account_id) ?? []) {
      try {
        if (concerns(kept)) follower.take(notice, this.placeOf(kept.seq));
      } catch {
        // One who cannot be told keeps nobody else from hearing of it.
        continue;
      }
    }
  }

  /**
   * `missed` is what came after the place `last`; undefined where that is not known any more, or is another feed's.
   * Everything from the place `from` on goes to `follower`, until `leave` is called.
   */
  follow(
    { account, user }: Audience,
    last: string | undefined,
    follower: Follower,
  ): { missed: { notice: Notice; place: string }[] | undefined; from: string; leave: () => void } {
    const concerns = ({ users }: Kept) => user === undefined || users.includes(user);
    this.forget();
    // What happened before had no number: no place of then is good.
    const history = this.kept.get(account) ?? { since: ++this.seq, all: [] };
    this.kept.set(account, history);
    const after = last === undefined ? this.seq : this.seqOf(last);
    const missed = history.all.filter((kept) => kept.seq > after && concerns(kept));
    const listener = { concerns, follower };
    const here = this.followers.get(account) ?? new Set();
    this.followers.set(account, here.add(listener));
    const leave = () => {
      here.delete(listener);
      if (here.size > 0) return;
      this.followers.delete(account);
      this.left.set(account, this.now());
    };
    return {
      missed:
        after < history.since || after > this.seq
          ? undefined
          : missed.map(({ notice, seq }) => ({ notice, place: this.placeOf(seq) })),
      from: this.placeOf(this.seq),
      leave,
    };
  }

  /** Ends every stream. */
  close(): void {
    for (const here of this.followers.values()) for (const { follower } of here) follower.end();
  }

  private placeOf(seq: number): string {
    return `${this.name}-${seq}`;
  }

  /** Before everything, where it is no place of this feed. */
  private seqOf(place: string): number {
    const [, name, seq] = /^([0-9a-f]+)-(\d{1,15})$/.exec(place) ?? [];
    return name === this.name ? Number(seq) : -1;
  }

  private forget(): void {
    for (const account of this.left.keys()) {
      if (this.isFollowed(account)) continue;
      this.left.delete(account);
      this.kept.delete(account);
    }
  }
}

const CALL_EVENTS: Partial<Record<Change['type'], string>> = {
  created: 'call.created',
  answered: 'call.answered',
  bridged: 'call.bridged',
  unbridged: 'call.unbridged',
  gone: 'call.ended',
};

/** What each account that a change of a call concerns, and `wanted`, is told; `shown` is a leg as the API shows it. */
export function callNotices(
  change: Change,
  wanted: (account: string) => boolean,
  shown: (leg: Leg) => object,
  at: number,
): { notice: Notice; users: string[] }[] {
  const event = CALL_EVENTS[change.type];
  if (event === undefined) return [];
  const legs = 'legs' in change ? change.legs : [change.leg];
  const accounts = new Set(legs.flatMap(({ owner }) => (owner ? [owner.account] : [])));
  return [...accounts].filter(wanted).map((account) => {
    const own = legs.filter(({ owner }) => owner?.account === account);
    const [call, other] = own;
    return {
      notice: {
        event,
        id: newNoticeId(at),
        timestamp: new Date(at).toISOString(),
        account_id: account,
        ...(call && { call: shown(call) }),
        ...(other && { other_call: shown(other) }),
      },
      users: own.flatMap(({ owner }) => (owner?.user === undefined ? [] : [owner.user])),
    };
  });
}
