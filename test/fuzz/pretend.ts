/**
 * A switch that understands what it is told as FreeSWITCH does, and takes note of every command that is not one of the
 * service's own kind: one in which something that a user or a caller wrote has become more than a value.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { EventSocket, PASSWORD, type Peer, type Received } from '../support/eventSocket.js';
import { brackets, expand, separate, strip } from '../support/switchStrings.js';

/** How many arguments each command reads, of which the last takes the rest. */
const ARGUMENTS: Record<string, number> = {
  echo: 1,
  global_getvar: 1,
  global_setvar: 1,
  hash: 1,
  module_exists: 1,
  show: 3,
  strmicroepoch: 1,
  uptime: 1,
  uuid_buglist: 1,
  uuid_displace: 5,
  uuid_dump: 2,
  uuid_kill: 2,
  uuid_media: 2,
  uuid_record: 5,
  uuid_recv_dtmf: 2,
  uuid_setvar: 3,
  uuid_setvar_multi: 2,
};

const OUR_FILE = /^\/[\w.=-]+\/\d{4}\/\d\d\/\d\d\/\d{6}-[0-9a-f]{32}(-\d+)?\.(wav|mp3)$/;
const APPLICATIONS = ['bind_digit_action', 'clear_digit_action'];

/** What a value of each channel variable may be: nothing that the switch would read once more, and as another thing. */
const VALUES: [name: RegExp, value: RegExp][] = [
  [/^bind_digit_digit_timeout$/, /^\d+$/],
  // a dialplan's word, which nobody but the service reads
  [/^metaflows_realm$/, /^/],
  // as encodeURIComponent leaves it
  [/^metaflows_\w+$/, /^[\w.!~*'()%/ @-]*$/],
];

/** What notes a mask or its end (maskNote, clearNote), and what becomes of it where another holds the lease. */
const NOTE = /^(metaflows_(masked|clear)_\d{6}-[0-9a-f]{32}=(-|@\d{16}(=-)?)|fenced)$/;

/** What changes something, and that it is for the holder of the lease alone (fence.ts). */
const ACTS = /^(uuid_(?!dump|buglist)|global_setvar)/;
const FOR_HOLDER = /^(\w+ |\^\^)?\$\{cond\(\$\{hash\(select\/metaflows\/lease\)\} == [\w-]+ \? /;

export class PretendSwitch {
  /** What was wrong with commands. */
  readonly violations: string[] = [];
  /** Commands that change something whoever holds the lease. */
  readonly unfenced: string[] = [];
  /** The legs that it has told of, as `uuid_dump` shows them. */
  readonly legs = new Map<string, object>();
  /** Files of recorders that are not the service's. */
  readonly foreign = new Set<string>();
  /** What is answered to a command, once, instead of what is right. */
  cutNext: ((peer: Peer) => void) | undefined;
  readonly #hash = new Map<string, string>();
  #waiting: { line: RegExp; heard: () => void } | undefined;

  private constructor(
    readonly socket: EventSocket,
    private readonly dir: string,
  ) {
    socket.answer((command, peer) => this.answer(command, peer));
  }

  static async start(dir: string): Promise<PretendSwitch> {
    return new PretendSwitch(await EventSocket.listen(), dir);
  }

  get url(): string {
    return `esl://:${PASSWORD}@127.0.0.1:${this.socket.port}`;
  }

  /** The connection on which events are waited for. */
  get events(): Peer {
    const found = this.listener;
    if (!found) throw new Error('nobody has subscribed');
    return found;
  }

  /** The same, where there is one. */
  get listener(): Peer | undefined {
    return this.socket.peers.findLast((peer) => peer.lines.some((line) => line.startsWith('event json')));
  }

  /** Takes note of the file of somebody else's recorder that an event may tell of. */
  records(event: Buffer): void {
    try {
      const raw = JSON.parse(event.toString()) as Record<string, unknown>;
      for (const path of [raw['Record-File-Path'], raw['Media-Bug-Target']]) this.foreign.add(String(path));
    } catch {
      // no event to anybody
    }
  }

  /** Resolves when the service has sent such a command. */
  heard(line: RegExp): Promise<void> {
    return new Promise((resolve) => (this.#waiting = { line, heard: resolve }));
  }

  /** What a switch in good order answers. */
  answer({ line, headers }: Received, peer: Peer): string | undefined {
    peer.chunks.length = 0;
    if (!line.startsWith('event json')) peer.received.length = 0;
    if (line.startsWith('auth ')) return '+OK accepted';
    if (this.#waiting?.line.test(line)) this.#waiting.heard();
    const cut = this.cutNext;
    if (cut && /^api .*uuid_/.test(line)) {
      this.cutNext = undefined;
      cut(peer);
      return undefined;
    }
    if (line.startsWith('sendmsg ')) return this.#execute(line.slice('sendmsg '.length), headers);
    if (line === 'sendevent CUSTOM') {
      const isPlain = Object.values(headers).every((value) => /^[\w:+/=.@-]*$/.test(value));
      if (!isPlain) this.#wrong('an event', headers);
      return '+OK';
    }
    if (Object.keys(headers).length > 0) this.#wrong('a command with more lines', { line, headers });
    if (/^(filter [\w-]+ [\w:]+|event json [\w: ]+)$/.test(line)) return '+OK';
    const [, command = '', args = ''] = /^api (\w+) ?(.*)$/s.exec(line) ?? [];
    const isFenced = command === 'expand' ? FOR_HOLDER.test(args) : !ACTS.test(command);
    if (!isFenced) this.unfenced.push(line);
    return this.#api(command, args);
  }

  #execute(
    uuid: string,
    { 'execute-app-name': application = '', 'execute-app-arg': data = '', ...others }: Received['headers'],
  ): string {
    const expected = { 'call-command': 'execute', 'event-uuid': 'metaflows' };
    if (JSON.stringify(others) !== JSON.stringify(expected)) this.#wrong('headers of an execute', others);
    if (!APPLICATIONS.includes(application)) this.#wrong('an application', application);
    if (!FOR_HOLDER.test(data)) this.unfenced.push(`${application} ${data}`);
    const read = this.#expanded(data);
    if (application === 'bind_digit_action') {
      const [realm = '', digits = '', action = '', value = '', ...more] = separate(read, ',', 6);
      const says = [
        /^Event-Name=CUSTOM,Event-Subclass=metaflows::code,Metaflow-Code=([*#0-9]+)(,Noted=[^,;]*,Masked=[^,;]*)?$/,
        /^swallowed$/,
        /^[\w-]+ ~[*#0-9A-D]+$/,
      ];
      const isOurs =
        /^[\w.:@+-]+$/.test(realm) &&
        /^[*#0-9A-Da-d]{1,30}$/.test(digits) &&
        ['exec[i]:event', 'exec[i]:eval', 'api:uuid_send_dtmf'].includes(action) &&
        says.some((pattern) => pattern.test(value)) &&
        more.length === 0;
      if (!isOurs) this.#wrong('a binding', data);
    } else if (!/^[\w.:@+-]+$/.test(read)) this.#wrong('a realm', data);
    return this.legs.has(uuid) ? '+OK' : '-ERR invalid session id [c_uuid]';
  }

  #api(command: string, args: string): string {
    if (command === 'expand') {
      const [, inner = '', rest = ''] = /^(\w+) ?(.*)$/s.exec(this.#expanded(args)) ?? [];
      return this.#api(inner, rest);
    }
    const most = ARGUMENTS[command];
    if (most === undefined || /[\r\n\0]/.test(args)) {
      this.#wrong('a command', { command, args });
      return '-ERR Command not found!';
    }
    const given = separate(strip(args), ' ', most);
    const [first = '', second = '', third = '', fourth = '', fifth = ''] = given;
    if (command.startsWith('uuid_')) {
      if (!/^[\w-]{1,128}$/.test(first)) this.#wrong('no leg', { command, args });
      if (!this.legs.has(first)) return '-ERR Cannot locate session!';
    }
    switch (command) {
      case 'show':
        return this.#shown(second === 'as' && third === 'json' ? first : '');
      case 'uuid_dump':
        return JSON.stringify(this.legs.get(first));
      case 'uuid_setvar': {
        const [, value] = VALUES.find(([name]) => name.test(second)) ?? [];
        const isMask = second === 'metaflows_mask' && third !== '';
        const isValue = isMask ? this.#isMask(this.#expanded(third)) : value?.test(third);
        if (!isValue) this.#wrong('a channel variable', args);
        return '+OK';
      }
      case 'uuid_setvar_multi':
        for (const pair of second.split(';')) {
          const [, name = '', given = ''] = /^([^=]*)=(.*)$/s.exec(pair) ?? [];
          const isValue = VALUES.find(([known]) => known.test(name))?.[1].test(given);
          if (!isValue || !/^[\w.:@+-]+$/.test(given)) this.#wrong('channel variables', args);
        }
        return '+OK';
      case 'uuid_record':
        return this.#record(first, second, third, fourth, fifth);
      case 'uuid_displace':
        if (
          second !== 'start' ||
          !/^tone_stream:\/\/[\w=;%(),]*$/.test(third) ||
          fourth !== '0' ||
          fifth !== 'm'
        ) {
          this.#wrong('what is played', args);
        }
        return '+OK Success';
      case 'uuid_buglist':
        return '<media-bugs></media-bugs>';
      case 'uuid_recv_dtmf':
        if (!/^[*#0-9A-Da-d]{1,30}$/.test(second)) this.#wrong('digits', args);
        return '+OK';
      case 'module_exists':
        return 'true';
      case 'hash':
        return this.#lease(first);
      case 'echo':
        return args;
      case 'strmicroepoch':
        return '1767312000123456';
      case 'uptime':
        return '1000';
      case 'global_setvar':
        if (!/^metaflows_[\w-]+=[\w.@-]*$/.test(args)) this.#wrong('a global variable', args);
        return '+OK';
      default:
        return command === 'global_getvar' ? '' : '+OK';
    }
  }

  #record(uuid: string, verb: string, path: string, limit: string, variables: string): string {
    const isOurs = path.startsWith(this.dir) && OUR_FILE.test(path.slice(this.dir.length));
    if (!isOurs && !(verb !== 'start' && this.foreign.has(path))) this.#wrong('a file', path);
    if (!['start', 'stop', 'mask', 'unmask', 'pause', 'resume'].includes(verb)) this.#wrong('a verb', verb);
    if (verb === 'start') {
      const given = brackets(variables);
      const isPlain = Object.entries(given).every(
        ([name, value]) => /^\w+$/.test(name) && /^[\w-]+$/.test(value),
      );
      if (!/^\d+$/.test(limit) || !isPlain || given.metaflows_recording === undefined) {
        this.#wrong('the variables of a recording', variables);
      }
      if (!isOurs) return '-ERR Cannot record session!';
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, Buffer.alloc(1000));
      this.#tell('RECORD_START', uuid, {
        'Record-File-Path': path,
        'Recording-Variable-metaflows_recording': given.metaflows_recording,
      });
    } else if (!/^(\+OK Success)?$/.test(`${limit} ${variables}`.trim()))
      this.#wrong('more than a path', { path, limit, variables });
    if (verb === 'stop')
      this.#tell('RECORD_STOP', uuid, { 'Record-File-Path': path, variable_record_ms: '1000' });
    return '+OK Success';
  }

  #isMask(read: string): boolean {
    const [uuid = '', verb = '', path = '', ...more] = separate(strip(read), ' ', 5);
    const isVerb = verb === 'mask' || verb === 'pause';
    const isFile = OUR_FILE.test(path.slice(this.dir.length)) || this.foreign.has(path);
    return /^[\w-]+$/.test(uuid) && isVerb && isFile && more.length === 0;
  }

  #tell(name: string, uuid: string, more: object): void {
    const at = String(Date.now() * 1000);
    setImmediate(() =>
      this.events.event({ 'Event-Name': name, 'Event-Date-Timestamp': at, 'Unique-ID': uuid, ...more }),
    );
  }

  #shown(what: string): string {
    if (what !== 'channels' || this.legs.size === 0) return '{"row_count":0}';
    return JSON.stringify({
      row_count: this.legs.size,
      rows: [...this.legs.keys()].map((uuid) => ({ uuid })),
    });
  }

  /** What mod_hash says: `select`, `insert`, `insert_ifempty` and `delete_ifmatch` of realm, key and value. */
  #lease(args: string): string {
    const [verb = '', realm = '', key = '', value = ''] = args.split('/');
    if (!/^[\w.:@-]*(\/[\w.:@-]*){1,3}$/.test(args)) this.#wrong('a lease', args);
    const at = `${realm}/${key}`;
    const known = this.#hash.get(at);
    if (verb === 'select') return known ?? '';
    if (verb === 'delete_ifmatch' ? known !== value : verb === 'insert_ifempty' && known !== undefined)
      return '-ERR Not found';
    if (verb === 'delete_ifmatch') this.#hash.delete(at);
    else this.#hash.set(at, value);
    return '+OK';
  }

  /** As the switch expands it: the service has it look up who holds the lease, and note when what was masked. */
  #expanded(text: string): string {
    return expand(
      text,
      (name) => {
        this.#wrong('a variable is looked up', { name, text });
        return '';
      },
      (name, args) => {
        if (name === 'hash') return this.#lease(args);
        const [, left, right, yes = '', no = ''] = /^(\S*) == (\S*) \? (\S+) : (\S+)$/.exec(args) ?? [];
        if (name === 'cond' && left !== undefined) return left === right ? yes : no;
        if (name === 'strmicroepoch' && args === '') return '1767312000123456';
        if (name === 'global_setvar' && NOTE.test(args)) return '';
        if (name === 'url_decode') return decodeURIComponent(args);
        if (name === 'uuid_record') return this.#api(name, args);
        this.#wrong('a function is run', { name, args, text });
        return '';
      },
    );
  }

  #wrong(what: string, of: unknown): void {
    this.violations.push(`${what}: ${JSON.stringify(of)}`);
  }
}
