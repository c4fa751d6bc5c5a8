import { MetaflowsError } from '../errors.js';
import { parseToneStream } from './audio.js';
import type { Channel } from './channel.js';
import { dial } from './dial.js';
import { parseDigits } from './digits.js';
import type { FiredEvent } from './events.js';
import type { Instance } from './instance.js';
import { USERS } from './pbx.js';
import { toneOf } from './phones.js';

/** How long each key is pressed, in milliseconds. */
const KEY_MS = 100;
/** How long after the last key a telephone is listened to, in milliseconds: feedback takes its time. */
const LISTEN_MS = 1500;

/** The telephones for whoever uses them by hand; each method resolves with a sentence that says what happened. */
export class Handsets {
  constructor(
    private readonly phones: Instance,
    private readonly switchboard: Instance,
  ) {}

  /** A telephone calls a number and waits for an answer. */
  async call(from: string, to: string): Promise<string> {
    this.#known(from);
    const leg = await dial(
      this.phones,
      `{origination_caller_id_name=Extension ${from},origination_caller_id_number=${from}}sofia/gateway/${from}/${to}`,
    );
    if (typeof leg === 'string') throw new MetaflowsError('phone_refused', `${to}: ${leg}`);
    void this.phones.run(leg, [['playback', `tone_stream://v=-13;%(1000,0,${toneOf(from)});loops=-1`]]);
    return `${from} talks to ${to}`;
  }

  /** A telephone presses keys, and listens for what is played to it alone. */
  async press(user: string, keys: string): Promise<string> {
    const leg = this.#leg(user);
    const digits = parseDigits(`${keys}@${KEY_MS}`);
    if (!digits) throw new MetaflowsError('phone_refused', 'no key of a telephone among them');
    const heard: number[] = [];
    const stop = this.switchboard.events.listen({
      wants: (name) => name === 'MEDIA_BUG_START',
      take: (event) => heard.push(...frequencies(event, leg)),
    });
    for (const digit of digits) leg.digits.send(digit);
    await this.#pass(leg.digits.sendingForMs + LISTEN_MS);
    stop();
    return heard.length > 0
      ? `${user} pressed its keys and heard ${heard.join(', ')} Hz`
      : `${user} pressed its keys and heard no tone`;
  }

  /** A telephone transfers its other party, and this waits until that one talks to the third, or does not. */
  async transfer(user: string, to: string): Promise<string> {
    const leg = this.#leg(user);
    const own = [...this.switchboard.channels.values()].find(
      (one) => one.get('sip_call_id') === leg.get('sip_call_id'),
    );
    const other = own?.partner;
    if (!other) throw new MetaflowsError('phone_refused', `${user} talks to nobody`);
    const outcome = new Promise<string>((resolve) => {
      const stop = this.switchboard.events.listen({
        wants: (name) => name === 'CHANNEL_BRIDGE' || name === 'CHANNEL_HANGUP',
        take: ({ headers }) => {
          const bridged = [headers['Bridge-A-Unique-ID'], headers['Bridge-B-Unique-ID']].includes(other.uuid);
          if (!bridged && headers['Unique-ID'] !== other.uuid) return;
          stop();
          resolve(bridged ? '' : (headers['Hangup-Cause'] ?? ''));
        },
      });
    });
    leg.endpoint?.refer(to, undefined);
    leg.hangup('BLIND_TRANSFER');
    const refused = await outcome;
    if (refused) throw new MetaflowsError('phone_refused', `${to}: ${refused}`);
    return `${user} transferred its call to ${to}`;
  }

  hold(user: string): Promise<string> {
    return this.#act(user, (leg) => {
      leg.hold(true);
      return `${user} holds its call`;
    });
  }

  unhold(user: string): Promise<string> {
    return this.#act(user, (leg) => {
      leg.hold(false);
      return `${user} took its call back`;
    });
  }

  hangup(user: string): Promise<string> {
    return this.#act(user, (leg) => {
      leg.hangup('NORMAL_CLEARING');
      return `${user} hung up`;
    });
  }

  /** Does it on the telephone's leg, and waits until the PBX has learned of it. */
  async #act(user: string, what: (leg: Channel) => string): Promise<string> {
    const happened = what(this.#leg(user));
    await this.#pass(1);
    return happened;
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => this.phones.timers.after(ms, resolve));
  }

  #known(user: string): void {
    if (!USERS.includes(user)) throw new MetaflowsError('no_such_phone', `${user}; there are 1001 to 1020`);
  }

  /** The newest call of a telephone. */
  #leg(user: string): Channel {
    this.#known(user);
    const leg = [...this.phones.channels.values()]
      .reverse()
      .find(
        (one) => !one.down && one.answered && (one.get('sip_gateway') ?? one.get('sip_req_user')) === user,
      );
    if (!leg) throw new MetaflowsError('phone_idle', user);
    return leg;
  }
}

/** What a media bug that has started on the far end of a telephone's leg plays to it, in Hz. */
function frequencies({ headers }: FiredEvent, leg: Channel): number[] {
  const own = headers.variable_sip_call_id === leg.get('sip_call_id');
  return (own && parseToneStream(headers['Media-Bug-Target'] ?? '')?.frequencies) || [];
}
