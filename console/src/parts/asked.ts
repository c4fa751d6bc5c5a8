import { useCallback, useEffect, useState } from 'preact/hooks';

/** What was asked for, as it stands. */
export interface Asked<T> {
  value?: T;
  problem?: unknown;
  again: () => void;
}

/** Asks when it is shown first, when what it is about changes, and when it is told to. */
export function useAsked<T>(load: () => Promise<T>, about: readonly unknown[] = []): Asked<T> {
  const [state, setState] = useState<Omit<Asked<T>, 'again'>>({});
  const [round, setRound] = useState(0);
  useEffect(() => {
    let isOld = false;
    const take = (next: Omit<Asked<T>, 'again'>) => {
      if (!isOld) setState(next);
    };
    load().then(
      (value) => take({ value }),
      (problem: unknown) => take({ problem }),
    );
    return () => {
      isOld = true;
    };
  }, [round, ...about]);
  return { ...state, again: useCallback(() => setRound((before) => before + 1), []) };
}
