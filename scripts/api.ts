/** How command line tools reach the running service: by the same environment variables, as its admin. */
import { loadConfig } from '../src/config.js';

/**
 * Sends one request and resolves with the answer's `data`. Rejects with a sentence for people where the
 * configuration is wrong, the service is not there, or it refuses.
 */
export async function request(method: string, path: string, data?: unknown): Promise<unknown> {
  const loaded = loadConfig(process.env);
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'));
  const { httpHost, httpPort, adminToken } = loaded.config;
  if (adminToken === undefined) {
    throw new Error('METAFLOWS_ADMIN_TOKEN is not set: give the token that the service was started with');
  }
  const url = new URL(path, base(httpHost, httpPort));
  const response = await fetch(url, {
    method,
    headers: {
      'X-Auth-Token': Buffer.from(adminToken).toString('latin1'),
      'Content-Type': 'application/json',
    },
    ...(data !== undefined && { body: JSON.stringify({ data }) }),
  }).catch(() => {
    throw new Error(`there is no service at ${url.origin}`);
  });
  const answer = (await response.json().catch(() => ({}))) as { message?: string; data?: unknown };
  if (response.ok) return answer.data;
  const { message = 'no reason given' } = answer;
  throw new Error(`${url.origin} refused: ${response.status} ${message}\n${JSON.stringify(answer.data)}`);
}

/** Runs a tool; what goes wrong is one message on standard error, and exit code 1. */
export async function main(tool: () => Promise<void>): Promise<void> {
  try {
    await tool();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

/** A service that listens on every address is reached on the loopback one. */
function base(host: string, port: number): string {
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}
