/** `npm run audit:verify`: reads every line of the running service's audit and verifies every chain. */
import { parseArgs } from 'node:util';
import { verify, type Break, type Head, type StoredLine } from '../src/audit/chain.js';
import type { AuditPage } from '../src/store/audit.js';
import { main, request } from './api.js';

type Page = AuditPage & { heads: Head[] };

const SAYS: Record<Break['what'], (lines: string) => string> = {
  changed: (lines) => `${lines} was changed`,
  missing: (lines) => `${lines} missing`,
  misplaced: (lines) => `${lines} holds another line`,
  foreign: () => 'is no line',
  headless: (lines) => `nothing says that ${lines} is the last one`,
};

await main(async () => {
  parseArgs({ options: {} });
  const first = await page();
  let count = 0;
  async function* lines(): AsyncGenerator<StoredLine> {
    for (let next: Page | undefined = first; next;) {
      count += next.lines.length;
      yield* next.lines;
      next = next.next_start_key === undefined ? undefined : await page(next.next_start_key);
    }
  }
  const breaks = await verify(first.heads, lines());
  for (const { instance, seq, hash } of first.heads) print(`${instance}  ${seq} lines, the last one ${hash}`);
  for (const { instance, what, from, to } of breaks) {
    print(`${instance}  ${SAYS[what](from === to ? `line ${from}` : `lines ${from} to ${to}`)}`);
  }
  if (breaks.length > 0) throw new Error(`The audit is broken in ${breaks.length} places.`);
  print(`All ${count} lines are as they were written.`);
});

async function page(startKey?: string): Promise<Page> {
  const query = startKey === undefined ? '' : `?start_key=${encodeURIComponent(startKey)}`;
  return (await request('GET', `/v2/audit${query}`)) as Page;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
