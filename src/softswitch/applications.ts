import { parseToneStream } from './audio.js';
import { bridgeLegs, joinLegs } from './bridge.js';
import type { Channel } from './channel.js';
import { dial } from './dial.js';
import type { Target } from './digits.js';
import type { Action } from './instance.js';
import { startRecording, stopRecording } from './recorder.js';
import { brackets, isTrue, separate, urlDecode } from './text.js';

/** What a dialplan, a binding or `sendmsg` executes on a leg; its data is expanded already. */
export type Application = (leg: Channel, data: string) => void | Promise<void>;

function target(text: string | undefined): Target {
  return text === 'peer' || text === 'both' ? text : 'self';
}

/** Does nothing but read digits until the leg is taken elsewhere, or `ms` are over. */
async function wait(leg: Channel, ms?: number): Promise<void> {
  const time = { over: false };
  const timer =
    ms !== undefined &&
    leg.instance.timers.after(ms, () => {
      time.over = true;
      leg.wake();
    });
  while (leg.ready && !time.over) await leg.changed();
  if (timer) timer.cancel();
}

function assign(leg: Channel, data: string): { name: string; value: string } {
  const [name = '', value = ''] = data.split(/=(.*)/s);
  leg.set(name.trim(), value.trim());
  return { name: name.trim(), value: value.trim() };
}

async function bridge(leg: Channel, data: string): Promise<void> {
  const answered = await dial(leg.instance, data, leg);
  if (typeof answered === 'string') {
    leg.set('originate_disposition', answered);
    if (leg.ready && !isTrue(leg.get('continue_on_fail'))) leg.hangup(answered);
    return;
  }
  leg.set('originate_disposition', 'SUCCESS');
  for (const profile of [leg.profile, answered.profile]) {
    profile.calleeName = profile.calleeNumber = answered.profile.destination;
  }
  leg.answer();
  await bridgeLegs(leg, answered, isTrue(leg.get('bypass_media')));
}

/** Takes a call over, that rings or is talked on: whoever was its other party is out of it (`switch_ivr_intercept_session`). */
function intercept(leg: Channel, data: string): void {
  const [first = '', second] = separate(data, ' ');
  const { channels } = leg.instance;
  const named = channels.get(second ?? first);
  const taken = second === undefined ? named : (named?.partner ?? named?.otherLeg?.leg);
  if (!taken || taken.down || taken === leg) return;
  const rung = [...channels.values()].find(({ otherLeg, down }) => otherLeg?.leg === taken && !down);
  const left = taken.partner ?? rung;
  leg.answer();
  taken.answer();
  joinLegs(leg, taken);
  left?.hangup('PICKED_OFF');
}

/** The actions of `<extension> XML [<context>]`, or of `'m:^:app:data^app:data' inline`. */
function extension(leg: Channel, data: string): Action[] {
  const [destination = '', dialplan, context = leg.profile.context] = separate(data, ' ');
  if (dialplan !== 'inline') return leg.instance.character.dialplan(leg, destination, context) ?? [];
  const [, delimiter = ',', list = ''] = /^(?:m:(.):)?(.*)$/s.exec(destination) ?? [];
  return list.split(delimiter).map((action) => {
    const [application = '', argument = ''] = action.split(/:(.*)/s);
    return [application, argument];
  });
}

function event(leg: Channel, data: string): void {
  const headers = Object.fromEntries(
    separate(data, ',').map((field) => {
      const [name = '', value = ''] = field.split(/=(.*)/s);
      return [name.trim(), value.trim()];
    }),
  );
  const { 'Event-Name': name = 'CHANNEL_APPLICATION', 'Event-Subclass': subclass = '', ...rest } = headers;
  leg.fire(name, rest, subclass);
}

/** The applications, each as far as the calls of this switch need it. */
export const applications: ReadonlyMap<string, Application> = new Map<string, Application>([
  ['answer', (leg) => leg.answer()],
  ['bridge', bridge],
  [
    'bind_digit_action',
    (leg, data) => {
      const [realm, digits, what, argument = '', digitsOf, runsOn] = separate(data, ',', 6);
      if (!realm || !digits || !what) return;
      leg.digits.bind(target(digitsOf), realm, digits, { what, argument, target: target(runsOn) });
    },
  ],
  ['bind_meta_app', (leg, data) => void leg.digits.bindMeta(data)],
  [
    'clear_digit_action',
    (leg, data) => {
      const [realm = 'all', of] = data.split(',');
      leg.digits.clear(target(of), realm);
    },
  ],
  [
    'digit_action_set_realm',
    (leg, data) => {
      const [realm = '', of] = data.split(',');
      leg.digits.setRealm(target(of), realm);
    },
  ],
  [
    'echo',
    async (leg) => {
      leg.preAnswer();
      leg.media.source = (frame) => leg.media.received(frame);
      await wait(leg);
      leg.media.source = undefined;
    },
  ],
  // what it is for is the expansion of its data
  ['eval', () => undefined],
  ['event', event],
  [
    'execute_extension',
    async (leg, data) => {
      for (const [application, argument] of extension(leg, data)) {
        await leg.instance.execute(leg, application, argument);
      }
    },
  ],
  [
    'export',
    (leg, data) => {
      const { name } = assign(leg, data);
      const exported = leg.variables.get('export_vars');
      if (!exported?.split(',').includes(name))
        leg.set('export_vars', exported ? `${exported},${name}` : name);
    },
  ],
  ['hangup', (leg, data) => leg.hangup(data || 'NORMAL_CLEARING')],
  ['intercept', intercept],
  [
    'park',
    async (leg) => {
      leg.fire('CHANNEL_PARK');
      leg.digits.reader = () => undefined;
      await wait(leg);
      leg.digits.reader = undefined;
      leg.fire('CHANNEL_UNPARK');
    },
  ],
  [
    'playback',
    async (leg, data) => {
      const tone = parseToneStream(data);
      if (!tone) return;
      leg.preAnswer();
      const from = leg.instance.clock.frame;
      const before = { source: leg.media.source, reader: leg.digits.reader };
      leg.media.source = (frame) => tone.frame(frame - from);
      leg.digits.reader = () => undefined;
      await wait(leg, Number.isFinite(tone.durationMs) ? tone.durationMs : undefined);
      leg.digits.reader = before.reader;
      leg.media.source = before.source;
    },
  ],
  [
    'record_session',
    (leg, data) => {
      const [path = '', ...rest] = data.split(' ');
      const limit = rest[0]?.startsWith('+') ? Number.parseInt(rest.shift()?.slice(1) ?? '0', 10) : 0;
      startRecording(leg, path, limit, brackets(urlDecode(rest.join(' '))).variables);
    },
  ],
  ['ring_ready', (leg) => leg.ring()],
  ['set', (leg, data) => void assign(leg, data)],
  ['sleep', (leg, data) => wait(leg, Number(data))],
  ['stop_record_session', (leg, data) => void stopRecording(leg, data)],
  [
    'transfer',
    (leg, data) => {
      const [destination = '', , context = leg.profile.context] = data.split(' ');
      leg.redirect = { destination, context };
    },
  ],
  ['unset', (leg, data) => leg.set(data, undefined)],
]);
