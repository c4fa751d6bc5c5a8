/** Which page is shown: the part of the address behind `#/`, never a token. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { WORDS } from './words.js';

const current = (): string[] => location.hash.replace(/^#\/?/, '').split('/').map(decoded);

/** The name of the page, and what it is about. */
export const route = signal(current());
/** Things on the page that are not saved. */
let unsaved = 0;

addEventListener('hashchange', ({ oldURL }) => {
  if (mayLeave()) route.value = current();
  else history.replaceState(null, '', oldURL);
});
addEventListener('beforeunload', (event) => {
  if (unsaved > 0) event.preventDefault();
});

/** The address of a page. */
export function to(...parts: string[]): string {
  return `#/${parts.map((part) => encodeURIComponent(part)).join('/')}`;
}

/** Whoever leaves what shows this is asked first, while there is something on it that is not saved. */
export function useUnsaved(isSo: boolean): void {
  useEffect(() => {
    if (!isSo) return undefined;
    unsaved += 1;
    return () => {
      unsaved -= 1;
    };
  }, [isSo]);
}

/** Asks the visitor where that would lose something. */
export function mayLeave(): boolean {
  return unsaved === 0 || confirm(WORDS.leave);
}

/** What somebody typed may be encoded by nobody. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
