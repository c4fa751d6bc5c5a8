import { randomUUID } from 'node:crypto';
import type { Channel, Endpoint } from './channel.js';
import type { Frame } from './audio.js';
import { referred } from './refer.js';
import type { Timers } from './timers.js';

/** What an INVITE says. */
export interface Invite {
  /** The user part of the address called. */
  to: string;
  /** The user part of From, and the caller id that goes with it. */
  from: { user: string; name: string; number: string };
  /** Whom the directory has authenticated; nobody where a carrier calls. */
  authenticated: string | undefined;
  callId: string;
  /** Headers `X-…`. */
  headers: ReadonlyMap<string, string>;
}

/** Takes a call in: makes the leg and lets it run, or refuses with a hangup cause. */
export type Accept = (invite: Invite, end: Endpoint) => Channel | string;

/** One end of a SIP dialog between two instances: what a leg does to it happens to the leg at the other end. */
class TrunkEnd implements Endpoint {
  leg: Channel | undefined;
  other: TrunkEnd = this;

  constructor(private readonly timers: Timers) {}

  ring(): void {
    this.#tell((leg) => leg.markRinging());
  }

  earlyMedia(): void {
    this.#tell((leg) => leg.markEarly());
  }

  answer(): void {
    this.#tell((leg) => leg.markAnswered());
  }

  hangup(cause: string): void {
    // the far end learns that it was transferred from the new call alone
    this.#tell((leg) => leg.hangup(cause === 'BLIND_TRANSFER' ? 'NORMAL_CLEARING' : cause));
  }

  hold(on: boolean): void {
    this.#tell((leg) => leg.markHeld(on));
  }

  sendDigit(digit: string, durationMs: number): void {
    const leg = this.other.leg;
    if (leg?.media.bypass) leg.partner?.endpoint?.sendDigit(digit, durationMs);
    else leg?.digits.receive({ digit, durationMs, source: 'RTP', skip: false });
  }

  refer(target: string, replaces: string | undefined): void {
    this.#tell((leg) => referred(leg, target, replaces));
  }

  receive(frame: number): Frame | undefined {
    return this.other.leg?.media.transmitted(frame);
  }

  /** A message takes its time on the wire, so nothing happens to the far leg within a command on the near one. */
  #tell(what: (leg: Channel) => void): void {
    this.timers.after(0, () => {
      const leg = this.other.leg;
      if (leg && !leg.down) what(leg);
    });
  }
}

/** Calls the other instance: `leg` gets its endpoint, and a Call-ID that the leg over there has too. */
export function invite(leg: Channel, call: Omit<Invite, 'callId'>, accept: Accept): void {
  const { timers } = leg.instance;
  const near = new TrunkEnd(timers);
  const far = new TrunkEnd(timers);
  near.other = far;
  far.other = near;
  near.leg = leg;
  leg.endpoint = near;
  const callId = randomUUID();
  leg.set('sip_call_id', callId);
  timers.after(0, () => {
    if (leg.down) return;
    const accepted = accept({ ...call, callId }, far);
    if (typeof accepted === 'string') leg.hangup(accepted);
    else far.leg = accepted;
  });
}
