import type { ComponentChildren } from 'preact';
import { WORDS } from '../words.js';
import type { Asked } from './asked.js';
import { Problem } from './Problem.js';

/** What was asked for, or that it is not there yet, or why it is not to be had. */
export function Loaded<T>({
  asked,
  children,
}: {
  asked: Asked<T>;
  children: (value: T) => ComponentChildren;
}) {
  if (asked.problem !== undefined) return <Problem of={asked.problem} again={asked.again} />;
  if (asked.value === undefined) {
    return (
      <p class="loading" role="status">
        {WORDS.loading}
      </p>
    );
  }
  return <>{children(asked.value)}</>;
}
