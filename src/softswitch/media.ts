import { FILL, type Frame } from './audio.js';
import type { Channel } from './channel.js';

/** Something that sits on a leg's audio (`switch_core_media_bug`). */
export interface MediaBug {
  readonly name: 'session_record' | 'displace';
  readonly target: string;
  open(): void;
  close(): void;
  /** Changes what the party hears. */
  replace?(heard: Frame, frame: number): Frame;
}

/** The audio of one leg: computed only for who records or listens, frame by frame. */
export class Media {
  readonly bugs: MediaBug[] = [];
  /** The audio goes past the switch. */
  bypass = false;
  /** Whether the switch knows how the party's audio is coded; what has never come past it, it does not. */
  codecKnown = false;
  /** The call is on hold, by the party at the other end or from here; no audio passes then. */
  held = false;
  /** What the party hears, before any media bug. */
  source: ((frame: number) => Frame | undefined) | undefined;

  constructor(private readonly leg: Channel) {}

  add(bug: MediaBug): void {
    this.leg.instance.clock.catchUp();
    this.bugs.push(bug);
    bug.open();
    this.#fire('MEDIA_BUG_START', bug);
  }

  remove(bug: MediaBug): void {
    this.leg.instance.clock.catchUp();
    const index = this.bugs.indexOf(bug);
    if (index < 0) return;
    this.bugs.splice(index, 1);
    bug.close();
    this.#fire('MEDIA_BUG_STOP', bug);
  }

  /** Lets a bug go on on another leg. */
  give(bug: MediaBug, other: Media): void {
    this.leg.instance.clock.catchUp();
    this.bugs.splice(this.bugs.indexOf(bug), 1);
    other.bugs.push(bug);
    other.#fire('MEDIA_BUG_START', bug);
    this.#fire('MEDIA_BUG_STOP', bug);
  }

  close(): void {
    for (const bug of [...this.bugs]) this.remove(bug);
  }

  /** What the leg's party says, also when that is nothing; undefined while its audio does not pass here. */
  received(frame: number): Frame | undefined {
    if (this.bypass || this.held || !this.leg.mediaUp) return undefined;
    return this.leg.endpoint?.receive(frame) ?? FILL;
  }

  /** What is written to the leg's party, up to where `before` sits. */
  written(frame: number, before?: MediaBug): Frame | undefined {
    if (this.held || !this.leg.mediaUp) return undefined;
    let heard = this.source?.(frame);
    for (const bug of this.bugs) {
      if (heard === undefined || bug === before) break;
      heard = bug.replace?.(heard, frame) ?? heard;
    }
    return heard;
  }

  /** What goes out on the wire: a digit takes the place of the audio, and a recording there is filled up. */
  transmitted(frame: number): Frame | undefined {
    return this.leg.digits.sendingAt(frame) ? FILL : this.written(frame);
  }

  #fire(name: string, { name: what, target }: MediaBug): void {
    this.leg.fire(name, { 'Media-Bug-Function': what, 'Media-Bug-Target': target });
  }
}
