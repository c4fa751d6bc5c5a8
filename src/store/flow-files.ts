/** Metaflows as files: what the store begins with. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'winston';
import type { Store } from './store.js';
import { parseFlowFile } from '../metaflows/validate.js';

/** Loads `{account}/{user}.json` where the store has never had metaflows for that user; a bad file stops nothing. */
export async function loadFlowFiles(
  store: Pick<Store, 'metaflows'>,
  folder: string,
  log: Logger,
): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const account = entry.parentPath.slice(folder.length + 1);
    if (!entry.isFile() || !entry.name.endsWith('.json') || !account || account.includes('/')) continue;
    const file = join(entry.parentPath, entry.name);
    const parsed = await readFile(file, 'utf8').then(parseFlowFile, (error: unknown) => ({
      ok: false as const,
      errors: [String(error)],
    }));
    if (parsed.ok) await store.metaflows.seed(account, entry.name.slice(0, -'.json'.length), parsed.value);
    else log.error('metaflows file is not valid and was not loaded', { file, errors: parsed.errors });
  }
}
