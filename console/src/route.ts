/** Which page is shown: the part of the address behind `#/`, never a token. */
import { signal } from '@preact/signals';

const current = (): string[] =>
  location.hash
    .replace(/^#\/?/, '')
    .split('/')
    .map((part) => decodeURIComponent(part));

/** The name of the page, and what it is about. */
export const route = signal(current());
addEventListener('hashchange', () => (route.value = current()));

/** The address of a page. */
export function to(...parts: string[]): string {
  return `#/${parts.map((part) => encodeURIComponent(part)).join('/')}`;
}
