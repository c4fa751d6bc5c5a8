import { useEffect, useState } from 'preact/hooks';
import { ask, inAccount } from '../api.js';
import type { Recording } from '../recordings/recording.js';
import { follow } from '../stream.js';
import { after, NOBODY, type Leg, type Live, type Notice } from './live.js';

export interface LiveState {
  /** undefined: not known yet. */
  live?: Live;
  isConnected: boolean;
  /** Why it is not connected, or why the calls are not known. */
  problem?: unknown;
  /** Connects at once, and asks for the calls anew. */
  again: () => void;
  /** Takes in what is known from elsewhere. */
  take: (notice: Notice) => void;
}

/** The calls of the account that is looked at, as they change. */
export function useLive(): LiveState {
  const [live, setLive] = useState<Live>();
  const [round, setRound] = useState(0);
  const [isConnected, setConnected] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const take = (...notices: Notice[]) => setLive((before) => before && after(before, notices));

  useEffect(() => {
    const ending = new AbortController();
    /** What happens while the list is on its way happened after it, or is in it already. */
    let waiting: Notice[] | undefined;
    let isKnown = false;
    /** What is to be shown with the next frame: in a busy account more happens than can be seen. */
    let pending: Notice[] = [];
    const show = () => {
      take(...pending);
      pending = [];
    };
    const load = async () => {
      const mine: Notice[] = [];
      waiting = mine;
      try {
        const fresh = await snapshot();
        if (waiting !== mine) return;
        setLive(after(fresh, mine));
        isKnown = true;
        setProblem(undefined);
      } catch (error) {
        if (waiting !== mine) return;
        setProblem(error);
      }
      waiting = undefined;
    };
    void follow(
      {
        take: (notice) => {
          if (waiting) waiting.push(notice);
          else if (pending.push(notice) === 1) requestAnimationFrame(show);
        },
        reset: () => void load(),
        connected: () => {
          setConnected(true);
          if (isKnown) setProblem(undefined);
          else if (!waiting) void load();
        },
        lost: (why) => {
          setConnected(false);
          if (why) setProblem(why);
        },
      },
      ending.signal,
    );
    return () => {
      ending.abort();
      waiting = undefined;
    };
  }, [round]);

  return { ...(live && { live }), isConnected, problem, again: () => setRound(round + 1), take };
}

async function snapshot(): Promise<Live> {
  const [legs, ...recordings] = await Promise.all([
    ask<Leg[]>('GET', inAccount('channels')),
    recordingsIn('recording'),
    recordingsIn('masked'),
  ]);
  return {
    ...NOBODY,
    legs: new Map(legs.data.map((leg) => [leg.uuid, leg])),
    recordings: new Map(recordings.flat().map((each) => [each.id, each])),
  };
}

/** All that are in this state, from `start` on, in pages as long as they may be. */
async function recordingsIn(state: Recording['state'], start?: string): Promise<Recording[]> {
  const query = new URLSearchParams({
    state,
    page_size: '1000',
    ...(start !== undefined && { start_key: start }),
  });
  const path = `${inAccount('recordings')}?${query.toString()}`;
  const { data, next_start_key: next } = await ask<Recording[]>('GET', path);
  return next === undefined ? data : [...data, ...(await recordingsIn(state, next))];
}
