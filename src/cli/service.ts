/** How the command line reaches the running service: over HTTP, with a token, and never by its database. */
import { loadConfig, type Config } from '../config.js';

/** What every command of the line may be told. */
export interface Common {
  url?: string;
  json?: boolean;
}

/** The configuration that the service has in this environment; throws a sentence for each thing that is wrong. */
export function configuration(): Config {
  const loaded = loadConfig(process.env);
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'));
  return loaded.config;
}

/** Sends one request and resolves with the answer's `data`; rejects with a sentence for people, as {@link request} does. */
export async function ask(common: Common, method: string, path: string, data?: unknown): Promise<unknown> {
  return (await envelope(common, method, path, data)).data;
}

/** The whole answer, for what stands beside its `data`. */
export async function envelope(
  common: Common,
  method: string,
  path: string,
  data?: unknown,
): Promise<{ data?: unknown; next_start_key?: string }> {
  const response = await request(common, method, path, data);
  return (await response.json()) as { data?: unknown; next_start_key?: string };
}

/**
 * Rejects with a sentence for people where there is no token, the configuration is wrong, the service is not there, or
 * it refuses.
 */
export async function request(
  { url }: Common,
  method: string,
  path: string,
  data?: unknown,
): Promise<Response> {
  const { METAFLOWS_TOKEN: own } = process.env;
  const config = url !== undefined && own ? undefined : configuration();
  const token = own ?? config?.adminToken;
  if (!token) {
    throw new Error('METAFLOWS_TOKEN is not set, nor METAFLOWS_ADMIN_TOKEN: give a token of the service');
  }
  const target = new URL(path, url ?? addressOf(config ?? configuration()));
  const response = await fetch(target, {
    method,
    headers: { 'X-Auth-Token': Buffer.from(token).toString('latin1'), 'Content-Type': 'application/json' },
    ...(data !== undefined && { body: JSON.stringify({ data }) }),
  }).catch(() => {
    throw new Error(`there is no service at ${target.origin}`);
  });
  if (response.ok) return response;
  const answer = (await response.json().catch(() => ({}))) as { message?: string; data?: unknown };
  const { message = 'no reason given' } = answer;
  throw new Error(
    `${target.origin} refused: ${response.status} ${message}\n${JSON.stringify(answer.data ?? {})}`,
  );
}

/** A path of an account's, or of a user's or a device's. */
export function accountPath(account: string, ...parts: string[]): string {
  return `/v2/accounts/${[account, ...parts].map(encodeURIComponent).join('/')}`;
}

/** Its URL; a service that listens on every address is reached on the loopback one. */
export function addressOf({ httpHost, httpPort }: Config): string {
  const reached = httpHost === '0.0.0.0' ? '127.0.0.1' : httpHost === '::' ? '::1' : httpHost;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${httpPort}`;
}
