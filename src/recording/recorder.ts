/**
 * The one recorder: nothing else issues `uuid_record`. Feature codes, the HTTP API and the limits are ways to reach it. Here
 * its parts are put together, and what the switch says is given to them. What is asked of it: `commands.ts`; what a
 * recording is: `state.ts`; how it follows its call: `following.ts`.
 */
import type { Leg } from '../calls/calls.js';
import type { RecordCallData } from '../generated/record_call.js';
import type { RecordingDocument } from '../generated/recording.js';
import type { LegData, SwitchEvent } from '../switch/events.js';
import { Turns } from '../turns.js';
import { Adoption } from './adoption.js';
import { Announcer } from './announcer.js';
import { ActiveRecordings, type Active } from './active.js';
import { Commands } from './commands.js';
import { Continuing } from './continuing.js';
import { isAdopted, switchPath } from './document.js';
import { happening, type Happening } from './events.js';
import { Finisher } from './finisher.js';
import { Following } from './following.js';
import { Limits } from './limits.js';
import { Maskers } from './masking.js';
import type { RecorderOptions, RecordOutcome, RecordRequest } from './ports.js';
import { Recovery } from './recovery.js';
import { Segments } from './segments.js';
import { Starting, waits } from './starting.js';
import { Strays } from './strays.js';
import { paused, resumed, unheld } from './state.js';

export class Recorder {
  readonly active: ActiveRecordings;
  private readonly turns = new Turns();
  private readonly segments: Segments;
  private readonly maskers: Maskers;
  private readonly finisher: Finisher;
  private readonly announcer: Announcer;
  private readonly commands: Commands;
  private readonly adoption: Adoption;
  private readonly strays: Strays;
  private readonly following: Following;
  private readonly limits: Limits;
  private readonly recovery: Recovery;
  private readonly now: (switchId: string) => number;

  constructor(private readonly options: RecorderOptions) {
    const { calls, switchOf, files } = options;
    this.now = options.now ?? (() => Date.now());
    this.active = new ActiveRecordings(options);
    this.segments = new Segments(switchOf, files, this.now);
    const pathOf = (active: Pick<Active, 'doc'>) => this.pathOf(active);
    this.maskers = new Maskers(calls, switchOf, pathOf, this.now);
    this.finisher = new Finisher(this.active, options, this.now, (active) =>
      this.attempt(active, this.over(active)),
    );
    this.limits = new Limits(this.now, {
      onTimeLimit: (active) => this.attempt(active, this.commands.endByItself(active, 'time_limit')),
      onMaskLimit: (active) => this.attempt(active, this.commands.unmaskByLimit(active)),
      onMaskWarning: (active) => this.attempt(active, this.warn(active)),
    });
    this.announcer = new Announcer({ ...options, soundsDir: options.settings.sounds_dir });
    const parts = { calls, segments: this.segments, announcer: this.announcer, options, now: this.now };
    const starting = new Starting({ ...parts, add: (doc) => this.add(doc) });
    this.commands = new Commands({
      options,
      recordings: this.active,
      turn: (uuids, work) => this.turns.take(this.callOf(uuids), work),
      maskers: this.maskers,
      finisher: this.finisher,
      limits: this.limits,
      announcer: this.announcer,
      starting,
      pathOf,
      now: this.now,
      keep: (active, doc, type) => this.keep(active, doc, type),
      prepare: (active, key) => this.prepare(active, key),
      heedWait: (uuid) => this.heedWait(uuid),
      attempt: (active, work) => this.attempt(active, work),
    });
    this.adoption = new Adoption({
      ...options,
      recordings: this.active,
      add: async (doc) => {
        const active = this.add(doc);
        this.commands.maskAlike(calls.get(doc.internal.leg));
        await this.keep(active, doc, 'started');
        await this.prepare(active, doc.internal.leg);
      },
      unlisted: (leg, path) => this.commands.maskUnlisted(leg, path),
      now: this.now,
    });
    this.strays = new Strays(options, this.active, pathOf, (leg) => {
      const legs = calls.legsOf(leg);
      return this.maskers.holds(legs, this.active.ofCall(legs));
    });
    const keep = (active: Active, doc: RecordingDocument) => this.attempt(active, this.keep(active, doc));
    this.following = new Following({
      ...parts,
      recordings: this.active,
      starting,
      continuing: new Continuing({ ...parts, starting, limits: this.limits, keep }),
      strays: this.strays,
      finisher: this.finisher,
      limits: this.limits,
      keep,
      prepare: (active, key) => this.prepare(active, key),
      left: (uuid) => this.left(uuid),
      turn: (uuids, work) => this.turns.take(this.callOf(uuids), work),
    });
    this.recovery = new Recovery({
      options,
      recordings: this.active,
      finisher: this.finisher,
      segments: this.segments,
      following: this.following,
      limits: this.limits,
      announcer: this.announcer,
      adoption: this.adoption,
      maskers: this.maskers,
      strays: this.strays,
      pathOf,
      now: this.now,
      keep: (active, doc, type) => this.keep(active, doc, type),
      turn: (uuids, work) => this.turns.take(this.callOf(uuids), work),
    });
  }

  /** Takes in what the switch says of recordings and of the legs that carry them. */
  handle(event: SwitchEvent): void {
    switch (event.type) {
      case 'record_start':
        if (!this.segments.started(event.path, event.at) && event.recordingId === '')
          this.adoption.started(event.uuid, event.path, event.at);
        return;
      case 'record_stop':
        if (this.strays.resumes(event.path)) return;
        for (const active of this.active.onLeg(event.uuid)) {
          if (this.pathOf(active) !== event.path) continue;
          // Of any segment; its document is stored when what follows has become of it.
          if (event.cause === 'uri-failure') active.doc = { ...active.doc, failure: 'write_error' };
          if (this.strays.took(event.path)) this.following.segmentOver(active, event);
          else this.following.stopped(active, event);
        }
        this.adoption.stopped(event.uuid, event.path);
        return;
      case 'bug_start':
        if (event.function !== 'session_record') return;
        this.following.moved(event.uuid, event.target, this.pathOf.bind(this));
        this.adoption.started(event.uuid, event.target, event.at);
        return;
      case 'answer':
        this.heedWait(event.uuid);
        return;
      case 'bridge':
      case 'unbridge':
        this.heedWait(event.a);
        this.heedWait(event.b);
        return;
      case 'hold':
      case 'unhold':
        for (const active of this.active.onLeg(event.uuid)) {
          const doc =
            event.type === 'hold'
              ? paused(active.doc, 'hold', event.at)
              : unheld(active.doc, event.heldMs, event.at);
          this.attempt(active, this.keep(active, doc));
          this.limits.arm(active);
        }
        return;
      case 'dtmf':
        for (const active of this.active.ofParty(event.uuid)) {
          const { call_id, internal } = active.doc;
          const keys = (internal.data as RecordCallData).end_key;
          if (call_id === event.uuid && keys?.includes(event.digit))
            this.attempt(active, this.commands.endByItself(active, 'end_key'));
        }
        return;
      case 'hangup':
        for (const active of this.active.ofParty(event.uuid)) this.following.legDown(active, event.uuid);
        return;
      case 'destroy':
        for (const active of this.active.ofParty(event.uuid)) this.following.legGone(active, event.uuid);
        this.adoption.gone(event.uuid);
        return;
      default:
    }
  }

  /** Two legs were bridged: recordings of either follow, masked where one of them is. */
  bridged(leg: Leg): Promise<void> {
    this.adoption.bridged(leg);
    this.commands.maskAlike(leg);
    return this.following.bridged(leg);
  }

  /** Masks again, before anything else is asked, whatever may have been masked when this switch was last seen. */
  maskAgain(switchId: string): Promise<void> {
    return this.recovery.maskAgain(switchId);
  }

  /** Finds the recordings of a switch again, from its legs and from the store; finishes those that have ended. */
  recover(switchId: string, legs: LegData[]): Promise<void> {
    return this.recovery.recover(switchId, legs);
  }

  /** The recordings of a switch are another instance's now, or were meanwhile: they go on, and nothing is known of them. */
  forget(switchId: string): void {
    this.maskers.forget(switchId);
    for (const active of [...this.active.all()]) {
      if (active.doc.internal.switch !== switchId) continue;
      this.active.retire(active);
      this.following.forget(active);
    }
  }

  /** How many recordings run in each state. */
  counts(): { recording: number; masked: number } {
    const counts = { recording: 0, masked: 0 };
    for (const { doc } of this.active.all()) counts[doc.state === 'masked' ? 'masked' : 'recording']++;
    return counts;
  }

  /** Waits for what is under way; recordings go on running in the switch. */
  async close(): Promise<void> {
    await this.turns.idle();
    await this.finisher.idle();
    this.following.close();
    this.finisher.close();
    this.active.close();
  }

  /**
   * Does what `request.data.action` says (`start` where it says nothing) and resolves when it is known to have
   * happened. Rejects with a MetaflowsError that says why it has not.
   */
  run(request: RecordRequest): Promise<RecordOutcome> {
    return this.commands.run(request);
  }

  /**
   * What orders commands: the legs of a call, and the parties of its recordings, which may talk in calls of their own by
   * now. Not `Leg.callId`, of which the two sides of a loopback channel, or two calls that are joined, have one each.
   */
  private callOf(uuids: string[]): string[] {
    const { calls } = this.options;
    const legs = uuids.flatMap((uuid) => {
      const leg = calls.get(uuid);
      return leg ? calls.legsOf(leg).map((each) => each.uuid) : [uuid];
    });
    const recordings = legs.flatMap((uuid) => this.active.ofParty(uuid));
    return [...new Set([...legs, ...recordings.flatMap(({ doc }) => doc.internal.parties)])];
  }

  /** What it was told to wait for has come, or is over. */
  private heedWait(uuid: string): void {
    const leg = this.options.calls.get(uuid);
    if (!leg) return;
    for (const active of this.active.onLeg(uuid)) {
      const change = waits(active.doc.internal.data, leg) ? paused : resumed;
      const doc = change(active.doc, 'wait', this.now(leg.switchId));
      if (doc === active.doc) continue;
      this.attempt(active, this.keep(active, doc));
      this.limits.arm(active);
    }
  }

  private async warn({ doc }: Active): Promise<void> {
    const { calls, feedback } = this.options;
    const owner = doc.internal.parties
      .map((uuid) => calls.get(uuid))
      .find((leg) => leg?.owner?.account === doc.account_id && leg.owner.user === doc.owner_id);
    if (owner) await feedback.play(owner, 'warning');
  }

  /** Lets mask codes mask inside the switch: our own recorder where there is one. */
  private async prepare(active: Active, key: string): Promise<void> {
    const isOwn = ({ doc }: Active) => !isAdopted(doc);
    if (isOwn(active) || !this.active.ofParty(active.doc.internal.leg).some(isOwn))
      await this.maskers.prepare(active, key);
  }

  /** A recording runs no more: mask codes mask what else records its legs, or nothing. */
  private async over(active: Active): Promise<void> {
    const { parties, leg } = active.doc.internal;
    await this.maskers.over(active);
    await Promise.all(parties.map((uuid) => this.left(uuid)));
    const others = new Set(parties.flatMap((uuid) => this.active.ofParty(uuid)));
    await Promise.all([...others].map((other) => this.prepare(other, leg)));
  }

  /** A leg has left the call of a recording; it may have another by now. */
  private async left(uuid: string): Promise<void> {
    const leg = this.options.calls.get(uuid);
    if (leg?.down === false && this.active.ofParty(uuid).length === 0) await this.maskers.left(leg);
  }

  /** Stores a document, then tells of what happened to it. */
  private keep(active: Active, doc: RecordingDocument, type?: Happening['type']): Promise<void> {
    return this.active.save(active, doc, type ? [happening(type, this.now(doc.internal.switch))] : []);
  }

  private attempt(active: Active, work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      this.options.log.error('a recording could not be changed', { recording: active.doc.id, error });
    });
  }

  private pathOf({ doc }: Pick<Active, 'doc'>): string {
    return switchPath(doc, this.options.dir);
  }

  private add(doc: RecordingDocument): Active {
    const active = this.active.add(doc);
    this.limits.arm(active);
    return active;
  }
}
