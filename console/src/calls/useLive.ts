import { useEffect, useState } from 'preact/hooks';
import { ask, inAccount } from '../api.js';
import type { Recording } from '../recordings/recording.js';
import { follow } from '../stream.js';
import { after, NOBODY, type Leg, type Live, type Notice } from './live.js';

export interface LiveState {
  /** undefined: not known yet. */
  live?: Live;
  isConnected: boolean;
  problem?: unknown;
  /** Takes in what is known from elsewhere. */
  take: (notice: Notice) => void;
}

/** The calls of the account that is looked at, as they change. */
export function useLive(): LiveState {
  const [live, setLive] = useState<Live>();
  const [isConnected, setConnected] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const take = (...notices: Notice[]) => setLive((before) => before && after(before, notices));

  useEffect(() => {
    const ending = new AbortController();
    /** What happens while the list is on its way happened after it, or is in it already. */
    let waiting: Notice[] | undefined;
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
        setProblem(undefined);
      } catch (error) {
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
        connected: setConnected,
      },
      ending.signal,
    );
    return () => ending.abort();
  }, []);

  return { ...(live && { live }), isConnected, problem, take };
}

async function snapshot(): Promise<Live> {
  const running = (state: string) => ask<Recording[]>('GET', `${inAccount('recordings')}?state=${state}`);
  const [legs, ...recordings] = await Promise.all([
    ask<Leg[]>('GET', inAccount('channels')),
    running('recording'),
    running('masked'),
  ]);
  return {
    ...NOBODY,
    legs: new Map(legs.data.map((leg) => [leg.uuid, leg])),
    recordings: new Map(recordings.flatMap(({ data }) => data.map((each) => [each.id, each]))),
  };
}
