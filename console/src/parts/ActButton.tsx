import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Problem } from './Problem.js';

interface Props {
  /** What is done; a rejection is shown. */
  act: () => Promise<unknown>;
  done: () => void;
  /** What is asked first, where it cannot be undone. */
  question?: string;
  /** What it is called, where its text says too little. */
  label?: string;
  /** Whether it cannot be done for now. */
  isBlocked?: boolean;
  children: ComponentChildren;
}

/** A button that does something once at a time, and shows why it was not done. */
export function ActButton({ act, done, question, label, isBlocked = false, children }: Props) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const run = async () => {
    if (question !== undefined && !confirm(question)) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await act();
      done();
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };
  return (
    <>
      <button type="button" aria-label={label} disabled={isBusy || isBlocked} onClick={() => void run()}>
        {children}
      </button>
      {problem !== undefined && <Problem of={problem} />}
    </>
  );
}
