/** Tells the party of one leg, and nobody else, what came of a code: a short tone mixed over the conversation. */
import type { Logger } from 'winston';
import type { Tones } from '../generated/configuration.js';
import { displace, type ApiCommand } from '../switch/commands.js';
import type { Leg } from './calls.js';

export type Tone = 'done' | 'refused' | 'failed' | 'warning';

export class Feedback {
  private played = 0;

  constructor(
    private readonly tones: Required<Tones>,
    private readonly switchOf: (id: string) => {
      apis(key: string, commands: ApiCommand[]): Promise<string[]>;
    },
    private readonly log: Logger,
  ) {}

  /** Plays a tone to the leg's party; a tone that cannot be played disturbs nothing. */
  async play(leg: Leg, tone: Tone): Promise<void> {
    const sound = this.tones[tone];
    if (!sound || leg.down) return;
    // One file plays once at a time on a leg (`switch_ivr_async.c`), so two tones in a row differ by their name.
    this.played = (this.played + 1) % 1000;
    const file = `tone_stream://metaflows=${this.played};${sound}`;
    try {
      await this.switchOf(leg.switchId).apis(leg.callId, [displace(leg.uuid, file)]);
    } catch (error) {
      this.log.warn('a tone could not be played', { leg: leg.uuid, tone, error });
    }
  }
}
