import type { ComponentChildren } from 'preact';
import { WORDS } from '../words.js';

interface Props {
  title: string;
  /** What the button that applies it says. */
  apply: string;
  /** Whether it cannot be applied for now. */
  isBlocked?: boolean;
  done: () => void;
  cancel: () => void;
  children: ComponentChildren;
}

/** A card in which one thing is edited, to be applied or left as it was. */
export function EditorForm({ title, apply, isBlocked = false, done, cancel, children }: Props) {
  return (
    <form
      class="card"
      aria-label={title}
      onSubmit={(event) => {
        event.preventDefault();
        done();
      }}
    >
      <h2>{title}</h2>
      {children}
      <div class="actions">
        <button type="submit" class="primary" disabled={isBlocked}>
          {apply}
        </button>
        <button type="button" onClick={cancel}>
          {WORDS.cancel}
        </button>
      </div>
    </form>
  );
}
