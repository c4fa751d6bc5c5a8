/** Asks the service with the visitor's own token, and can do nothing that this cannot. */
import { expire, session, type Session } from './session.js';
import { WORDS } from './words.js';

/** What the service said, or that it said nothing. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    message: string,
    /** Of a body that is not valid: dotted key, then the check that failed. */
    readonly faults: Record<string, Record<string, { message: string }>> = {},
  ) {
    super(message);
  }
}

export interface Answer<T> {
  data: T;
  next_start_key?: string;
}

interface Fault {
  message?: string;
  /** Of the simulated phones, which have no envelope. */
  error?: string;
  /** Of a service that is not ready. */
  reason?: string;
  data?: { message?: string } & Record<string, unknown>;
}

/** Rejects with an ApiError; a token that is not good any more leads back to the login. */
export async function send(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  const token = session.value?.token ?? '';
  const headers = new Headers(init.headers);
  if (token !== '') headers.set('X-Auth-Token', headerOf(token));
  const response = await fetch(path, { ...init, method, headers }).catch((error: unknown) => {
    throw init.signal?.aborted ? error : new ApiError(0, WORDS.offline);
  });
  if (response.ok) return response;
  if (response.status === 401) expire(token);
  const { data, message, error, reason } = (await response.json().catch(() => ({}))) as Fault;
  const text = data?.message ?? message ?? error ?? reason ?? String(response.status);
  throw new ApiError(response.status, text, response.status === 400 ? (data as ApiError['faults']) : {});
}

/** As {@link send}, below `/v2`, with data and an answer in Kazoo's envelope. */
export async function ask<T>(method: string, path: string, data?: unknown): Promise<Answer<T>> {
  const body = data !== undefined && {
    body: JSON.stringify({ data }),
    headers: { 'Content-Type': 'application/json' },
  };
  return (await (await send(method, `/v2${path}`, body || {})).json()) as Answer<T>;
}

/** A path below the account that is looked at. */
export function inAccount(...parts: string[]): string {
  const account = session.value?.shown ?? '';
  return `/accounts/${[account, ...parts].map((part) => encodeURIComponent(part)).join('/')}`;
}

/** Whose token it is; undefined where nobody's. */
export async function logIn(token: string): Promise<Session | undefined> {
  try {
    const { data } = await ask<{ account_id?: string; owner_id?: string; role: Session['role'] }>(
      'PUT',
      '/api_auth',
      { api_key: token },
    );
    const { account_id: account = null, owner_id: user, role } = data;
    return { token, role, account, ...(user !== undefined && { user }), shown: account ?? '' };
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return undefined;
    throw error;
  }
}

/** A header is Latin-1 to a browser; the service reads what it carries as UTF-8. */
export function headerOf(token: string): string {
  return Array.from(new TextEncoder().encode(token), (byte) => String.fromCharCode(byte)).join('');
}
