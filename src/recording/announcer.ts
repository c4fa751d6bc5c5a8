/**
 * What the parties of a recorded call hear of it, mixed over the conversation: an account's consent, at the start and for
 * whoever joins, and beeps. Those of adopted recordings hear nothing: whoever started one has told them.
 */
import type { Logger } from 'winston';
import type { Calls, Leg } from '../calls/calls.js';
import type { Consent } from '../generated/call_recording.js';
import { displace, type ApiCommand } from '../switch/commands.js';
import { hasRecorder, type Active } from './active.js';
import { isAdopted } from './document.js';
import { isOk, type RecordingSwitch } from './segments.js';

export interface AnnouncerOptions {
  calls: Calls;
  switchOf: (id: string) => RecordingSwitch;
  /** What the recorded calls of an account hear. */
  consentOf: (account: string) => Consent | undefined;
  /** The beep, as a tone_stream; empty: none. */
  beep: string;
  /** The folder of the files that accounts may play, as the switch sees it. */
  soundsDir: string;
  log: Logger;
}

export class Announcer {
  constructor(private readonly options: AnnouncerOptions) {}

  /**
   * Lets the parties of the call hear a beep. Written in one piece with a recorder's start, and before it, it is in the
   * recording (seen): the switch then hands the recorder what the party hears, beep included.
   */
  beep(leg: Leg): ApiCommand[] {
    const { calls, beep } = this.options;
    return beep ? heard(calls.partiesOf(leg)).map(({ uuid }) => displace(uuid, `tone_stream://${beep}`)) : [];
  }

  /** Tells the parties of these legs that they are recorded. */
  async inform(active: Active, legs: Leg[]): Promise<void> {
    const { consentOf, soundsDir } = this.options;
    const play = isAdopted(active.doc) ? undefined : consentOf(active.doc.account_id)?.play;
    if (play === undefined) return;
    const file = play.startsWith('tone_stream://') ? play : `${soundsDir}/${play}`;
    await this.play(
      active,
      heard(legs).map(({ uuid }) => displace(uuid, file)),
    );
  }

  /** Repeats the beep for as long as the recording runs, where the account says so. */
  arm(active: Active): void {
    const seconds = isAdopted(active.doc)
      ? undefined
      : this.options.consentOf(active.doc.account_id)?.beep_interval;
    if (seconds === undefined) return;
    active.beep ??= setInterval(() => {
      const leg = this.options.calls.get(active.doc.internal.leg);
      if (leg && hasRecorder(active)) void this.play(active, this.beep(leg));
    }, seconds * 1000);
  }

  private async play({ doc }: Active, commands: ApiCommand[]): Promise<void> {
    const { switchOf, log } = this.options;
    try {
      const replies = await switchOf(doc.internal.switch).apis(doc.internal.leg, commands);
      const refused = replies.find((reply) => !isOk(reply));
      if (refused !== undefined)
        log.warn('a party was not told of a recording', { recording: doc.id, reply: refused });
    } catch (error) {
      log.warn('a party was not told of a recording', { recording: doc.id, error });
    }
  }
}

/** Those whose party hears something; a displaced file would answer a leg that rings (`switch_ivr_displace_session`). */
function heard(legs: Leg[]): Leg[] {
  return legs.filter(({ answered, down }) => answered && !down);
}
