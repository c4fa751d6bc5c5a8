/** `metaflows codes`: what the presses on a user's leg would match, and whose metaflows each code comes from. */
import { Command } from 'commander';
import type { MetaflowNode, Metaflows } from '../generated/metaflows.js';
import { compile } from '../metaflows/compile.js';
import { merge } from '../metaflows/merge.js';
import { print, printJson, printTable } from './output.js';
import { accountPath, ask, type Common } from './service.js';

interface Of extends Common {
  account: string;
  user?: string;
  device?: string;
}

/** A code as a leg has it. */
export interface Code {
  /** With its binding digit; of a pattern, the pattern. */
  code: string;
  kind: 'number' | 'pattern';
  /** What it does; `none` switches off what would be inherited. */
  module: MetaflowNode['module'];
  /** Of record_call. */
  action?: string;
  from: Level;
  /** Whose node of the same code does not count for it. */
  instead_of: Level[];
  /** Another code begins with it, or could: it fires when the digit timeout is over. */
  waits: boolean;
}

type Level = 'user' | 'device' | 'account';
type Levels = Partial<Record<Level, Metaflows>>;

/** The nearer comes first. */
const LEVELS: readonly Level[] = ['user', 'device', 'account'];

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

/** Every code that counts for a leg with these metaflows, numbers first, in the order in which they are tried. */
export function codesOf(levels: Levels): Code[] {
  const merged = merge(levels.account, levels.device, levels.user);
  const compiled = compile(merged);
  const ofKind = (key: 'numbers' | 'patterns'): Code[] =>
    Object.entries(merged[key] ?? {}).map(([name, node]) => {
      const [from = 'account', ...others] = LEVELS.filter((level) => name in (levels[level]?.[key] ?? {}));
      return {
        code: key === 'numbers' ? compiled.bindingDigit + name : name,
        kind: key === 'numbers' ? 'number' : 'pattern',
        module: node.module,
        ...(node.module === 'record_call' && { action: node.data?.action ?? 'start' }),
        from,
        instead_of: others,
        waits: key === 'numbers' && node.module !== 'none' && compiled.canGrow(name),
      };
    });
  return [...ofKind('numbers'), ...ofKind('patterns')];
}
