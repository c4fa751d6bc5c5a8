/**
 * The one recorder: nothing else issues `uuid_record`. Feature codes, the HTTP API and the limits are ways to reach it.
 * The commands of one call run one at a time, in order. What a recording is: `state.ts`; how it follows its call:
 * `following.ts`.
 */
import { eventOf, type AuditEvent } from '../audit/events.js';
import type { Leg } from '../calls/calls.js';
import { isMetaflowsError, MetaflowsError } from '../errors.js';
import type { RecordCallData } from '../generated/record_call.js';
import type { AuditEntry, RecordingDocument } from '../generated/recording.js';
import { assertAccepted, record } from '../switch/commands.js';
import type { LegData, SwitchEvent } from '../switch/events.js';
import { Adoption } from './adoption.js';
import { Announcer } from './announcer.js';
import { ActiveRecordings, hasRecorder, type Active } from './active.js';
import { entryOf, isAdopted, switchPath } from './document.js';
import type { RecordingEvent } from './events.js';
import { Finisher } from './finisher.js';
import { Following } from './following.js';
import { Limits } from './limits.js';
import { Maskers } from './masking.js';
import type { RecorderOptions, RecordOutcome, RecordRequest, StopReason } from './ports.js';
import { Recovery } from './recovery.js';
import { Segments } from './segments.js';
import { Starting, waits } from './starting.js';
import { audited, masked, paused, resumed, unmasked } from './state.js';
import { Turns } from './turns.js';

const isMasked = ({ doc }: Active) => doc.state === 'masked';

export class Recorder {
  readonly active: ActiveRecordings;
  private readonly turns = new Turns();
  private readonly segments: Segments;
  private readonly maskers: Maskers;
  private readonly finisher: Finisher;
  private readonly announcer: Announcer;
  private readonly starting: Starting;
  private readonly adoption: Adoption;
  private readonly following: Following;
  private readonly limits: Limits;
  private readonly recovery: Recovery;
  private readonly now: () => number;

  constructor(private readonly options: RecorderOptions) {
    const { calls, switchOf, files } = options;
    this.now = options.now ?? Date.now;
    this.active = new ActiveRecordings(options.store, options.audit);
    this.segments = new Segments(switchOf, files, this.now);
    const pathOf = (active: Active) => this.pathOf(active);
    this.maskers = new Maskers(calls, switchOf, pathOf, this.now);
    this.finisher = new Finisher(this.active, options, this.now);
    this.limits = new Limits(this.now, {
      onTimeLimit: (active) => this.attempt(active, this.end(active, 'time_limit')),
      onMaskLimit: (active) => this.attempt(active, this.unmaskByLimit(active)),
      onMaskWarning: (active) => this.attempt(active, this.warn(active)),
    });
    this.announcer = new Announcer({ ...options, soundsDir: options.settings.sounds_dir });
    this.starting = new Starting({
      calls,
      segments: this.segments,
      announcer: this.announcer,
      options,
      add: (doc) => this.add(doc),
      now: this.now,
    });
    this.adoption = new Adoption({
      ...options,
      recordings: this.active,
      add: async (doc) => {
        const active = this.add(doc);
        this.maskAlike(calls.get(doc.internal.leg));
        await this.keep(active, doc, 'started');
        await this.prepare(active, doc.internal.leg);
      },
      now: this.now,
    });
    this.following = new Following({
      calls,
      recordings: this.active,
      segments: this.segments,
      finisher: this.finisher,
      limits: this.limits,
      announcer: this.announcer,
      options,
      now: this.now,
      keep: (active, doc) => this.keep(active, doc),
      prepare: (active, key) => this.prepare(active, key),
      left: (uuid) => this.left(uuid),
      turn: (key, work) => this.turns.take(key, work),
    });
    this.recovery = new Recovery({
      options,
      recordings: this.active,
      finisher: this.finisher,
      following: this.following,
      limits: this.limits,
      announcer: this.announcer,
      adoption: this.adoption,
      maskers: this.maskers,
      pathOf,
      now: this.now,
    });
  }

  /** Takes in what the switch says of recordings and of the legs that carry them. */
  handle(event: SwitchEvent): void {
    switch (event.type) {
      case 'record_start':
        if (!this.segments.started(event.path) && event.recordingId === '')
          this.adoption.started(event.uuid, event.path);
        return;
      case 'record_stop':
        for (const active of this.active.onLeg(event.uuid)) {
          if (this.pathOf(active) === event.path) this.following.stopped(active, event);
        }
        this.adoption.stopped(event.uuid, event.path);
        return;
      case 'bug_start':
        if (event.function !== 'session_record') return;
        this.following.moved(event.uuid, event.target, this.pathOf.bind(this));
        this.adoption.started(event.uuid, event.target);
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
          const change = event.type === 'hold' ? paused : resumed;
          const doc = change(active.doc, 'hold', this.now());
          this.attempt(active, this.keep(active, doc));
          this.limits.arm(active);
        }
        return;
      case 'dtmf':
        for (const active of this.active.ofParty(event.uuid)) {
          const { call_id, internal } = active.doc;
          const keys = (internal.data as RecordCallData).end_key;
          if (call_id === event.uuid && keys?.includes(event.digit))
            this.attempt(active, this.end(active, 'end_key'));
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
    this.maskAlike(leg);
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
  async run(request: RecordRequest): Promise<RecordOutcome> {
    // What has to be waited for outside the call's turn, so that a mask is never kept waiting by a start's proof.
    let proof: Promise<void> | undefined;
    const outcome = await this.turns.take(request.leg.callId, async (): Promise<RecordOutcome> => {
      const legs = this.options.calls.legsOf(request.leg);
      const adopted = this.active.ofCall(legs).filter(({ doc }) => isAdopted(doc));
      const own = this.active.ofCall(legs).filter(({ doc }) => !isAdopted(doc));
      const running = [...own, ...adopted];
      const asked = request.data.action ?? 'start';
      const action = asked === 'toggle' ? (own.length > 0 ? 'stop' : 'start') : asked;
      if (action !== 'start' && request.data.client_state !== undefined) {
        const { client_state } = request.data;
        // Both parties' accounts act on a recording; what is told of it is its own account's.
        for (const active of running) {
          if (active.doc.account_id === request.owner.account) active.doc = { ...active.doc, client_state };
        }
      }
      try {
        if (action === 'stop') return await this.stop(request, running);
        if (action !== 'start') return await this.mask(action, request, legs, running);
        const [first] = own;
        if (first) {
          if (request.by !== 'service') await this.note(first, request, 'start', 'already_recording');
          return { result: 'already_recording', recording: first.doc };
        }
        const active = await this.start(request, adopted.some(isMasked));
        proof = this.prove(active);
        proof.catch(() => undefined);
        return { result: 'started', recording: active.doc };
      } catch (error) {
        await this.refused(request, action, running, error);
        throw error;
      }
    });
    await proof;
    return outcome;
  }

  /** Accounts for what could not be done, with the recordings that go on, else on its own. */
  private async refused(
    request: RecordRequest,
    action: AuditEntry['action'],
    running: Active[],
    error: unknown,
  ): Promise<void> {
    const { audit, log } = this.options;
    const entry = entryOf(request, action, isMetaflowsError(error) ? error.code : 'internal_error');
    const going = running.filter(({ doc }) => this.active.get(doc.id));
    try {
      if (going.length > 0) {
        await Promise.all(going.map((active) => this.keep(active, audited(active.doc, entry))));
      } else {
        await audit(this.unrecorded(request, entry, running[0]));
      }
    } catch (failure) {
      log.error('a refusal could not be accounted for', { error: failure });
    }
  }

  /** What was done, or not, where no recording runs; `last` has just ended. */
  private unrecorded({ owner, leg }: RecordRequest, entry: AuditEntry, last?: Active): AuditEvent {
    return last ? eventOf(last.doc, entry) : { call_id: leg.uuid, ...entry, account_id: owner.account };
  }

  /** What it was told to wait for has come, or is over. */
  private heedWait(uuid: string): void {
    const leg = this.options.calls.get(uuid);
    if (!leg) return;
    for (const active of this.active.onLeg(uuid)) {
      const change = waits(active.doc.internal.data, leg) ? paused : resumed;
      const doc = change(active.doc, 'wait', this.now());
      if (doc === active.doc) continue;
      this.attempt(active, this.keep(active, doc));
      this.limits.arm(active);
    }
  }

  private async start(request: RecordRequest, isCallMasked: boolean): Promise<Active> {
    const active = await this.starting.start(request, isCallMasked);
    const { doc } = active;
    await this.keep(active, doc, 'started');
    this.heedWait(doc.internal.leg);
    this.announcer.arm(active);
    void this.announcer.inform(active, this.options.calls.partiesOf(request.leg));
    this.options.log.info('recording started', {
      recording: doc.id,
      leg: doc.internal.leg,
      account: doc.account_id,
    });
    this.attempt(active, this.prepare(active, request.leg.callId));
    return active;
  }

  /** Rejects where the switch says that it records, and does not. */
  private async prove(active: Active): Promise<void> {
    const { id } = active.doc;
    if (await this.starting.proven(active, () => this.active.get(id) !== undefined)) return;
    await this.end(active, 'no_audio');
    throw new MetaflowsError('no_audio');
  }

  private async mask(
    verb: 'mask' | 'unmask',
    request: RecordRequest,
    legs: Leg[],
    running: Active[],
  ): Promise<RecordOutcome> {
    const { done, others, failed } = await this.maskers.apply(verb, legs, running, request.leg.callId);
    const at = request.maskedInSwitch && verb === 'mask' ? request.at : this.now();
    const masks = verb === 'mask';
    const incomplete = masks ? 'mask_incomplete' : 'unmask_incomplete';
    const past = masks ? 'masked' : 'unmasked';
    await Promise.all(
      running.map(async (active) => {
        // It may have ended meanwhile: what has ended is not changed any more.
        if (!this.active.get(active.doc.id)) return;
        const change = masks ? masked : unmasked;
        const changed = done.has(active) ? change(active.doc, at) : active.doc;
        const doc = failed === undefined ? audited(changed, entryOf(request, verb, 'ok')) : changed;
        await this.keep(active, doc, done.has(active) ? past : undefined);
        this.limits.arm(active);
      }),
    );
    if (failed !== undefined) throw new MetaflowsError(incomplete, failed);
    // Only recorders of others were masked.
    if (running.length === 0)
      await this.options.audit(this.unrecorded(request, entryOf(request, verb, 'ok')));
    this.options.log.info(`recording ${past}`, { recordings: running.map(({ doc }) => doc.id), others });
    return { result: past, ...(running[0] && { recording: running[0].doc }) };
  }

  private async stop(request: RecordRequest, running: Active[]): Promise<RecordOutcome> {
    if (running.length === 0) throw new MetaflowsError('not_recording');
    const stoppable = running.filter((active) => this.mayStop(request, active));
    if (stoppable.length === 0) throw new MetaflowsError('stop_not_allowed');
    const reason = request.by === 'api' ? 'api' : 'code';
    const results = await Promise.allSettled(
      stoppable.map((active) => this.end(active, reason, entryOf(request, 'stop', 'ok'))),
    );
    const docs = results.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
    const [recording] = docs;
    return {
      result: docs.every(({ state }) => state === 'discarded') ? 'discarded' : 'stopped',
      ...(recording && { recording }),
    };
  }

  private mayStop(request: RecordRequest, { doc }: Active): boolean {
    const { stop_adopted, stop_automatic } = this.options.settings;
    if (isAdopted(doc)) return stop_adopted;
    return !doc.internal.automatic || stop_automatic || request.asAdmin === true;
  }

  /** Stops the audio and resolves with the finished document. */
  private async end(active: Active, reason: StopReason, entry?: AuditEntry): Promise<RecordingDocument> {
    if (!hasRecorder(active)) return this.finisher.finish(active, reason, undefined, entry);
    const { leg, switch: switchId } = active.doc.internal;
    const target = this.options.calls.get(leg);
    const port = this.options.switchOf(switchId);
    const finished = this.finisher.expect(active, reason, entry);
    try {
      const stop = record('stop', leg, this.pathOf(active));
      const [reply = ''] = await port.apis(target?.callId ?? leg, [stop, ...this.maskers.forget(active)]);
      // A leg that has just hung up stops its recording by itself.
      if (target?.down === false) assertAccepted(reply);
    } catch (error) {
      finished.cancel();
      throw error;
    }
    const doc = await finished.document;
    for (const other of this.active.ofParty(leg)) this.attempt(other, this.prepare(other, leg));
    return doc;
  }

  /** Being masked belongs to the call: what records it in clear beside a masked recording is masked too. */
  private maskAlike(leg: Leg | undefined): void {
    if (!leg) return;
    const legs = this.options.calls.legsOf(leg);
    const isOfCall = (active: Active) =>
      !hasRecorder(active) || legs.some(({ uuid }) => uuid === active.doc.internal.leg);
    const recordings = this.active.ofCall(legs).filter(isOfCall);
    const clear = recordings.find((active) => !isMasked(active));
    if (!clear || !recordings.some(isMasked)) return;
    const owner = { account: clear.doc.account_id };
    this.attempt(clear, this.run({ data: { action: 'mask' }, leg, by: 'service', owner, at: this.now() }));
  }

  private async unmaskByLimit(active: Active): Promise<RecordOutcome> {
    const leg = active.doc.internal.parties
      .map((uuid) => this.options.calls.get(uuid))
      .find((party) => party);
    if (!leg) throw new MetaflowsError('call_gone');
    const owner = { account: active.doc.account_id };
    return this.run({ data: { action: 'unmask' }, leg, by: 'service', owner, at: this.now() });
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

  /** A leg has left the call of a recording; it may have another by now. */
  private async left(uuid: string): Promise<void> {
    const leg = this.options.calls.get(uuid);
    if (leg?.down === false && this.active.ofParty(uuid).length === 0) await this.maskers.left(leg);
  }

  /** Somebody asked for something that changed nothing. */
  private note(
    active: Active,
    request: RecordRequest,
    action: AuditEntry['action'],
    result: string,
  ): Promise<void> {
    return this.keep(active, audited(active.doc, entryOf(request, action, result)));
  }

  /** Stores a document, then tells of what happened to it. */
  private async keep(active: Active, doc: RecordingDocument, type?: RecordingEvent['type']): Promise<void> {
    await this.active.save(active, doc);
    if (type) await this.options.onEvent({ type, recording: doc, at: this.now() });
  }

  private attempt(active: Active, work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      this.options.log.error('a recording could not be changed', { recording: active.doc.id, error });
    });
  }

  private pathOf({ doc }: Active): string {
    return switchPath(doc, this.options.dir);
  }

  private add(doc: RecordingDocument): Active {
    const active = this.active.add(doc);
    this.limits.arm(active);
    return active;
  }
}
