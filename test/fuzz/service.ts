/** The whole service on pretended switches. */
import { join } from 'node:path';
import type { Logger } from 'winston';
import { loadConfig } from '../../src/config.js';
import { startService, type Service } from '../../src/service.js';
import { TOKEN } from '../support/lab-service.js';
import type { PretendSwitch } from './pretend.js';

/** Keeps its database in `folder`, and takes as many requests as there are. */
export async function startOn(
  switches: readonly PretendSwitch[],
  folder: string,
  dir: string,
  log: Logger,
): Promise<Service> {
  const loaded = loadConfig({
    METAFLOWS_SWITCHES: switches.map(({ url }) => url).join(),
    METAFLOWS_HTTP_PORT: '0',
    METAFLOWS_ADMIN_TOKEN: TOKEN,
    METAFLOWS_DATABASE: join(folder, 'db'),
    METAFLOWS_RECORDINGS_DIR: dir,
    METAFLOWS_FLOWS_DIR: join(folder, 'none'),
  });
  if (!loaded.ok) throw new Error(loaded.errors.join());
  const { limits, ...config } = loaded.config;
  return startService({ ...config, limits: { ...limits, requests_per_minute: 1e9 } }, log);
}
