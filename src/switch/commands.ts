/**
 * What is said to the switch: each `api` command of the service, the data of the bindings, and what is read in the
 * replies. Pure. Whatever is put in, a command has exactly the arguments it is meant to have, on one line, or is
 * refused with `invalid_command` (sources: `mod_commands.c`, `mod_dptools.c`).
 */
import { MetaflowsError } from '../errors.js';
import { checkedName, literal, nested, quote, variableList } from './escape.js';

/** An `api` command and its arguments. */
export interface ApiCommand {
  command: string;
  args: string;
  /** What the switch runs inside the command, right before it; `${…}` in its arguments is expanded. */
  first?: readonly ApiCommand[];
}

/** The CUSTOM event that a bound code fires. */
export const CODE_EVENT = 'metaflows::code';

const UUID = /^[0-9A-Za-z-]{1,128}$/;

/** Whether a leg can be spoken of: a dialplan may name a leg as it likes, with `origination_uuid`. */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && UUID.test(text);
}

export interface RecordOptions {
  /** The switch's own limit, whole seconds, masked ones counted; 0 is none. */
  limitSeconds?: number;
  /** Seen by this recording alone, and said in its events as `Recording-Variable-<name>`. */
  variables?: Readonly<Record<string, string>>;
}

/** `uuid_record`; the path is the recorder's name for every verb, and absolute. Only `start` takes options. */
export function record(
  verb: 'start' | 'stop' | 'mask' | 'unmask' | 'pause' | 'resume',
  uuid: string,
  path: string,
  { limitSeconds = 0, variables = {} }: RecordOptions = {},
): ApiCommand {
  const args = [checkedUuid(uuid), verb, quote(path)];
  // the variables are seen only behind a limit (session_record_function)
  if (verb === 'start') args.push(String(Math.ceil(limitSeconds)), variableList(variables));
  return { command: 'uuid_record', args: args.join(' ') };
}

/**
 * Starts a recorder that is masked, or pauses, from its first frame on: one command, since between two that come in one
 * write the switch serves its socket, and the call goes on.
 */
export function recordSilent(
  verb: 'mask' | 'pause',
  uuid: string,
  path: string,
  options?: RecordOptions,
): ApiCommand {
  const { command, args } = record('start', uuid, path, options);
  return { ...record(verb, uuid, path), first: [{ command, args: nested(args) }] };
}

/** Sets a channel variable; an empty value removes it. */
export function setVariable(uuid: string, name: string, value: string): ApiCommand {
  const args = [checkedUuid(uuid), checkedName(name), ...(value === '' ? [] : [quote(value)])];
  return { command: 'uuid_setvar', args: args.join(' ') };
}

/** Sets several channel variables, to plain words: what else a value holds, `uuid_setvar_multi` would read (`mod_commands.c`). */
export function setVariables(uuid: string, variables: Readonly<Record<string, string>>): ApiCommand {
  const pairs = Object.entries(variables).map(([name, value]) => {
    if (!/^[\w.:@+-]+$/.test(value))
      throw new MetaflowsError('invalid_command', 'no plain value of a variable');
    return `${checkedName(name)}=${value}`;
  });
  return { command: 'uuid_setvar_multi', args: `${checkedUuid(uuid)} ${pairs.join(';')}` };
}

/** What a note of when a recording was masked says of one that is not. */
export const UNMASKED = '-';

/** Sets a variable of the whole switch, which outlives every leg; an empty value removes it. */
export function setGlobal(name: string, value: string): ApiCommand {
  if (/[^\w.@-]/.test(value)) throw new MetaflowsError('invalid_command', 'no value for a global variable');
  return { command: 'global_setvar', args: `${checkedName(name)}=${value}` };
}

/**
 * For {@link ApiCommand.first}: a variable of the whole switch becomes `@` and the switch's time, in microseconds of the
 * epoch; with `where` only if it has that value (`switch_core_set_var_conditional`).
 */
export function noteTime(name: string, where?: string): ApiCommand {
  const only = where === undefined ? '' : `=${where}`;
  return { command: 'global_setvar', args: `${checkedName(name)}=@\${strmicroepoch()}${only}` };
}

/** Asks for a variable of the whole switch; `-ERR no reply` where there is none. */
export function global(name: string): ApiCommand {
  return { command: 'global_getvar', args: checkedName(name) };
}

/** Asks what time it is there: {@link parseTime}. */
export const time: ApiCommand = { command: 'strmicroepoch', args: '' };

/** Reads the reply to {@link time}: epoch, milliseconds; `undefined` where the switch does not say. */
export function parseTime(reply = ''): number | undefined {
  return /^\d{16}$/.test(reply) ? Math.round(Number(reply) / 1000) : undefined;
}

/** Asks for all variables of the whole switch: {@link parseGlobals}. */
export const globals: ApiCommand = { command: 'global_getvar', args: '' };

/** Reads `global_getvar` without a name (`switch_core_dump_variables`), by name. */
export function parseGlobals(reply: string): Map<string, string> {
  const lines = reply.split('\n').filter((line) => line.includes('='));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** Mixes a file or `tone_stream://…` into what the leg's party hears, once, to its end. */
export function displace(uuid: string, file: string): ApiCommand {
  return { command: 'uuid_displace', args: `${checkedUuid(uuid)} start ${quote(file)} 0 m` };
}

/** Brings media that bypass the switch back to it. */
export function uuidMedia(uuid: string): ApiCommand {
  return { command: 'uuid_media', args: checkedUuid(uuid) };
}

/** Hangs up. */
export function hangup(uuid: string): ApiCommand {
  return { command: 'uuid_kill', args: checkedUuid(uuid) };
}

/** Hands digits on as if the leg's party had pressed them, past its bindings. */
export function receiveDigits(uuid: string, digits: string): ApiCommand {
  return { command: 'uuid_recv_dtmf', args: `${checkedUuid(uuid)} ${checkedDigits(digits)}` };
}

/**
 * Lets the switch PUT a file to a URL, in a thread of its own: what came of it is not in the reply. The URL is in the
 * BACKGROUND_JOB event, and after a failure in the switch's log.
 */
export function sendFile(url: string, path: string): ApiCommand {
  return { command: 'bgapi', args: `http_put ${quote(url)} ${quote(path)}` };
}

/** Asks whether there is a file, `true` or `false`; the path is all that follows the command (`file_exists_function`). */
export function fileExists(path: string): ApiCommand {
  return { command: 'file_exists', args: path };
}

/** Asks for the media bugs of a leg: {@link parseBuglist}. */
export function buglist(uuid: string): ApiCommand {
  return { command: 'uuid_buglist', args: checkedUuid(uuid) };
}

/** Asks for all that a leg is: `legOf` of `parse.ts`. */
export function dump(uuid: string): ApiCommand {
  return { command: 'uuid_dump', args: `${checkedUuid(uuid)} json` };
}

/**
 * The value of the channel variable `metaflows_mask`, which a masking code gives to `uuid_record`: both
 * `switch_channel_expand_variables` and uuid_record read it.
 */
export function maskArguments(verb: 'mask' | 'pause', uuid: string, path: string): string {
  return literal(record(verb, uuid, path).args);
}

/**
 * The data of `bind_digit_action` for a code of ours: pressing it fires {@link CODE_EVENT}.
 *
 * With `masks` the switch masks by itself while the key is pressed, the service up or not: it takes a note of when
 * (`metaflows_mask_note` names a global variable, which outlives every leg; it is set only where it is {@link UNMASKED}, so
 * that a second press changes nothing: `switch_core_set_var_conditional`), then masks (`metaflows_mask`: {@link maskArguments}), and the
 * event says what came of it. `\$` keeps what follows from being expanded when the code is bound.
 */
export function bindCode(realm: string, code: string, masks: boolean): string {
  const says = [`Event-Name=CUSTOM`, `Event-Subclass=${CODE_EVENT}`, `Metaflow-Code=${code}`];
  if (masks) {
    says.push(`Noted=\\\${global_setvar(\\\${metaflows_mask_note}=\\\${uptime(ms)}=${UNMASKED})}`);
    says.push('Masked=\\${uuid_record(\\${metaflows_mask})}');
  }
  return bind(realm, code, 'exec[i]:event', says.join(','));
}

/** The data of `bind_digit_action` for digits that only are to be kept from the far end. */
export function bindSwallow(realm: string, digits: string): string {
  return bind(realm, digits, 'exec[i]:eval', 'swallowed');
}

/** The data of `bind_digit_action` for digits that another leg's bindings wait for: `~` sends them with hooks on. */
export function bindForward(realm: string, digits: string, to: string): string {
  return bind(realm, digits, 'api:uuid_send_dtmf', `${checkedUuid(to)} ~${digits}`);
}

function bind(realm: string, digits: string, action: string, value: string): string {
  if (!/^[\w.:@+-]+$/.test(realm)) throw new MetaflowsError('invalid_command', 'no name for a realm');
  return `^^;${[realm, checkedDigits(digits), action, value].join(';')}`;
}

/** A media bug on a leg; a recorder's function is `session_record`, its target the path. */
export interface Bug {
  function: string;
  target: string;
}

/** Reads `uuid_buglist`, which escapes nothing (`switch_core_media_bug_enumerate`); none where the leg is gone. */
export function parseBuglist(reply: string): Bug[] {
  const bugs = reply.matchAll(/<function>(.*?)<\/function>\s*<target>(.*?)<\/target>/gs);
  return [...bugs].map(([, name = '', target = '']) => ({ function: name, target }));
}

/** Reads the rows of `show … as json`: without any there is only a `row_count` of 0. */
export function parseRows(reply: string): Record<string, unknown>[] {
  assertAccepted(reply);
  try {
    const { rows = [] } = JSON.parse(reply) as { rows?: Record<string, unknown>[] };
    if (Array.isArray(rows) && rows.every((row) => row instanceof Object)) return rows;
  } catch {
    // told below
  }
  throw new MetaflowsError('switch_refused', 'show … as json answers with no rows');
}

/** Throws `call_gone` or `switch_refused` where the switch answered with `-ERR` or `-USAGE`. */
export function assertAccepted(reply: string): void {
  if (!/^-(ERR|USAGE)/.test(reply)) return;
  if (/Cannot locate session|No such channel|invalid session id/.test(reply))
    throw new MetaflowsError('call_gone');
  throw new MetaflowsError('switch_refused', reply);
}

function checkedUuid(uuid: string): string {
  if (!isUuid(uuid)) throw new MetaflowsError('invalid_command', 'no id of a leg');
  return uuid;
}

/** Whether these are digits that can be bound or sent. */
export function isDigits(text: string): boolean {
  return /^[0-9A-Da-d*#]{1,30}$/.test(text);
}

function checkedDigits(digits: string): string {
  if (!isDigits(digits)) throw new MetaflowsError('invalid_command', 'no digits');
  return digits;
}
