import { randomUUID } from 'node:crypto';
import { applications, type Application } from './applications.js';
import { bridgeLegs } from './bridge.js';
import type { Channel } from './channel.js';
import type { MediaClock } from './clock.js';
import { commands } from './commands.js';
import type { Endpoints } from './dial.js';
import { EventBus, microseconds, type Headers } from './events.js';
import { eventHeaders } from './headers.js';
import type { Timers } from './timers.js';

/** An application and its data, as a dialplan lists them. */
export type Action = readonly [application: string, data: string];

/** What the log of the service takes; never digits. */
export interface Log {
  warn(message: string, facts?: object): void;
}

/** What makes one instance a PBX and another a room full of telephones. */
export interface Character {
  globals: Iterable<readonly [string, string]>;
  endpoints: Endpoints;
  /** What is executed for a leg that calls `destination`; undefined where there is no such extension. */
  dialplan(leg: Channel, destination: string, context: string): Action[] | undefined;
  /** What `sofia status` says. */
  sofiaStatus(): string;
}

/** One FreeSWITCH: its channels, its events, its variables. */
export class Instance {
  readonly events = new EventBus(randomUUID());
  readonly channels = new Map<string, Channel>();
  readonly globals: Map<string, string>;
  /** mod_hash: `realm/key` to value. */
  readonly hash = new Map<string, string>();
  readonly startedAt = microseconds();
  sessions = 0;
  /** Whether recordings find no room any more. */
  diskFull = false;

  constructor(
    readonly character: Character,
    readonly clock: MediaClock,
    readonly timers: Timers,
    readonly log: Log,
  ) {
    this.globals = new Map(character.globals);
  }

  add(channel: Channel): void {
    this.channels.set(channel.uuid, channel);
    this.sessions++;
    channel.set('session_id', String(this.sessions));
  }

  fire(name: string, channel?: Channel, extra: Headers = {}, subclass = ''): void {
    this.events.fire(
      name,
      () => ({ ...(channel && eventHeaders(name, channel)), ...extra }),
      undefined,
      subclass,
    );
  }

  /** Runs an API command; undefined where there is none of that name. */
  api(name: string, args: string): string | Promise<string> | undefined {
    return commands.get(name)?.(this, args);
  }

  /** Runs an API command inside an expansion or a binding, where none that takes its time can be. */
  apiNow(name: string, args: string): string | undefined {
    const answer = this.api(name, args);
    return typeof answer === 'string' ? answer : undefined;
  }

  /** Runs a line `name arguments`; resolves with what a client of the event socket is told. */
  async answer(line: string): Promise<string> {
    const [name = '', args = ''] = line.split(/ (.*)/s);
    return (await this.api(name, args)) ?? `-ERR ${name} Command not found!\n`;
  }

  /** {@link answer}, meanwhile: BACKGROUND_JOB tells what it came to. */
  background(line: string, id: string): void {
    const [name = '', args] = line.split(/ (.*)/s);
    void this.answer(line).then((body) =>
      this.events.fire(
        'BACKGROUND_JOB',
        () => ({ 'Job-UUID': id, 'Job-Command': name, ...(args && { 'Job-Command-Arg': args }) }),
        body,
      ),
    );
  }

  /** Runs one application on a leg, its data expanded. */
  async execute(
    channel: Channel,
    application: string,
    data: string,
    id: string = randomUUID(),
  ): Promise<void> {
    const run: Application | undefined = applications.get(application);
    if (!run) {
      this.log.warn('unknown application', { application });
      channel.hangup('DESTINATION_OUT_OF_ORDER');
      return;
    }
    const expanded = channel.expand(data);
    channel.set('current_application', application);
    channel.set('current_application_data', expanded);
    const headers = {
      Application: application,
      ...(expanded && { 'Application-Data': expanded }),
      'Application-UUID': id,
    };
    channel.fire('CHANNEL_EXECUTE', headers);
    try {
      await run(channel, expanded);
    } catch (error) {
      this.log.warn('application failed', { application, error: String(error) });
    }
    channel.fire('CHANNEL_EXECUTE_COMPLETE', { ...headers, 'Application-Response': '_none_' });
  }

  /** Lets a leg do what the dialplan says, or what it is redirected to, until it ends or is left to another leg. */
  async run(channel: Channel, actions?: Action[]): Promise<void> {
    channel.running = true;
    let next = actions;
    do {
      const redirect: Channel['redirect'] = channel.redirect;
      channel.redirect = undefined;
      if (redirect && 'leg' in redirect) {
        if (!redirect.leads) {
          channel.running = false;
          channel.wake();
          return;
        }
        await this.#join(channel, redirect.leg);
      } else {
        if (redirect) Object.assign(channel.profile, redirect);
        next ??= this.#route(channel);
        channel.state = 'CS_EXECUTE';
        for (const [application, data] of next) {
          if (!channel.ready) break;
          await this.execute(channel, application, data);
        }
        next = undefined;
      }
      if (channel.ready) channel.hangup('NORMAL_CLEARING');
    } while (!channel.down);
    channel.running = false;
    channel.finish();
  }

  #route(channel: Channel): Action[] {
    channel.state = 'CS_ROUTING';
    const { destination, context } = channel.profile;
    if (channel.direction === 'inbound' && !channel.answered) channel.setCallState('RINGING');
    return this.character.dialplan(channel, destination, context) ?? [['hangup', 'NO_ROUTE_DESTINATION']];
  }

  /** `switch_ivr_uuid_bridge`: both legs have left what they did, and meet. */
  async #join(channel: Channel, other: Channel): Promise<void> {
    while (!other.down && (other.partner ?? other.running)) await other.changed();
    if (channel.down) other.hangup(channel.cause);
    if (other.down) return;
    channel.state = other.state = 'CS_SOFT_EXECUTE';
    for (const [leg, data] of [
      [channel, other.uuid],
      [other, channel.uuid],
    ] as const) {
      leg.fire('CHANNEL_EXECUTE', { Application: 'uuid_bridge', 'Application-Data': data });
    }
    other.redirect = undefined;
    await bridgeLegs(channel, other);
  }
}
