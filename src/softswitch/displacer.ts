import { mix, parseToneStream, type Frame, type ToneStream } from './audio.js';
import type { Channel } from './channel.js';
import type { MediaBug } from './media.js';

/** A tone mixed into what one party hears (`uuid_displace … m`). */
export class Displacer implements MediaBug {
  readonly name = 'displace';
  #from = 0;

  constructor(
    private readonly leg: Channel,
    readonly target: string,
    private readonly tone: ToneStream,
  ) {}

  open(): void {
    const { clock, timers } = this.leg.instance;
    this.#from = clock.frame;
    if (Number.isFinite(this.tone.durationMs)) {
      timers.after(this.tone.durationMs, () => this.leg.media.remove(this));
    }
  }

  close(): void {
    // removing it from the leg is all
  }

  replace(heard: Frame, frame: number): Frame {
    return frame < this.#from ? heard : mix(heard, this.tone.frame(frame - this.#from));
  }
}

/** Starts playing; false where it is no tone stream, or plays already. */
export function startDisplacing(leg: Channel, target: string, flags: string): boolean {
  const tone = parseToneStream(target);
  // only mixing is needed here: without `m` FreeSWITCH takes the other party's voice away
  if (!tone || !flags.includes('m') || leg.down || !leg.mediaUp || displacerOf(leg, target)) return false;
  leg.media.add(new Displacer(leg, target, tone));
  return true;
}

/** Ends it; false where it does not play. */
export function stopDisplacing(leg: Channel, target: string): boolean {
  const bug = displacerOf(leg, target);
  if (bug) leg.media.remove(bug);
  return bug !== undefined;
}

function displacerOf(leg: Channel, target: string): MediaBug | undefined {
  return leg.media.bugs.find((bug) => bug instanceof Displacer && bug.target === target);
}
