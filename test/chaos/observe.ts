/** What there is when all has ended, seen from outside: over HTTP, on the disk and in the log. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { TOKEN } from '../support/lab-service.js';
import { parseWav } from '../support/wav.js';
import type { Api } from './api.js';
import { heardIn } from './audio.js';
import type { Journal } from './journal.js';
import type { Observed } from './observed.js';

/** The metaflows that a POST stores, by which they are known again. */
export function markedFlows(marker: number): object {
  return { numbers: { 99: { module: 'record_call', data: { label: `${marker}` } } } };
}

/**
 * Whose metaflows a POST stores; nobody has a telephone. Each has two, so that what is lost of the whole run is seen at its
 * end, and what is replaced too.
 */
export function postedUser(marker: number): string {
  return String(2001 + Math.floor(marker / 2));
}

export async function markers(api: Api, posts: Observed['posts']): Promise<Observed['stored']> {
  const stored = new Map<string, number | undefined>();
  for (const user of new Set(posts.map(({ user }) => user))) {
    const { data } = await api.ask('GET', `/users/${user}/metaflows`);
    const { numbers } = data as { numbers?: Record<string, { data: { label: string } }> };
    stored.set(user, numbers?.['99'] && Number(numbers['99'].data.label));
  }
  return stored;
}

/** What the files of the recordings have, and their sums; of segments that a full disk has kept apart, their words too. */
export async function listen(
  api: Api,
  recordings: Observed['recordings'],
  folder: string,
): Promise<Pick<Observed, 'heard' | 'sums'>> {
  const heard = new Map<string, ReturnType<typeof heardIn>>();
  const sums = new Map<string, string>();
  for (const { id, segments } of recordings) {
    const bytes = await api.audio(id);
    if (!bytes) continue;
    sums.set(id, createHash('sha256').update(bytes).digest('hex'));
    // A full disk may have left nothing of it.
    if (bytes.length === 0) continue;
    const whole = heardIn(parseWav(bytes));
    const words = new Map(whole.words);
    for (const { file } of segments.slice(1)) {
      const apart = await readFile(join(folder, file)).catch(() => undefined);
      if (!apart?.length) continue;
      for (const [hz, at] of heardIn(parseWav(apart)).words) if (!words.has(hz)) words.set(hz, at);
    }
    heard.set(id, { ...whole, words });
  }
  return { heard, sums };
}

/** Every file below a folder, by its path in there. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** The lines of a log that have digits that are no code, or a token. */
export async function tellingLines(log: string, { secrets }: Journal): Promise<string[]> {
  const telling: string[] = [];
  for await (const line of createInterface(createReadStream(log))) {
    const numbers = line.match(/(?<![0-9A-Za-z])\d{8}(?![0-9A-Za-z])/g) ?? [];
    if (line.includes(TOKEN) || numbers.some((number) => secrets.has(number))) telling.push(line);
  }
  return telling;
}
