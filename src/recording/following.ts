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
import { isMetaflowsError } from '../errors.js';
import { hasRecorder, type Active, type ActiveRecordings } from './active.js';
import type { Announcer } from './announcer.js';
import type { Continuing } from './continuing.js';
import { currentFile, entryOf, isAdopted, switchPath } from './document.js';
import type { Finisher, Stopped } from './finisher.js';
import type { Limits } from './limits.js';
import type { RecorderOptions } from './ports.js';
import { Retries } from './retries.js';
import type { Segments } from './segments.js';
import type { Starting } from './starting.js';
import type { Strays } from './strays.js';
import { audited, offsetAt, segmentEnded, segmentLost } from './state.js';

/** CHANNEL_HANGUP and RECORD_STOP may swap (freeswitch.md): how long to wait for the one to explain the other. */
const HANGUP_MS = 300;

export interface FollowingParts {
  calls: Calls;
  recordings: ActiveRecordings;
  segments: Segments;
  starting: Starting;
  continuing: Continuing;
  strays: Strays;
  finisher: Finisher;
  limits: Limits;
  announcer: Announcer;
  options: RecorderOptions;
  now: (switchId: string) => number;
  /** Takes the document in at once: the call goes on, also where it cannot be stored just now. */
  keep: (active: Active, doc: RecordingDocument) => void;
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
  /** Recordings that could not go on, and are to. */
  private readonly retries = new Retries<Active>((active) => {
    void this.attempt(active, () => this.follow(active));
  });
  private closed = false;

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
        const internal = { ...active.doc.internal, parties, leg: uuid, leg_held_ms: leg.heldMs };
        this.parts.keep(active, { ...active.doc, internal });
        continue;
      }
      const doc = segmentEnded(active.doc, now(leg.switchId));
      // Who was of the call before keeps its side; the leg that the recorder came to counts where nobody else is left.
      const ended =
        this.survivors(active).length > 0 ? doc : { ...doc, internal: { ...doc.internal, parties } };
      this.parts.keep(active, ended);
      void this.attempt(active, async () => {
        await this.parts.turn([uuid], () => strays.end(leg, target));
        await this.follow(active);
      });
    }
  }

  /** Two legs were bridged: resolves when each of their recordings knows. */
  async bridged(leg: Leg): Promise<void> {
    const legs = this.parts.calls.partiesOf(leg);
    await Promise.all(
      this.parts.recordings
        .ofCall(legs)
        .map((active) =>
          this.attempt(active, () =>
            hasRecorder(active) ? this.goesOn(active, leg, legs) : this.follow(active),
          ),
        ),
    );
  }

  /** The segment that ran is over and its leg is gone: the recording goes on with who is left, or ends. */
  segmentOver(
    active: Active,
    stopped: Stopped | undefined,
    reason: 'hangup' | 'switch_lost' = 'hangup',
  ): void {
    const { finisher, limits, now } = this.parts;
    if (!this.follows(active) || this.survivors(active).length === 0) {
      void finisher.finish(active, reason, stopped);
      return;
    }
    this.parts.keep(active, segmentEnded(active.doc, stopped?.at ?? now(active.doc.internal.switch)));
    limits.arm(active);
    void this.attempt(active, () => this.follow(active));
  }

  /** Begins a new segment if one of the parties that are left talks to somebody; tries again where that fails. */
  private follow(active: Active): Promise<void> {
    const [survivor] = this.survivors(active);
    if (!survivor || !this.runs(active)) {
      this.retries.forget(active);
      return Promise.resolve();
    }
    return this.parts.turn(active.doc.internal.parties, async () => {
      if (!this.runs(active) || hasRecorder(active)) return;
      const talking = this.survivors(active).filter((leg) => this.parts.calls.farLeg(leg));
      const { account_id, owner_id } = active.doc;
      const owner = talking.find((leg) => leg.owner?.account === account_id && leg.owner.user === owner_id);
      const target = owner ? this.parts.calls.farLeg(owner) : talking[0];
      const other = target && this.parts.calls.farLeg(target);
      if (!target || !other) {
        this.retries.forget(active);
        return;
      }
      try {
        await this.parts.continuing.begin(active, target, other, survivor.callId);
      } catch (error) {
        this.failed(active, isMetaflowsError(error) ? error.code : 'internal_error');
        throw error;
      }
      void this.attempt(active, () => this.prove(active, target));
      await this.parts.prepare(active, survivor.callId);
    });
  }

  /** A segment without audio never was; one whose audio stops at once is over. */
  private async prove(active: Active, target: Leg): Promise<void> {
    const { starting, segments, options, turn, now } = this.parts;
    const { doc } = active;
    const file = currentFile(doc);
    const goesOn = () => !this.closed && this.runs(active) && currentFile(active.doc) === file;
    if (await starting.proven(active, goesOn, true)) {
      if (goesOn() && hasRecorder(active)) this.retries.forget(active);
      return;
    }
    await turn(doc.internal.parties, async () => {
      if (!goesOn() || !hasRecorder(active)) return;
      const isLost = await segments.isEmpty(file);
      const over = isLost ? segmentLost(active.doc) : segmentEnded(active.doc, now(target.switchId));
      this.parts.keep(active, over);
      // Media may bypass the switch after a transfer though its events say nothing of it.
      target.bypassMedia = true;
      this.failed(active, 'no_audio');
      await segments.end(doc, target.callId, switchPath(doc, options.dir), isLost);
    });
  }

  /** No segment could be begun: the document says so once, and it is tried again. */
  private failed(active: Active, result: string): void {
    const { now, limits } = this.parts;
    if (this.retries.failed(active) === 1) {
      const { account_id: account, internal } = active.doc;
      const request = { by: 'service', owner: { account }, at: now(internal.switch) } as const;
      this.parts.keep(active, audited(active.doc, entryOf(request, 'start', result)));
    }
    limits.arm(active);
  }

  /** The leg that is recorded has another partner. */
  private async goesOn(active: Active, leg: Leg, legs: Leg[]): Promise<void> {
    const parties = legs.map(({ uuid }) => uuid);
    if (!parties.includes(active.doc.internal.leg)) return;
    const joined = legs.filter(({ uuid }) => !active.doc.internal.parties.includes(uuid));
    const gone = active.doc.internal.parties.filter((uuid) => !parties.includes(uuid));
    void this.parts.announcer.inform(active, joined);
    if (joined.length + gone.length > 0)
      this.parts.keep(active, { ...active.doc, internal: { ...active.doc.internal, parties } });
    await this.parts.prepare(active, leg.callId);
    await Promise.all(gone.map((uuid) => this.parts.left(uuid)));
  }

  /** Whatever happens to it is another instance's to explain. */
  forget(active: Active): void {
    clearTimeout(this.unexplained.get(active)?.timer);
    this.unexplained.delete(active);
    this.retries.forget(active);
  }

  /** Ends every timer. */
  close(): void {
    this.closed = true;
    this.retries.close();
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

  private runs(active: Active): boolean {
    return this.parts.recordings.get(active.doc.id) === active;
  }

  private attempt(active: Active, work: () => Promise<unknown>): Promise<unknown> {
    return work().catch((error: unknown) => {
      this.parts.options.log.error('a recording could not follow its call', {
        recording: active.doc.id,
        error,
      });
    });
  }
}
