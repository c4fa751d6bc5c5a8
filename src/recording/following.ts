/**
 * A recording follows its call: when the leg that carries it leaves and another of its parties goes on, it waits for that
 * one to talk to somebody again, and goes on in a new segment, masked where it was.
 *
 *   segment runs ──its leg leaves, another party is up──► gap ──a party that is left is bridged──► segment runs
 *        │                                                 │
 *        └────────── stopped, or nobody is left ───────────┴──► finished
 */
import type { Calls, Leg } from '../calls/calls.js';
import type { RecordCallData } from '../generated/record_call.js';
import type { RecordingDocument } from '../generated/recording.js';
import { hasRecorder, type Active, type ActiveRecordings } from './active.js';
import type { Announcer } from './announcer.js';
import { currentFile, isAdopted } from './document.js';
import { segmentFile } from './files.js';
import type { Finisher, Stopped } from './finisher.js';
import type { Limits } from './limits.js';
import type { RecorderOptions } from './ports.js';
import type { Segments } from './segments.js';
import type { Strays } from './strays.js';
import { offsetAt, segmentEnded, segmentStarted } from './state.js';

/** CHANNEL_HANGUP and RECORD_STOP may swap (freeswitch.md): how long to wait for the one to explain the other. */
const HANGUP_MS = 300;

export interface FollowingParts {
  calls: Calls;
  recordings: ActiveRecordings;
  segments: Segments;
  strays: Strays;
  finisher: Finisher;
  limits: Limits;
  announcer: Announcer;
  options: RecorderOptions;
  now: (switchId: string) => number;
  /** Stores the document. */
  keep: (active: Active, doc: RecordingDocument) => Promise<void>;
  /** Gives the legs of the call what their mask codes need. */
  prepare: (active: Active, key: string) => Promise<void>;
  /** The leg talks elsewhere now: its mask codes mask the recording no more. */
  left: (uuid: string) => Promise<void>;
  /** Runs in the turn of the legs' call. */
  turn: (uuids: string[], work: () => Promise<void>) => Promise<void>;
}

export class Following {
  /** Segments that have stopped and nobody said why yet. */
  private readonly unexplained = new Map<Active, { timer: NodeJS.Timeout; stopped: Stopped }>();

  constructor(private readonly parts: FollowingParts) {}

  /** RECORD_STOP came for the segment that runs. */
  stopped(active: Active, stopped: Stopped): void {
    const { calls, finisher } = this.parts;
    if (finisher.expects(active)) {
      void finisher.finish(active, 'hangup', stopped);
    } else if (calls.get(active.doc.internal.leg)?.down ?? true) {
      this.segmentOver(active, stopped);
    } else {
      const timer = setTimeout(() => {
        this.unexplained.delete(active);
        this.stoppedBySwitch(active, stopped);
      }, HANGUP_MS);
      this.unexplained.set(active, { timer, stopped });
    }
  }

  /** A party hung up. */
  legDown(active: Active, uuid: string): void {
    const waiting = this.unexplained.get(active);
    if (uuid === active.doc.internal.leg && waiting) {
      clearTimeout(waiting.timer);
      this.unexplained.delete(active);
      this.segmentOver(active, waiting.stopped);
    } else if (!hasRecorder(active) && this.survivors(active).length === 0) {
      void this.parts.finisher.finish(active, 'hangup', undefined);
    }
  }

  /** A party is gone: if it carried the recorder, its RECORD_STOP has come or will not come any more. */
  legGone(active: Active, uuid: string): void {
    this.legDown(active, uuid);
    const runs = this.parts.recordings.get(active.doc.id) === active && hasRecorder(active);
    if (runs && uuid === active.doc.internal.leg) this.segmentOver(active, undefined);
  }

  /**
   * The switch moved a recorder to another leg by itself: it is ended (`strays.ts`), and a new segment begun on that leg.
   * Somebody else's alone is left as it is; masking it then fails, and is told.
   */
  moved(uuid: string, target: string, pathOf: (active: Active) => string): void {
    const { recordings, calls, strays, now } = this.parts;
    const leg = calls.get(uuid);
    for (const active of recordings.all()) {
      if (!leg || pathOf(active) !== target || active.doc.internal.leg === uuid || !hasRecorder(active))
        continue;
      const parties = [...new Set([...active.doc.internal.parties, uuid])];
      if (isAdopted(active.doc)) {
        const internal = { ...active.doc.internal, parties, leg: uuid };
        this.attempt(active, () => this.parts.keep(active, { ...active.doc, internal }));
        continue;
      }
      const doc = segmentEnded(active.doc, now(leg.switchId));
      // Who was of the call before keeps its side; the leg that the recorder came to counts where nobody else is left.
      const ended =
        this.survivors(active).length > 0 ? doc : { ...doc, internal: { ...doc.internal, parties } };
      this.attempt(active, async () => {
        await this.parts.keep(active, ended);
        await this.parts.turn([uuid], () => strays.end(leg, target));
        await this.follow(active);
      });
    }
  }

  /** Two legs were bridged. */
  async bridged(leg: Leg): Promise<void> {
    const { calls, recordings, announcer, keep, prepare } = this.parts;
    const legs = calls.partiesOf(leg);
    for (const active of recordings.ofCall(legs)) {
      if (!hasRecorder(active)) {
        await this.follow(active);
        continue;
      }
      const parties = legs.map(({ uuid }) => uuid);
      if (!parties.includes(active.doc.internal.leg)) continue;
      const joined = legs.filter(({ uuid }) => !active.doc.internal.parties.includes(uuid));
      const gone = active.doc.internal.parties.filter((uuid) => !parties.includes(uuid));
      void announcer.inform(active, joined);
      if (joined.length + gone.length > 0)
        await keep(active, { ...active.doc, internal: { ...active.doc.internal, parties } });
      await prepare(active, leg.callId);
      await Promise.all(gone.map((uuid) => this.parts.left(uuid)));
    }
  }

  /** The segment that ran is over and its leg is gone: the recording goes on with who is left, or ends. */
  segmentOver(
    active: Active,
    stopped: Stopped | undefined,
    reason: 'hangup' | 'switch_lost' = 'hangup',
  ): void {
    const { finisher, limits, keep, now } = this.parts;
    if (!this.follows(active) || this.survivors(active).length === 0) {
      void finisher.finish(active, reason, stopped);
      return;
    }
    this.attempt(active, async () => {
      await keep(active, segmentEnded(active.doc, stopped?.at ?? now(active.doc.internal.switch)));
      limits.arm(active);
      await this.follow(active);
    });
  }

  /** Begins a new segment if one of the parties that are left talks to somebody. */
  follow(active: Active): Promise<void> {
    const [survivor] = this.survivors(active);
    if (!survivor) return Promise.resolve();
    return this.parts.turn(active.doc.internal.parties, async () => {
      const { recordings, calls, segments, options, limits, announcer, keep, prepare } = this.parts;
      if (recordings.get(active.doc.id) !== active || hasRecorder(active)) return;
      const { doc } = active;
      const talking = this.survivors(active).filter((leg) => calls.farLeg(leg));
      const owner = talking.find(
        (leg) => leg.owner?.account === doc.account_id && leg.owner.user === doc.owner_id,
      );
      const target = owner ? calls.farLeg(owner) : talking[0];
      const other = target && calls.farLeg(target);
      if (!target || !other) return;
      const left = this.leftOf(doc, target, other);
      const file = segmentFile(doc.internal.file, doc.segments.length + 1);
      const legs = calls.partiesOf(target);
      const parties = legs.map(({ uuid }) => uuid);
      const joined = legs.filter(({ uuid }) => !doc.internal.parties.includes(uuid));
      const { record_sample_rate } = doc.internal.data as RecordCallData;
      const rate = (await options.files.rate(currentFile(doc))) ?? record_sample_rate;
      const begun = (before: RecordingDocument, at: number): RecordingDocument => {
        const started = segmentStarted(before, { leg: target.uuid, file, isHeld: target.held }, at);
        return { ...started, internal: { ...started.internal, parties, left: left.uuid } };
      };
      await segments.start(
        {
          doc: begun(doc, this.parts.now(target.switchId)),
          target,
          path: `${options.dir}/${file}`,
          key: survivor.callId,
          swap: left !== target,
          rate,
          limitSeconds: Math.ceil(
            doc.internal.limit_s - offsetAt(doc, this.parts.now(target.switchId)) / 1000,
          ),
        },
        (at) => {
          this.attempt(active, async () => {
            await keep(active, begun(active.doc, at));
            await segments.stored(active.doc);
          });
        },
      );
      limits.arm(active);
      void announcer.inform(active, joined);
      await prepare(active, survivor.callId);
      options.log.info('recording goes on', {
        recording: doc.id,
        leg: target.uuid,
        segment: doc.segments.length + 1,
      });
    });
  }

  /** Whatever happens to it is another instance's to explain. */
  forget(active: Active): void {
    clearTimeout(this.unexplained.get(active)?.timer);
    this.unexplained.delete(active);
  }

  /** Ends every timer. */
  close(): void {
    for (const { timer } of this.unexplained.values()) clearTimeout(timer);
  }

  /** Its leg is up and nobody asked: silence, the switch's own limit, or somebody else's `uuid_record … stop`. */
  private stoppedBySwitch(active: Active, stopped: Stopped): void {
    const { finisher, now } = this.parts;
    const { limit_s, data, held_ms } = active.doc.internal;
    const offset = offsetAt(active.doc, now(active.doc.internal.switch) - HANGUP_MS);
    if (offset >= limit_s * 1000 - 1000) void finisher.finish(active, 'time_limit', stopped);
    else if ((data as RecordCallData).silence_timeout) void finisher.finish(active, 'silence', stopped);
    // The switch counts holds into its limit, which is only a net: the recording goes on.
    else if (held_ms > 0 && this.follows(active)) this.segmentOver(active, stopped);
    else void finisher.finish(active, 'switch', stopped);
  }

  /** Who was on the left stays there; where that one has left, whoever came takes the place. */
  private leftOf(doc: RecordingDocument, target: Leg, other: Leg): Leg {
    const { left, parties, leg } = doc.internal;
    const stays = [target, other].find(({ uuid }) => parties.includes(uuid)) ?? target;
    const came = stays === target ? other : target;
    // Nobody is noted where the recorded party, on the right, had nobody to talk with yet.
    const stayedLeft = left === undefined ? stays.uuid !== leg : stays.uuid === left;
    return stayedLeft ? stays : came;
  }

  private follows({ doc }: Active): boolean {
    return (
      (doc.internal.data as RecordCallData).follow_transfer ?? this.parts.options.settings.follow_transfer
    );
  }

  private survivors({ doc }: Active): Leg[] {
    return doc.internal.parties
      .map((uuid) => this.parts.calls.get(uuid))
      .filter((leg) => leg !== undefined)
      .filter((leg) => !leg.down);
  }

  private attempt(active: Active, work: () => Promise<unknown>): void {
    work().catch((error: unknown) => {
      this.parts.options.log.error('a recording could not follow its call', {
        recording: active.doc.id,
        error,
      });
    });
  }
}
