/** `metaflows audit verify`: reads every line of the running service's audit and verifies every chain. */
import { Command } from 'commander';
import { verify, type Break, type Head, type StoredLine } from '../audit/chain.js';
import type { AuditPage } from '../store/audit.js';
import { print, printJson, Progress } from './output.js';
import { ask, type Common } from './service.js';

type Page = AuditPage & { heads: Head[] };

const SAYS: Record<Break['what'], (lines: string) => string> = {
  changed: (lines) => `${lines} was changed`,
  missing: (lines) => `${lines} missing`,
  misplaced: (lines) => `${lines} holds another line`,
  foreign: () => 'is no line',
  headless: (lines) => `nothing says that ${lines} is the last one`,
};

export function audit(): Command {
  const command = new Command('audit').description('what was done to recordings');
  command
    .command('verify')
    .description('verifies that no line of the audit was changed, for the admin')
    .action(async (_options: unknown, command: Command) => verifyAll(command.optsWithGlobals<Common>()));
  return command;
}

async function verifyAll(common: Common): Promise<void> {
  const page = async (startKey?: string): Promise<Page> => {
    const query = startKey === undefined ? '' : `?start_key=${encodeURIComponent(startKey)}`;
    return (await ask(common, 'GET', `/v2/audit${query}`)) as Page;
  };
  const first = await page();
  const { heads } = first;
  const progress = new Progress(
    'verifying',
    heads.reduce((sum, { seq }) => sum + seq, 0),
  );
  let count = 0;
  async function* lines(): AsyncGenerator<StoredLine> {
    for (let next: Page | undefined = first; next;) {
      count += next.lines.length;
      progress.advance(next.lines.length);
      yield* next.lines;
      next = next.next_start_key === undefined ? undefined : await page(next.next_start_key);
    }
  }
  const breaks = await verify(heads, lines(), async () => (await page()).heads).finally(() => progress.end());
  if (common.json) printJson({ lines: count, heads, breaks });
  else {
    for (const { instance, seq, hash } of heads) print(`${instance}  ${seq} lines, the last one ${hash}`);
    for (const { instance, what, from, to } of breaks) {
      print(`${instance}  ${SAYS[what](from === to ? `line ${from}` : `lines ${from} to ${to}`)}`);
    }
  }
  if (breaks.length > 0) throw new Error(`The audit is broken in ${breaks.length} places.`);
  if (!common.json) print(`All ${count} lines are as they were written.`);
}
