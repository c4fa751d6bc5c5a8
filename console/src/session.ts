/** Who has logged in. It is kept as long as the tab is open, and is in no address. */
import { computed, effect, signal } from '@preact/signals';

export interface Session {
  token: string;
  role: 'admin' | 'user' | 'viewer';
  /** null: every account. */
  account: string | null;
  user?: string;
  /** The account that is looked at; none was chosen yet where it is empty. */
  shown: string;
}

const KEY = 'metaflows';
const kept = sessionStorage.getItem(KEY);

export const session = signal(kept === null ? undefined : (JSON.parse(kept) as Session));
/** Whether the token was good and is so no more. */
export const isExpired = signal(false);
effect(() => {
  if (session.value) sessionStorage.setItem(KEY, JSON.stringify(session.value));
  else sessionStorage.removeItem(KEY);
});

export const mayWrite = computed(() => session.value !== undefined && session.value.role !== 'viewer');
export const isAdmin = computed(() => session.value?.role === 'admin');
export const isSiteAdmin = computed(() => isAdmin.value && session.value?.account === null);

/** Whoever logs in is asked for again, unless this is about a token that has been left already. */
export function expire(token: string): void {
  if (session.value?.token !== token) return;
  session.value = undefined;
  isExpired.value = true;
}
