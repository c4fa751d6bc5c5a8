import { FRAME_MS, mix, parseToneStream, type Frame, type ToneStream } from './audio.js';
import type { Channel } from './channel.js';
import type { MediaBug } from './media.js';

/**
 * A tone mixed into what one party hears (`uuid_displace … m`). It goes on only while something is written to the
 * party at all: on a leg that is parked it waits, as in FreeSWITCH.
 */
class Displacer implements MediaBug {
  readonly name = 'displace';
  #played = 0;
  #lastFrame = -1;

  constructor(
    private readonly leg: Channel,
    readonly target: string,
    private readonly tone: ToneStream,
  ) {}

  open(): void {
    this.leg.instance.clock.add(this.#onFrame);
  }

  close(): void {
    this.leg.instance.clock.remove(this.#onFrame);
  }

  replace(heard: Frame, frame: number): Frame {
    // whoever else takes this frame may come before or after it is counted
    const offset = frame === this.#lastFrame ? this.#played - 1 : this.#played;
    return this.#isOver(offset) ? heard : mix(heard, this.tone.frame(offset));
  }

  #onFrame = (frame: number): void => {
    if (this.#isOver(this.#played)) this.leg.media.remove(this);
    else if (this.leg.media.written(frame, this)) {
      this.#played++;
      this.#lastFrame = frame;
    }
  };

  #isOver(offset: number): boolean {
    return offset * FRAME_MS >= this.tone.durationMs;
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
