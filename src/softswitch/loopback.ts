import type { Channel, Endpoint } from './channel.js';
import type { Frame } from './audio.js';
import { joinLegs } from './bridge.js';

/** How long after the answer a loopback channel takes itself out, in milliseconds (seen: two seconds). */
export const LOOPBACK_LEAVES_AFTER_MS = 2000;

/** One half of a loopback channel: what happens to it happens to the other half. */
export class LoopbackEnd implements Endpoint {
  constructor(private readonly other: () => Channel) {}

  ring(): void {
    this.other().markRinging();
  }

  earlyMedia(): void {
    this.other().markEarly();
  }

  answer(): void {
    this.other().markAnswered();
  }

  hangup(cause: string): void {
    this.other().hangup(cause);
  }

  hold(): void {
    // a loopback channel has no party that could hold
  }

  sendDigit(digit: string, durationMs: number): void {
    this.other().digits.receive({ digit, durationMs, source: 'RTP', skip: false });
  }

  refer(): void {
    // nor one that could transfer
  }

  receive(frame: number): Frame | undefined {
    return this.other().media.written(frame);
  }
}

/** Joins the two real legs on both sides of a loopback channel, which ends. */
export function leaveLoopback(a: Channel, b: Channel): void {
  const caller = a.partner;
  const callee = b.partner;
  if (!caller || !callee || a.down || b.down) return;
  joinLegs(caller, callee);
  a.hangup('NORMAL_CLEARING');
}
