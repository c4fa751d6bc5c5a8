/**
 * The lease that says who acts for a switch, and what only its holder can make the switch do. It lies in mod_hash,
 * whose `insert_ifempty` and `delete_ifmatch` are atomic (`mod_hash.c`, hash_api_function). Pure.
 */
import type { ApiCommand } from './commands.js';
import { escaped } from './escape.js';

const LEASE = 'metaflows/lease';
const BEAT = 'metaflows/beat';

/** What stands for the leg where somebody else holds the lease: no leg, no command and no realm is called so. */
const NOBODY = 'fenced';

/** The commands that change something; each has what it is done to, or does, as its first argument. */
const ACTS = new Set([
  'uuid_record',
  'uuid_setvar',
  'uuid_setvar_multi',
  'global_setvar',
  'uuid_displace',
  'uuid_media',
  'uuid_kill',
  'uuid_recv_dtmf',
  'bgapi',
]);

/** Asks who holds the lease: {@link valueOf} reads the reply. */
export const askHolder: ApiCommand = { command: 'hash', args: `select/${LEASE}` };

/** Asks for the holder's last beat. */
export const askBeat: ApiCommand = { command: 'hash', args: `select/${BEAT}` };

/** The value in a reply to `hash select`; empty where there is none. */
export function valueOf(reply: string): string {
  return reply.startsWith('-ERR') ? '' : reply;
}

/** Tells the others that the holder lives. */
export function beat(value: string): ApiCommand {
  return { command: 'hash', args: `insert/${BEAT}/${value}` };
}

/** Takes the lease where it is free. */
export function take(holder: string): ApiCommand {
  return { command: 'hash', args: `insert_ifempty/${LEASE}/${holder}` };
}

/** Frees the lease where it is still this holder's. */
export function free(holder: string): ApiCommand {
  return { command: 'hash', args: `delete_ifmatch/${LEASE}/${holder}` };
}

/** Answers `held` where the switch can tell, inside a command, who holds the lease, and it is this holder. */
export function probe(holder: string): ApiCommand {
  return { command: 'expand', args: `echo ${onlyFor(holder, 'held', NOBODY)}` };
}

/** Whether a command changes something, so that only the holder may give it. */
export function acts({ command }: ApiCommand): boolean {
  return ACTS.has(command);
}

/**
 * The command so that the switch runs it for the holder of the lease alone: for anybody else it is about a leg that there
 * is not, and answered so. All else in it arrives as it is. Without a holder it is for everybody.
 */
export function fenced({ command, args, first = [] }: ApiCommand, holder: string | undefined): ApiCommand {
  const guarded = (text: string, rested: (rest: string) => string) => {
    const [, about = '', rest = ''] = /^(\S*)(.*)$/s.exec(text) ?? [];
    return onlyFor(holder, about, NOBODY) + rested(rest);
  };
  // What they answer is one argument too many: uuid_record reads none behind the path but to start (session_record_function).
  const before = first.map((each) => `\${${each.command}(${guarded(each.args, (rest) => rest)})}`);
  const all = [guarded(args, escaped), before.join('')].filter((part) => part !== '');
  return { command: 'expand', args: `${command} ${all.join(' ')}` };
}

/**
 * {@link fenced} for an application's data, which the switch expands when it runs it. For anybody else data that name
 * their delimiter (`^^;`) have another, and too few arguments to mean anything (`mod_dptools.c`,
 * bind_digit_action_function).
 */
export function fencedData(data: string, holder: string): string {
  if (!data.startsWith('^^;')) return onlyFor(holder, data, NOBODY);
  return `^^${onlyFor(holder, ';', '|')}${data.slice(3)}`;
}

function onlyFor(holder: string | undefined, theirs: string, others: string): string {
  if (holder === undefined) return theirs;
  return `\${cond(\${hash(select/${LEASE})} == ${holder} ? ${theirs} : ${others})}`;
}
