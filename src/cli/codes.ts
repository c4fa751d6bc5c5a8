/** `metaflows codes`: what the presses on a user's leg would match, and whose metaflows each code comes from. */
import { Command } from 'commander';
import type { Metaflows } from '../generated/metaflows.js';
import { codesOf, type Levels } from '../metaflows/codes.js';
import { compile } from '../metaflows/compile.js';
import { merge } from '../metaflows/merge.js';
import { print, printJson, printTable } from './output.js';
import { accountPath, ask, type Common } from './service.js';

interface Of extends Common {
  account: string;
  user?: string;
  device?: string;
}

export function codes(): Command {
  return new Command('codes')
    .description('what a user’s leg would match, and where each code comes from')
    .requiredOption('--account <account>', 'whose')
    .option('--user <user>', 'the leg’s user')
    .option('--device <device>', 'the leg’s device')
    .action(async (_options: unknown, command: Command) => {
      const of = command.optsWithGlobals<Of>();
      if (of.user === undefined && of.device === undefined)
        command.error('error: --user or --device is needed');
      await show(of);
    });
}

async function show(of: Of): Promise<void> {
  const { account, user, device } = of;
  const get = async (...parts: string[]) =>
    (await ask(of, 'GET', accountPath(account, ...parts, 'metaflows'))) as Metaflows;
  const levels: Levels = {
    ...(user !== undefined && { user: await get('users', user) }),
    ...(device !== undefined && { device: await get('devices', device) }),
    account: await get(),
  };
  const merged = merge(levels.account, levels.device, levels.user);
  const found = codesOf(levels);
  if (of.json) {
    const { listen_on = 'self', digit_timeout = compile(merged).digitTimeoutMs } = merged;
    printJson({ listen_on, digit_timeout, codes: found });
    return;
  }
  if (found.length === 0) print('no codes');
  printTable(
    found.map(({ code, module, action = '', from, instead_of, waits }) => [
      code,
      [module, action].join(' ').trim(),
      `from the ${from}`,
      [
        ...(instead_of.length > 0 ? [`instead of the ${instead_of.join(' and ')}’s`] : []),
        ...(waits ? [`waits ${compile(merged).digitTimeoutMs} ms`] : []),
      ].join(', '),
    ]),
  );
}
