import { joinLegs } from './bridge.js';
import type { Channel } from './channel.js';
import type { Command } from './commands.js';
import { parseDigits } from './digits.js';
import { startDisplacing, stopDisplacing } from './displacer.js';
import { recorderOf, startRecording, stopRecording } from './recorder.js';
import { brackets, separate, urlDecode } from './text.js';

const RECORD_USAGE = '-USAGE: <uuid> [start|stop|mask|unmask] <path> [<limit>] [<recording_vars>]\n';
const DISPLACE_USAGE = '-USAGE: <uuid> [start|stop] <path> [<limit>] [mux]\n';
const NO_CHANNEL = '-ERR No such channel!\n';
const NO_SESSION = '-ERR Cannot locate session!\n';

/** A leg that is still up, as `switch_core_session_locate` finds it. */
function locate(channels: ReadonlyMap<string, Channel>, uuid: string | undefined): Channel | undefined {
  const leg = channels.get(uuid ?? '');
  return leg?.down ? undefined : leg;
}

const record: Command = ({ channels }, args) => {
  const [uuid, action, path, limit = '0', variables = ''] = separate(args, ' ', 5);
  if (!uuid || !action || !path) return RECORD_USAGE;
  const leg = locate(channels, uuid);
  if (!leg) return NO_SESSION;
  const reply = (done: boolean, what: string): string =>
    done ? '+OK Success\n' : `-ERR Cannot ${what} session!\n`;
  const recorder = recorderOf(leg, path);
  switch (action.toLowerCase()) {
    case 'start': {
      const given = brackets(urlDecode(variables)).variables;
      return reply(startRecording(leg, path, Number.parseInt(limit, 10) || 0, given), 'record');
    }
    case 'stop':
      return reply(stopRecording(leg, path), 'stop record');
    case 'mask':
    case 'unmask':
      if (recorder) recorder.masked = action === 'mask';
      return reply(recorder !== undefined, `${action} recording`);
    case 'pause':
    case 'resume':
      if (recorder) recorder.paused = action === 'pause';
      return reply(recorder !== undefined, `${action} recording`);
    default:
      return RECORD_USAGE;
  }
};

const displace: Command = ({ channels }, args) => {
  const [uuid, action, path, , flags = ''] = separate(args, ' ', 5);
  if (!uuid || !action || !path) return DISPLACE_USAGE;
  const leg = locate(channels, uuid);
  if (!leg) return NO_SESSION;
  if (action === 'start') {
    return startDisplacing(leg, path, flags) ? '+OK Success\n' : '-ERR Cannot displace session!\n';
  }
  if (action === 'stop') {
    return stopDisplacing(leg, path) ? '+OK Success\n' : '-ERR Cannot stop displace session!\n';
  }
  return DISPLACE_USAGE;
};

const buglist: Command = ({ channels }, args) => {
  const leg = locate(channels, args.trim());
  if (!leg) return '';
  const bugs = leg.media.bugs.map(
    (bug) =>
      ' <media-bug>\n' +
      `  <function>${bug.name}</function>\n` +
      `  <target>${bug.target}</target>\n` +
      '  <thread-locked>0</thread-locked>\n' +
      ' </media-bug>\n',
  );
  return `<media-bugs>\n${bugs.join('')}</media-bugs>\n`;
};

const dump: Command = ({ channels, events }, args) => {
  const [uuid = '', format = ''] = separate(args, ' ');
  if (!uuid) return '-USAGE: <uuid> [format]\n';
  // a leg that hangs up can still be looked at
  const leg = channels.get(uuid);
  if (!leg) return NO_CHANNEL;
  const event = events.build('CHANNEL_DATA', '', leg.headers());
  return format.toLowerCase() === 'json' ? event.json : event.plain;
};

const getvar: Command = ({ channels }, args) => {
  const [uuid = '', name] = separate(args, ' ');
  if (name === undefined) return '-USAGE: <uuid> <var>\n';
  const leg = channels.get(uuid);
  return leg ? (leg.get(name) ?? '_undef_') : NO_CHANNEL;
};

const setvar: Command = ({ channels }, args) => {
  const [uuid = '', name = '', value] = separate(args, ' ', 3);
  if (!name) return '-USAGE: <uuid> <var> [value]\n';
  const leg = locate(channels, uuid);
  leg?.set(name, value);
  return leg ? '+OK\n' : NO_CHANNEL;
};

const setvarMulti: Command = ({ channels }, args) => {
  const [uuid = '', pairs = ''] = args.split(/ (.*)/s);
  const leg = locate(channels, uuid);
  if (!leg)
    return pairs
      ? `${NO_CHANNEL}-USAGE: <uuid> <var>=<value>;<var>=<value>...\n`
      : '-USAGE: <uuid> <var>=<value>;<var>=<value>...\n';
  for (const pair of separate(pairs, ';')) {
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    // a value with a variable in it is refused in silence (switch_channel_set_variable)
    if (!value.includes('${')) leg.set(name, value);
  }
  return '+OK\n';
};

const sendDigits: Command = ({ channels }, args) => {
  const [uuid = '', text = ''] = separate(args, ' ', 2);
  if (!text) return '-USAGE: <uuid> <dtmf_data>\n';
  const leg = locate(channels, uuid);
  if (!leg) return NO_SESSION;
  const digits = parseDigits(text);
  for (const digit of digits ?? []) leg.digits.send(digit);
  return digits ? `+OK ${uuid} sent DTMF ${text}.\n` : '-ERR Operation failed\n';
};

const receiveDigits: Command = ({ channels }, args) => {
  const [uuid = '', text = ''] = separate(args, ' ', 2);
  if (!text) return '-USAGE: <uuid> <dtmf_data>\n';
  const leg = locate(channels, uuid);
  if (!leg) return NO_SESSION;
  const digits = parseDigits(text);
  for (const digit of digits ?? []) leg.digits.receive(digit);
  return digits ? `+OK ${uuid} received DTMF ${text}.\n` : '-USAGE: <uuid> <dtmf_data>\n';
};

const transfer: Command = ({ channels }, args) => {
  const [uuid = '', ...rest] = separate(args, ' ', 5);
  const flag = rest[0]?.startsWith('-') ? rest.shift() : undefined;
  const [destination, , context = 'default'] = rest;
  if (destination === undefined)
    return '-USAGE: <uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]\n';
  const leg = locate(channels, uuid);
  if (!leg) return NO_CHANNEL;
  const other = leg.partner;
  if (flag !== '-bleg') leg.redirectTo({ destination, context });
  if (flag !== undefined) other?.redirectTo({ destination, context });
  return '+OK\n';
};

const hold: Command = ({ channels }, args) => {
  const [first = '', second] = separate(args, ' ');
  if (!first) return '-USAGE: [off|toggle] <uuid> [<display>]\n';
  const on = first !== 'off';
  locate(channels, on ? first : second)?.hold(on);
  // FreeSWITCH says so of a leg it does not know, too
  return '+OK Success\n';
};

/** Brings the media of a call in bypass back to the switch: the bridge ends and begins anew. */
const media: Command = ({ channels }, args) => {
  const leg = locate(channels, args.trim());
  const other = leg?.partner;
  if (!leg?.media.bypass || !other) return '-ERR Operation failed\n';
  leg.media.codecKnown = other.media.codecKnown = true;
  if (leg.otherLeg?.type === 'originatee') joinLegs(leg, other);
  else joinLegs(other, leg);
  return '+OK Success\n';
};

const deflect: Command = ({ channels }, args) => {
  const [, uuid = '', address = ''] = /^(\S+) (.+)$/s.exec(args) ?? [];
  if (!address) return '-USAGE: <uuid> <uri>\n';
  const leg = locate(channels, uuid);
  if (!leg) return `-ERR No such channel ${uuid}!\n`;
  const user = /sips?:([^@?>]+)@/.exec(address)?.[1] ?? '';
  const replaces = /[?&]Replaces=([^>&]+)/i.exec(address)?.[1];
  leg.endpoint?.refer(user, replaces === undefined ? undefined : urlDecode(replaces).split(';')[0]);
  leg.hangup('BLIND_TRANSFER');
  return '+OK:SIP/2.0 200 OK\n\n';
};

const broadcast: Command = ({ channels }, args) => {
  const [uuid = '', path] = separate(args, ' ');
  if (path === undefined) return '-USAGE: <uuid> <path> [aleg|bleg|holdb|both]\n';
  const leg = locate(channels, uuid);
  if (!leg) return '-ERR invalid uuid\n';
  const [application = '', data] = path.split(/::(.*)/s);
  leg.queue(() =>
    data === undefined
      ? leg.instance.execute(leg, 'playback', path)
      : leg.instance.execute(leg, application, data),
  );
  return '+OK Message sent\n';
};

const bridge: Command = ({ channels }, args) => {
  const [first = '', second] = separate(args, ' ');
  if (second === undefined) return '-USAGE: <uuid> <other_uuid>\n';
  const leg = locate(channels, first);
  const other = locate(channels, second);
  if (!leg || !other || leg === other) return '-ERR Invalid uuid\n';
  joinLegs(leg, other);
  return `+OK ${second}\n`;
};

const kill: Command = ({ channels }, args) => {
  const [uuid = '', cause = 'NORMAL_CLEARING'] = args.split(' ');
  if (!uuid) return '-USAGE: <uuid> [cause]\n';
  const leg = locate(channels, uuid);
  leg?.hangup(cause);
  return leg ? '+OK\n' : NO_CHANNEL;
};

/** The commands about one leg. */
export const channelCommands: [string, Command][] = [
  ['uuid_bridge', bridge],
  ['uuid_broadcast', broadcast],
  ['uuid_buglist', buglist],
  ['uuid_deflect', deflect],
  ['uuid_displace', displace],
  ['uuid_dump', dump],
  ['uuid_exists', ({ channels }, args) => String(channels.has(args))],
  ['uuid_getvar', getvar],
  ['uuid_hold', hold],
  ['uuid_kill', kill],
  ['uuid_media', media],
  ['uuid_record', record],
  ['uuid_recv_dtmf', receiveDigits],
  ['uuid_send_dtmf', sendDigits],
  ['uuid_setvar', setvar],
  ['uuid_setvar_multi', setvarMulti],
  ['uuid_transfer', transfer],
];
