import { setImmediate as settled } from 'node:timers/promises';
import { MetaflowsError } from '../../src/errors.js';
import type { ApiCommand } from '../../src/switch/commands.js';
import type { SwitchEvent } from '../../src/switch/events.js';

/** The recorders, variables and globals of a switch, as its replies and events tell of them. */
export class Bugs {
  /** Whether each recorder is masked, by leg and path. */
  readonly masked = new Map<string, boolean>();
  readonly variables = new Map<string, string>();
  readonly globals = new Map<string, string>();
  /** Replies to commands that are refused. */
  refuses: (command: string) => string | undefined = () => undefined;
  /** Commands whose replies do not come, though the switch carries them out. */
  delays: (command: string) => boolean = () => false;
  /** Commands that do not reach the switch. */
  loses: (command: string) => boolean = () => false;
  emit: (event: SwitchEvent) => void = () => undefined;
  private ticks = 0;

  apis(commands: ApiCommand[]): Promise<string[]> {
    if (commands.some(({ command, args }) => this.loses(`${command} ${args}`)))
      return Promise.reject(new MetaflowsError('connection_lost'));
    const replies = commands.map((each) => this.reply(each));
    const isLate = commands.some(({ command, args }) => this.delays(`${command} ${args}`));
    return isLate ? Promise.reject(new MetaflowsError('switch_timeout')) : Promise.resolve(replies);
  }

  /** Somebody else's recorder begins. */
  begin(uuid: string, path: string): void {
    this.masked.set(`${uuid} ${path}`, false);
    this.emit({ type: 'record_start', uuid, at: Date.now(), path, recordingId: '' });
  }

  /** A recorder ends, and says so. */
  end(uuid: string, path: string): void {
    this.masked.delete(`${uuid} ${path}`);
    this.ended(uuid, path);
  }

  /** Microseconds; never the same twice. */
  private time(): string {
    return `${Date.now() + ++this.ticks}000`;
  }

  private ended(uuid: string, path: string): void {
    const what = { at: Date.now(), durationMs: 1000, cause: '', recordingId: '' };
    this.emit({ type: 'record_stop', uuid, path, ...what });
  }

  private reply({ command, args, first = [] }: ApiCommand): string {
    for (const each of first) {
      if (each.command === 'uuid_record') {
        this.reply({
          ...each,
          args: each.args.replace(/\$\{url_decode\((%\w\w)\)\}/g, (_, c: string) => decodeURIComponent(c)),
        });
        continue;
      }
      const [name = '', value = '', where] = each.args.split('=');
      if (where !== undefined && this.globals.get(name) !== where) continue;
      this.globals.set(name, value.replace('${strmicroepoch()}', this.time()));
    }
    if (command === 'strmicroepoch') return this.time();
    const refused = this.refuses(`${command} ${args}`);
    if (refused !== undefined) return refused;
    const [uuid = '', name = '', ...rest] = args.split(' ');
    const listed = [...this.masked.keys()].filter((key) => key.startsWith(`${uuid} `));
    if (command === 'uuid_setvar') this.variables.set(`${uuid} ${name}`, rest.join(' '));
    if (command === 'global_setvar') this.globals.set(args.split('=')[0]!, args.split('=')[1]!);
    if (command === 'global_getvar') return this.globals.get(args) ?? '-ERR no reply';
    if (command === 'uuid_buglist') {
      const bug = (key: string) => `<function>session_record</function><target>${key.split(' ')[1]}</target>`;
      return listed.map(bug).join('');
    }
    return command === 'uuid_record' ? this.record(uuid, name, rest[0] ?? '', listed) : '+OK';
  }

  private record(uuid: string, verb: string, path: string, listed: string[]): string {
    const key = `${uuid} ${path}`;
    const later = (work: () => void) => void settled().then(work);
    if (verb === 'start') {
      this.masked.set(key, false);
      later(() => this.emit({ type: 'record_start', uuid, at: Date.now(), path, recordingId: 'ours' }));
    } else if (path === 'all') {
      for (const each of listed) this.masked.delete(each);
      for (const each of listed) later(() => this.ended(uuid, each.split(' ')[1]!));
    } else if (!this.masked.has(key)) {
      return '-ERR Cannot record session!';
    } else if (verb === 'stop') {
      this.masked.delete(key);
      later(() => this.ended(uuid, path));
    } else {
      this.masked.set(key, verb === 'mask');
    }
    return '+OK Success';
  }
}
