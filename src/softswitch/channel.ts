import { randomUUID } from 'node:crypto';
import type { Frame } from './audio.js';
import { Digits } from './digits.js';
import { microseconds, type Headers } from './events.js';
import { expand } from './expand.js';
import { channelHeaders } from './headers.js';
import type { Instance } from './instance.js';
import { Media } from './media.js';
import { isTrue } from './text.js';

export type State =
  | 'CS_INIT'
  | 'CS_ROUTING'
  | 'CS_SOFT_EXECUTE'
  | 'CS_EXECUTE'
  | 'CS_EXCHANGE_MEDIA'
  | 'CS_CONSUME_MEDIA'
  | 'CS_HANGUP'
  | 'CS_REPORTING';

/** What is at the other end of a leg: a telephone over SIP, or the other half of a loopback channel. */
export interface Endpoint {
  ring(): void;
  earlyMedia(): void;
  answer(): void;
  hangup(cause: string): void;
  hold(on: boolean): void;
  sendDigit(digit: string, durationMs: number): void;
  /** Asks the other end to call `target` instead; `replaces` is the Call-ID of the call to take over. */
  refer(target: string, replaces: string | undefined): void;
  /** The frame that comes from there; undefined where none does. */
  receive(frame: number): Frame | undefined;
}

/** Who calls whom, as a leg sees it. */
export interface Profile {
  username: string;
  callerName: string;
  callerNumber: string;
  calleeName: string;
  calleeNumber: string;
  destination: string;
  context: string;
}

/** Where a leg goes that is taken out of what it is doing. */
export type Redirect = { destination: string; context: string } | { leg: Channel; leads: boolean };

/** The moments of a leg's life, in microseconds since the epoch; 0 where it had none. */
interface Times {
  created: number;
  answered: number;
  bridged: number;
  hangup: number;
  lastHold: number;
  holdAccum: number;
}

/** A leg: its identity, variables and state, and the audio that passes through it. */
export class Channel {
  readonly uuid: string;
  readonly variables = new Map<string, string>();
  readonly media: Media = new Media(this);
  readonly digits: Digits = new Digits(this);
  readonly times: Times = {
    created: microseconds(),
    answered: 0,
    bridged: 0,
    hangup: 0,
    lastHold: 0,
    holdAccum: 0,
  };
  endpoint: Endpoint | undefined;
  state: State = 'CS_INIT';
  callState = 'DOWN';
  answerState: 'ringing' | 'early' | 'answered' | 'hangup' = 'ringing';
  /** The call's leg that was there first. */
  callUuid: string;
  cause = '';
  redirect: Redirect | undefined;
  partner: Channel | undefined;
  /** Who called this leg or was called by it, as long as either lives; may be stale after transfers. */
  otherLeg: { type: 'originator' | 'originatee'; leg: Channel } | undefined;
  running = false;
  #private: Promise<void> = Promise.resolve();
  #wakers: (() => void)[] = [];
  #locks = 0;
  #finished = false;

  constructor(
    readonly instance: Instance,
    readonly name: string,
    readonly direction: 'inbound' | 'outbound',
    readonly profile: Profile,
    variables: Iterable<readonly [string, string]>,
  ) {
    const set = new Map([['direction', direction], ...variables]);
    this.uuid = set.get('origination_uuid') ?? randomUUID();
    this.callUuid = this.uuid;
    this.media.codecKnown = direction === 'inbound';
    for (const [name, value] of set) this.variables.set(name, value);
    this.set('uuid', this.uuid);
    this.set('channel_name', name);
    instance.add(this);
  }

  get down(): boolean {
    return this.cause !== '';
  }

  get answered(): boolean {
    return this.times.answered > 0;
  }

  get mediaUp(): boolean {
    return this.answered || this.answerState === 'early';
  }

  /** `switch_channel_ready`: neither hung up nor on its way elsewhere. */
  get ready(): boolean {
    return !this.down && !this.redirect;
  }

  /** A channel variable, something of the caller's profile, or a global variable of that name. */
  get(name: string): string | undefined {
    return this.variables.get(name) ?? this.#ofProfile(name) ?? this.instance.globals.get(name);
  }

  #ofProfile(name: string): string | undefined {
    switch (name) {
      case 'destination_number':
        return this.profile.destination;
      case 'caller_id_name':
        return this.profile.callerName;
      case 'caller_id_number':
        return this.profile.callerNumber;
      default:
        return undefined;
    }
  }

  /** Sets a variable; nothing and the empty text remove it. */
  set(name: string, value: string | undefined): void {
    if (value === undefined || value === '') this.variables.delete(name);
    else this.variables.set(name, value);
  }

  expand(text: string): string {
    return expand(text, {
      variable: (name) => this.get(name),
      api: (name, args) => this.instance.apiNow(name, args),
    });
  }

  /** What an event says of this leg, variables included. */
  headers(): Headers {
    return channelHeaders(this, true);
  }

  fire(name: string, extra: Headers = {}, subclass = ''): void {
    this.instance.fire(name, this, extra, subclass);
  }

  setCallState(state: string): void {
    if (this.callState === state) return;
    const before = this.callState;
    this.callState = state;
    this.fire('CHANNEL_CALLSTATE', { 'Original-Channel-Call-State': before });
  }

  /** Tells the caller that it rings. */
  ring(): void {
    if (this.down || this.mediaUp) return;
    this.fire('CHANNEL_PROGRESS');
    this.endpoint?.ring();
  }

  /** Lets a caller hear and be heard before the answer (`switch_channel_pre_answer`). */
  preAnswer(): void {
    if (this.down || this.mediaUp || this.direction === 'outbound') return;
    this.markEarly();
    this.endpoint?.earlyMedia();
  }

  /** Answers a leg that called the switch. */
  answer(): void {
    if (this.down || this.answered || this.direction === 'outbound') return;
    this.markAnswered();
    this.endpoint?.answer();
  }

  /** The other end answered, or this one did. */
  markAnswered(): void {
    if (this.down || this.answered) return;
    this.instance.clock.catchUp();
    this.times.answered = microseconds();
    this.answerState = 'answered';
    this.media.codecKnown ||= !isTrue(this.otherLeg?.leg.get('bypass_media'));
    this.fire('CHANNEL_ANSWER');
    this.setCallState('ACTIVE');
    this.wake();
  }

  /** Audio passes before the answer. */
  markEarly(): void {
    if (this.down || this.mediaUp) return;
    this.instance.clock.catchUp();
    this.answerState = 'early';
    this.fire('CHANNEL_PROGRESS_MEDIA');
    this.setCallState('EARLY');
    this.wake();
  }

  /** The other end rings. */
  markRinging(): void {
    if (this.down || this.answered) return;
    this.fire('CHANNEL_PROGRESS');
    this.setCallState('RINGING');
    this.wake();
  }

  /** Puts the party at the other end on hold, or takes the call back. */
  hold(on: boolean): void {
    this.markHeld(on);
    this.endpoint?.hold(on);
  }

  /** The party at the other end holds the call, or takes it back. */
  markHeld(on: boolean): void {
    if (this.down || this.media.held === on) return;
    this.instance.clock.catchUp();
    this.media.held = on;
    if (on) this.times.lastHold = microseconds();
    else this.times.holdAccum += microseconds() - this.times.lastHold;
    this.setCallState(on ? 'HELD' : 'UNHELD');
    this.fire(on ? 'CHANNEL_HOLD' : 'CHANNEL_UNHOLD');
    if (!on) this.setCallState('ACTIVE');
  }

  /** Ends the leg. What it is doing ends first, and {@link finish} follows. */
  hangup(cause: string): void {
    if (this.down) return;
    this.instance.clock.catchUp();
    if (this.media.held) this.markHeld(false);
    this.cause = cause;
    this.times.hangup = microseconds();
    this.answerState = 'hangup';
    this.set('hangup_cause', cause);
    this.fire('CHANNEL_HANGUP');
    this.endpoint?.hangup(cause);
    if (this.redirect && 'leg' in this.redirect) this.redirect.leg.hangup(cause);
    this.wake();
    if (!this.running) this.finish();
  }

  /** What follows once a leg that is down does nothing any more. */
  finish(): void {
    this.state = 'CS_HANGUP';
    this.media.close();
    this.setCallState('HANGUP');
    this.state = 'CS_REPORTING';
    this.fire('CHANNEL_HANGUP_COMPLETE');
    this.digits.close();
    this.#finished = true;
    this.#destroy();
  }

  /** Keeps a leg that hangs up from being destroyed until the function returned is called. */
  lock(): () => void {
    this.#locks++;
    return () => {
      this.#locks--;
      this.#destroy();
    };
  }

  #destroy(): void {
    if (!this.#finished || this.#locks > 0 || !this.instance.channels.delete(this.uuid)) return;
    this.fire('CHANNEL_DESTROY');
  }

  /** Takes the leg out of what it is doing and sends it elsewhere. */
  redirectTo(redirect: Redirect): void {
    this.redirect = redirect;
    this.wake();
    // one that only takes part in a bridge is run by that when it ends
    if (!this.running && !this.partner) void this.instance.run(this);
  }

  /** Resolves at the next change of this leg: answer, hangup, redirection. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#wakers.push(resolve));
  }

  wake(): void {
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const wake of wakers) wake();
  }

  /** Runs work that came from outside (`sendmsg`, a broadcast) beside what the leg is doing, in order. */
  queue(work: () => void | Promise<void>): void {
    this.#private = this.#private.then(() => (this.down ? undefined : work()));
  }
}
