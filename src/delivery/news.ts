/**
 * Has told what happens to recordings: of one recording in order, and each thing until it is told, also after a crash.
 */
import type { Logger } from 'winston';
import type { RecordingEvent } from '../recording/events.js';
import { Turns } from '../turns.js';
import { SHORTEST_MS } from './attempts.js';
import type { Clock } from './clock.js';

export interface NewsOptions {
  /** What keeps events from before the recording is stored until they are told. */
  recordings: {
    /** Of each recording in order. */
    untold(isOurs: (switchId: string) => boolean): Promise<RecordingEvent[]>;
    told(event: RecordingEvent): Promise<void>;
  };
  /** Resolves when all that is to be sent of an event is stored; a second time does no harm. */
  tell: (event: RecordingEvent) => Promise<void>;
  /** Whether this instance tells what happens on a switch; none given: everything. */
  isOurs?: ((switchId: string) => boolean) | undefined;
  clock: Clock;
  log: Logger;
}

export class News {
  private readonly queues = new Map<string, RecordingEvent[]>();
  private readonly turns = new Turns();
  private cancelRetry: (() => void) | undefined;

  constructor(private readonly options: NewsOptions) {}

  /** Goes on with what nobody has lived to tell. */
  async start(): Promise<void> {
    const { recordings, isOurs = () => true } = this.options;
    for (const event of await recordings.untold(isOurs)) {
      const isQueued = this.queues.get(event.recording.id)?.some(({ id }) => id === event.id);
      if (!isQueued) await this.take(event);
    }
  }

  /** Resolves when it is told, or cannot be just now, and will be. Never rejects. */
  take(event: RecordingEvent): Promise<void> {
    const { id } = event.recording;
    const queue = this.queues.get(id) ?? [];
    queue.push(event);
    this.queues.set(id, queue);
    return this.tellAll(id);
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    return this.turns.idle();
  }

  /** What could not be told is told after the next start. */
  async close(): Promise<void> {
    await this.turns.idle();
    this.cancelRetry?.();
  }

  private tellAll(recording: string): Promise<void> {
    const { recordings, tell, clock, log } = this.options;
    return this.turns.take(recording, async () => {
      const queue = this.queues.get(recording) ?? [];
      try {
        for (let event = queue[0]; event; event = queue[0]) {
          await tell(event);
          await recordings.told(event);
          queue.shift();
        }
        this.queues.delete(recording);
      } catch (error) {
        log.error('an event could not be told, and will be tried again', { recording, error });
        this.cancelRetry ??= clock.after(SHORTEST_MS, () => {
          this.cancelRetry = undefined;
          for (const each of this.queues.keys()) void this.tellAll(each);
        });
      }
    });
  }
}
