import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Channel } from './channel.js';
import { channelCommands } from './channel-commands.js';
import { dial } from './dial.js';
import { localDate, microseconds } from './events.js';
import { expand } from './expand.js';
import type { Action, Instance } from './instance.js';
import { brackets, separate, urlDecode } from './text.js';

/** An API command: what it answers to its arguments. */
export type Command = (instance: Instance, args: string) => string | Promise<string>;

/** The version this switch behaves like. */
const VERSION = '1.10.12-release';
const SHOW =
  'codec|endpoint|application|api|dialplan|file|timer|calls [count]|channels [count|like <match string>]';

/** mod_hash's reply to what it does not understand. */
const HASH_USAGE = '-ERR Usage: hash insert|insert_ifempty|select|delete|delete_ifmatch/realm/key[/value]\n';

/** What `eval` and `expand` see of a leg are an event's headers, so variables only as `variable_name`. */
function expandHeaders(instance: Instance, text: string, leg: Channel | undefined): string {
  const headers = leg ? instance.events.build('CHANNEL_DATA', '', leg.headers()).headers : {};
  return expand(text, {
    variable: (name) => headers[name] ?? instance.globals.get(name),
    api: (name, args) => instance.apiNow(name, args),
  });
}

/** Takes `uuid:<leg> ` off the front. */
function ofLeg(instance: Instance, args: string): { leg: Channel | undefined; rest: string } {
  const [, uuid, rest] = /^uuid:(\S+) (.*)$/s.exec(args) ?? [];
  return uuid === undefined
    ? { leg: undefined, rest: args }
    : { leg: instance.channels.get(uuid), rest: rest ?? '' };
}

function hash(instance: Instance, args: string): string {
  const [verb = '', realm, key, value = ''] = args.split('/');
  if (realm === undefined || key === undefined) return HASH_USAGE;
  const name = `${realm}/${key}`;
  const existing = instance.hash.get(name);
  switch (verb) {
    case 'select':
      return existing ?? '';
    case 'insert_ifempty':
      if (existing !== undefined) return '-ERR key already exists\n';
      instance.hash.set(name, value);
      return '+OK\n';
    case 'insert':
      instance.hash.set(name, value);
      return '+OK\n';
    case 'delete_ifmatch':
      if (existing !== undefined && existing !== value) return "-ERR Doesn't match\n";
      return instance.hash.delete(name) ? '+OK\n' : '-ERR Not found\n';
    case 'delete':
      return instance.hash.delete(name) ? '+OK\n' : '-ERR Not found\n';
    default:
      return HASH_USAGE;
  }
}

const COMPARE: Record<string, (a: number, b: number) => boolean> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
};

const COND = /^(?:'([^']*)'|([^ ]*)) +(==|!=|>=|<=|>|<) *(?:'([^']*)'|([^ ]*)) +\?(.*)$/s;

/** `a == b ? yes : no`: numbers by value, a text against a number by its length, two texts by equality. */
function cond(_: Instance, args: string): string {
  const [, quotedA, plainA, operator = '', quotedB, plainB, choices = ''] = COND.exec(args) ?? [];
  const compare = COMPARE[operator];
  if (!compare) return '-ERR';
  const a = quotedA ?? plainA ?? '';
  const b = quotedB ?? plainB ?? '';
  const numbers = [plainA, plainB].map((text = '') => (/^-?[\d.]+$/.test(text) ? Number(text) : undefined));
  const [left = a.length, right = b.length] = numbers;
  const texts = numbers.every((number) => number === undefined);
  const holds = texts && /[=!]=/.test(operator) ? (a === b) === (operator === '==') : compare(left, right);
  const [yes = '', no = ''] = separate(choices, ':').map((choice) => choice.trim());
  return holds ? yes : no;
}

function channelRow(leg: Channel): Record<string, string> {
  const { profile } = leg;
  return {
    uuid: leg.uuid,
    direction: leg.direction,
    created: localDate(leg.times.created),
    created_epoch: String(Math.floor(leg.times.created / 1e6)),
    name: leg.name,
    state: leg.state,
    cid_name: profile.callerName,
    cid_num: profile.callerNumber,
    ip_addr: '127.0.0.1',
    dest: profile.destination,
    application: leg.variables.get('current_application') ?? '',
    application_data: leg.variables.get('current_application_data') ?? '',
    dialplan: 'XML',
    context: profile.context,
    read_codec: 'PCMU',
    read_rate: '8000',
    write_codec: 'PCMU',
    write_rate: '8000',
    hostname: leg.instance.globals.get('hostname') ?? '',
    accountcode: leg.variables.get('accountcode') ?? '',
    callstate: leg.callState,
    callee_name: profile.calleeName,
    callee_num: profile.calleeNumber,
    call_uuid: leg.callUuid,
  };
}

function show(instance: Instance, args: string): string {
  const channels = [...instance.channels.values()];
  if (args === 'channels as json') {
    return JSON.stringify({
      row_count: channels.length,
      ...(channels.length > 0 && { rows: channels.map(channelRow) }),
    });
  }
  if (args === 'calls as json') {
    // A bridge is one row, its caller's; a leg alone is a row without a b_uuid (`basic_calls`, switch_core_sqldb.c).
    const rows = channels
      .filter(({ uuid, partner }) => !partner || uuid < partner.uuid)
      .map((leg) => ({ ...channelRow(leg), b_uuid: leg.partner?.uuid ?? '' }));
    return JSON.stringify({ row_count: rows.length, ...(rows.length > 0 && { rows }) });
  }
  if (args === 'channels count') return `\n${channels.length} total.\n`;
  return `-USAGE: ${SHOW}\n`;
}

async function originate(instance: Instance, args: string): Promise<string> {
  const { variables, rest } = brackets(args);
  const [dialString = '', extension = '', , context = 'default'] = separate(rest, ' ');
  if (!extension)
    return '-USAGE: <call url> <exten>|&<application_name>(<app_args>) [<dialplan>] [<context>]\n';
  const answered = await dial(instance, `${args.slice(0, args.length - rest.length)}${dialString}`);
  if (typeof answered === 'string') return `-ERR ${answered}\n`;
  const [, application, data = ''] =
    /^&(\w+)(?:\((.*)\))?$/s.exec(rest.slice(dialString.length).trim()) ?? [];
  const actions: Action[] | undefined = application === undefined ? undefined : [[application, data]];
  if (!actions) Object.assign(answered.profile, { destination: extension, context });
  for (const [name, value] of variables) answered.set(name, value);
  void instance.run(answered, actions);
  return `+OK ${answered.uuid}\n`;
}

/** mod_http_cache: whatever goes wrong, a client is told that there is no such command. */
async function httpPut(_: Instance, args: string): Promise<string> {
  const [url = '', file = '', ...more] = separate(args, ' ');
  if (file === '' || more.length > 0) return 'USAGE: {param=val}<url> <file>\n';
  try {
    const { status } = await fetch(url, { method: 'PUT', body: await readFile(file) });
    if ([200, 201, 202, 204].includes(status)) return `+OK ${status}\n`;
  } catch {
    // told below
  }
  return '-ERR http_put Command not found!\n';
}

const general: [string, Command][] = [
  [
    'bgapi',
    (instance, line) => {
      if (line === '') return '-ERR Invalid syntax\n';
      const id = randomUUID();
      instance.background(line, id);
      return `+OK Job-UUID: ${id}\n`;
    },
  ],
  ['cond', cond],
  ['create_uuid', () => randomUUID()],
  ['echo', (_, args) => args],
  [
    'eval',
    (instance, args) => {
      const { leg, rest } = ofLeg(instance, args);
      return expandHeaders(instance, rest, leg);
    },
  ],
  [
    'expand',
    (instance, args) => {
      const { leg, rest } = ofLeg(instance, args);
      const [name = '', argument = ''] = rest.split(/ (.*)/s);
      return instance.api(name, expandHeaders(instance, argument, leg)) ?? '-ERR Cannot execute command\n';
    },
  ],
  ['file_exists', (_, path) => String(existsSync(path))],
  [
    'global_getvar',
    (instance, name) =>
      name === ''
        ? [...instance.globals].map(([each, value]) => `${each}=${value}\n`).join('')
        : (instance.globals.get(name) ?? ''),
  ],
  [
    'global_setvar',
    (instance, args) => {
      const [name = '', value = '', where = ''] = separate(args, '=');
      if (name === '') return '-USAGE: <var>=<value> [=<value2>]\n';
      if (where !== '' && instance.globals.get(name) !== where) return '+OK';
      if (value === '') instance.globals.delete(name);
      else instance.globals.set(name, value);
      return '+OK';
    },
  ],
  ['hash', hash],
  [
    'hupall',
    (instance, cause) => {
      for (const leg of [...instance.channels.values()]) leg.hangup(cause || 'MANAGER_REQUEST');
      return `+OK hangup all channels with cause ${cause || 'MANAGER_REQUEST'}\n`;
    },
  ],
  ['http_put', httpPut],
  // everything but mp3: there is no encoder here
  [
    'module_exists',
    (_, args) =>
      String(/^mod_(commands|dptools|event_socket|hash|http_cache|sndfile|sofia|tone_stream)$/.test(args)),
  ],
  ['originate', originate],
  ['show', show],
  [
    'sofia',
    (instance, args) =>
      args.startsWith('status') ? instance.character.sofiaStatus() : '-USAGE: sofia status\n',
  ],
  [
    'status',
    (instance) => {
      const seconds = Math.floor((microseconds() - instance.startedAt) / 1e6);
      return (
        `UP 0 years, 0 days, 0 hours, ${Math.floor(seconds / 60)} minutes, ${seconds % 60} seconds, 0 milliseconds, 0 microseconds\n` +
        `FreeSWITCH (Version ${VERSION}) is ready\n` +
        `${instance.sessions} session(s) since startup\n` +
        `${instance.channels.size} session(s) - peak ${instance.channels.size}, last 5min ${instance.channels.size} \n`
      );
    },
  ],
  ['strmicroepoch', () => String(microseconds())],
  ['strepoch', () => String(Math.floor(Date.now() / 1000))],
  [
    'uptime',
    (instance, args) =>
      `${Math.floor((microseconds() - instance.startedAt) / (args === 'ms' ? 1e3 : 1e6))}\n`,
  ],
  ['url_decode', (_, args) => urlDecode(args)],
  [
    'version',
    (_, args) =>
      args === 'short' ? `${VERSION}\n` : `FreeSWITCH Version ${VERSION} (embedded softswitch)\n`,
  ],
  // it has no configuration in XML
  ['xml_locate', () => "can't find anything\n"],
];

/** The API commands by name. */
export const commands: ReadonlyMap<string, Command> = new Map([...general, ...channelCommands]);
