import { WORDS } from '../words.js';

/** What went wrong, in a sentence, and how to try again where that may help. */
export function Problem({ of, again }: { of: unknown; again?: () => void }) {
  return (
    <p class="problem" role="alert">
      {of instanceof Error ? of.message : String(of)}{' '}
      {again && (
        <button type="button" onClick={again}>
          {WORDS.again}
        </button>
      )}
    </p>
  );
}
