/** The live stream of an account: who follows it, and what those who were cut off have missed. */
import type { Change, Leg } from '../calls/calls.js';
import { newNoticeId, type Notice } from './notice.js';

/** Notices that are kept of each account: minutes of a busy one, and little memory. */
const KEPT = 200;
/** Milliseconds after which an account that nobody follows any more is forgotten: clients come back within seconds. */
const FORGOTTEN_MS = 15 * 60_000;

/** Whoever follows a stream; throws nothing. */
export interface Follower {
  take(notice: Notice): void;
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
  /** The users that it concerns. */
  users: readonly string[];
}

interface Listener {
  concerns: (kept: Kept) => boolean;
  follower: Follower;
}

export class Feed {
  private readonly kept = new Map<string, Kept[]>();
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
    if (!this.isFollowed(notice.account_id)) return;
    const kept: Kept = { notice, users };
    const all = this.kept.get(notice.account_id) ?? [];
    // An instance that shares a database hears there of its own too.
    if (all.some(({ notice: { id } }) => id === notice.id)) return;
    all.push(kept);
    if (all.length > KEPT) all.shift();
    this.kept.set(notice.account_id, all);
    for (const { concerns, follower } of this.followers.get(notice.account_id) ?? []) {
      try {
        if (concerns(kept)) follower.take(notice);
      } catch {
        // One who cannot be told keeps nobody else from hearing of it.
        continue;
      }
    }
  }

  /**
   * `missed` is what came after the notice with the id `last`; undefined where that is not kept any more. Everything
   * from then on goes to `follower`, until `leave` is called.
   */
  follow(
    { account, user }: Audience,
    last: string | undefined,
    follower: Follower,
  ): { missed: Notice[] | undefined; leave: () => void } {
    const concerns = ({ users }: Kept) => user === undefined || users.includes(user);
    this.forget();
    const all = this.kept.get(account) ?? [];
    const index = all.findIndex(({ notice }) => notice.id === last);
    const missed = last === undefined ? [] : index < 0 ? undefined : all.slice(index + 1).filter(concerns);
    const listener = { concerns, follower };
    const here = this.followers.get(account) ?? new Set();
    this.followers.set(account, here.add(listener));
    const leave = () => {
      here.delete(listener);
      if (here.size > 0) return;
      this.followers.delete(account);
      this.left.set(account, this.now());
    };
    return { missed: missed?.map(({ notice }) => notice), leave };
  }

  /** Ends every stream. */
  close(): void {
    for (const here of this.followers.values()) for (const { follower } of here) follower.end();
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
