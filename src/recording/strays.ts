/**
 * Recorders of ours that the switch moved to another leg by itself: no path leads to them there, and nothing but `stop all`
 * ends them (freeswitch.md), which ends everybody's on that leg. Those go on, each appended to its own file.
 */
import type { Leg } from '../calls/calls.js';
import { isMetaflowsError } from '../errors.js';
import { buglist, parseBuglist, record, recordSilent, type ApiCommand } from '../switch/commands.js';
import type { Active, ActiveRecordings } from './active.js';
import { isAdopted } from './document.js';
import { isOk } from './segments.js';
import type { RecorderOptions } from './ports.js';

export class Strays {
  /** Paths of recorders of others that are begun again: their RECORD_STOP is no end. */
  private readonly resuming = new Set<string>();
  /** Paths of recorders of ours that had to be ended with them. */
  private readonly taken = new Set<string>();

  constructor(
    private readonly options: RecorderOptions,
    private readonly recordings: ActiveRecordings,
    private readonly pathOf: (active: Active) => string,
    /** Whether what records the leg is to be masked. */
    private readonly isMasked: (leg: Leg) => boolean,
  ) {}

  /** Ends the recorder that was moved to `leg`, unless it has been; rejects with a MetaflowsError. */
  async end(leg: Leg, path: string): Promise<void> {
    const port = this.options.switchOf(leg.switchId);
    const [bugs = ''] = await port.apis(leg.callId, [buglist(leg.uuid)]);
    const paths = parseBuglist(bugs)
      .filter((bug) => bug.function === 'session_record')
      .map(({ target }) => target);
    if (!paths.includes(path)) return;
    const ours = [...this.recordings.all()].filter(({ doc }) => !isAdopted(doc));
    const beside = ours.filter(({ doc }) => doc.internal.leg === leg.uuid).map(this.pathOf);
    const all = [path, ...ours.map(this.pathOf)];
    const others = paths.filter((each) => !all.includes(each));
    const taken = beside.filter((each) => paths.includes(each));
    const stopAll = { command: 'uuid_record', args: `${leg.uuid} stop all` };
    for (const each of taken) this.taken.add(each);
    for (const other of others) this.resuming.add(other);
    const stay = () => {
      for (const each of [...taken, ...others]) this.forget(each);
    };
    const replies = await port
      .apis(leg.callId, [stopAll, ...others.map((other) => this.resume(leg, other))])
      .catch((error: unknown) => {
        // What timed out is carried out all the same when the switch comes to it.
        if (!isMetaflowsError(error, 'switch_timeout')) stay();
        throw error;
      });
    if (!isOk(replies[0])) {
      stay();
      this.options.log.error('a recorder that the switch moved could not be ended', { leg: leg.uuid });
    } else if (!replies.slice(1).every(isOk)) {
      this.options.log.error('a recorder of others could not be begun again', { leg: leg.uuid });
    }
  }

  /** Whether the recorder at `path` has stopped only to be begun again; asked once for each stop. */
  resumes(path: string): boolean {
    return this.resuming.delete(path);
  }

  /** Whether the recorder at `path`, of a recording that goes on, had to be ended; asked once for each stop. */
  took(path: string): boolean {
    return this.taken.delete(path);
  }

  /** What was to stop at `path` has, unheard, or does not any more. */
  forget(path: string): void {
    this.taken.delete(path);
    this.resuming.delete(path);
  }

  private resume(leg: Leg, path: string): ApiCommand {
    const options = { variables: { RECORD_APPEND: 'true' } };
    if (this.isMasked(leg)) return recordSilent('mask', leg.uuid, path, options);
    return record('start', leg.uuid, path, options);
  }
}
