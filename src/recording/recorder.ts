/**
 * The one recorder: nothing else issues `uuid_record`. Feature codes, the HTTP API and the limits are ways to reach it.
 * The commands of one call run one at a time, in order. What a recording is: `state.ts`; how it follows its call:
 * `following.ts`.
 */
import type { Logger } from 'winston';
import type { Calls, Leg } from '../calls/calls.js';
import type { Tone } from '../calls/feedback.js';
import type { Owner } from '../calls/owner.js';
import { MetaflowsError } from '../errors.js';
import type { RecordCallData } from '../generated/record_call.js';
import type { RecordingDocument } from '../generated/recording.js';
import { assertAccepted, record, uuidMedia } from '../switch/commands.js';
import type { LegData, SwitchEvent } from '../switch/events.js';
import { ActiveRecordings, hasRecorder, type Active, type RecordingStore } from './active.js';
import { currentFile, documentOf, entryOf } from './document.js';
import type { RecordingEvent } from './events.js';
import type { RecordingFiles } from './files.js';
import { Finisher } from './finisher.js';
import { Following } from './following.js';
import { Limits } from './limits.js';
import { Maskers } from './masking.js';
import { Recovery } from './recovery.js';
import { Segments, type RecordingSwitch } from './segments.js';
import { audited, masked, paused, resumed, unmasked } from './state.js';
import { Turns } from './turns.js';

/** Somebody, or a limit, wants something of a recording. */
export interface RecordRequest {
  data: RecordCallData;
  /** The leg whose owner's code it is, or that an API command named. */
  leg: Leg;
  /** The leg whose party pressed, where it was a code. */
  presser?: Leg;
  by: 'code' | 'api' | 'service';
  /** Whose recording it is. */
  owner: Owner;
  tokenId?: string;
  /** When it was asked: epoch, milliseconds. */
  at: number;
  /** The switch has masked by itself when the key was pressed, at `at`. */
  maskedInSwitch?: boolean;
}

/** What happened; `recording` is missing where only the dialplan's own recorders were masked or unmasked. */
export interface RecordOutcome {
  result: 'started' | 'already_recording' | 'masked' | 'unmasked' | 'stopped' | 'discarded';
  recording?: RecordingDocument;
}

export interface RecorderOptions {
  calls: Calls;
  switchOf: (id: string) => RecordingSwitch;
  store: RecordingStore;
  files: RecordingFiles;
  /** The recordings folder as the switch sees it, absolute. */
  dir: string;
  /** Seconds: no recording is longer. */
  ceiling: number;
  /** Whether a recording follows its call where its module data do not say. */
  followTransfer: boolean;
  /** Whether the disk has room for new recordings. */
  hasSpace: () => boolean;
  feedback: { play(leg: Leg, tone: Tone): Promise<void> };
  /** Awaited before whoever asked is told; a rejection is logged and changes nothing. */
  onEvent: (event: RecordingEvent) => Promise<void>;
  log: Logger;
  now?: () => number;
}

/** Why a recording is ended while its leg goes on. */
export type StopReason = 'code' | 'api' | 'time_limit' | 'end_key' | 'no_audio';

export class Recorder {
  readonly active: ActiveRecordings;
  private readonly turns = new Turns();
  private readonly segments: Segments;
  private readonly maskers: Maskers;
  private readonly finisher: Finisher;
  private readonly following: Following;
  private readonly limits: Limits;
  private readonly recovery: Recovery;
  private readonly now: () => number;

  constructor(private readonly options: RecorderOptions) {
    const { calls, switchOf, files } = options;
    this.now = options.now ?? Date.now;
    this.active = new ActiveRecordings(options.store);
    this.segments = new Segments(switchOf, files, this.now);
    const pathOf = (active: Active) => this.pathOf(active);
    this.maskers = new Maskers(calls, switchOf, pathOf, this.now);
    this.finisher = new Finisher(this.active, options, this.now);
    this.limits = new Limits(this.now, {
      onTimeLimit: (active) => this.attempt(active, this.end(active, 'time_limit')),
      onMaskLimit: (active) => this.attempt(active, this.unmaskByLimit(active)),
      onMaskWarning: (active) => this.attempt(active, this.warn(active)),
    });
    this.following = new Following({
      calls,
      recordings: this.active,
      segments: this.segments,
      finisher: this.finisher,
      limits: this.limits,
      options,
      now: this.now,
      keep: (active, doc) => this.keep(active, doc),
      prepare: (active, key) => this.maskers.prepare(active, key),
      turn: (key, work) => this.turns.take(key, work),
    });
    this.recovery = new Recovery({
      options,
      recordings: this.active,
      finisher: this.finisher,
      following: this.following,
      limits: this.limits,
      maskers: this.maskers,
      pathOf,
      now: this.now,
    });
  }

  /** Takes in what the switch says of recordings and of the legs that carry them. */
  handle(event: SwitchEvent): void {
    switch (event.type) {
      case 'record_start':
        this.segments.started(event.path);
        return;
      case 'record_stop':
        for (const active of this.active.onLeg(event.uuid)) {
          if (this.pathOf(active) === event.path) this.following.stopped(active, event);
        }
        return;
      case 'bug_start':
        if (event.function === 'session_record')
          this.following.moved(event.uuid, event.target, this.pathOf.bind(this));
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
        return;
      default:
    }
  }

  /** Two legs were bridged: recordings of either follow. */
  bridged(leg: Leg): Promise<void> {
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
      const running = this.active.ofCall(legs);
      const asked = request.data.action ?? 'start';
      const action = asked === 'toggle' ? (running.length > 0 ? 'stop' : 'start') : asked;
      if (action === 'stop') return this.stop(request, running);
      if (action !== 'start') return this.mask(action, request, legs, running);
      const [first] = running;
      if (first) {
        await this.keep(first, audited(first.doc, entryOf(request, 'start', 'already_recording')));
        return { result: 'already_recording', recording: first.doc };
      }
      const active = await this.start(request);
      proof = this.prove(active, request);
      proof.catch(() => undefined);
      return { result: 'started', recording: active.doc };
    });
    await proof;
    return outcome;
  }

  /** The leg that a request records: a code the far party's, so that it survives the owner; an API the one named. */
  private target(request: RecordRequest): Leg {
    const { calls } = this.options;
    const { leg } = request;
    if (leg.down) throw new MetaflowsError('call_gone');
    if (request.by === 'code') {
      const far = calls.farLeg(leg);
      if (!far) throw new MetaflowsError('not_bridged');
      return far;
    }
    if (leg.endpoint !== 'loopback') return leg;
    const half = leg.otherHalf === undefined ? undefined : calls.get(leg.otherHalf);
    const real = half && calls.farLeg(half);
    if (!real) throw new MetaflowsError('loopback_leg');
    return real;
  }

  private async start(request: RecordRequest): Promise<Active> {
    const { calls, ceiling, log } = this.options;
    const target = this.target(request);
    const other = calls.farLeg(target);
    const isCaller = calls.isCaller(target, other);
    await this.ready(target, other, request);
    const doc = audited(
      documentOf({
        request,
        target,
        other,
        caller: isCaller ? target : other,
        parties: calls.legsOf(target).filter(({ endpoint }) => endpoint !== 'loopback'),
        ceiling,
        at: this.now(),
      }),
      entryOf(request, 'start', 'ok'),
    );
    const key = request.leg.callId;
    const active = await this.segments.start(
      {
        doc,
        target,
        key,
        path: this.absolute(currentFile(doc)),
        swap: !isCaller,
        rate: request.data.record_sample_rate,
        limitSeconds: doc.internal.limit_s,
      },
      (at) => {
        const held_since = doc.internal.held_since === undefined ? {} : { held_since: at };
        const started = this.active.add({
          ...doc,
          internal: { ...doc.internal, started_at: at, ...held_since },
        });
        this.limits.arm(started);
        return started;
      },
    );
    await this.keep(active, active.doc, 'started');
    log.info('recording started', { recording: doc.id, leg: target.uuid, account: doc.account_id });
    this.attempt(active, this.maskers.prepare(active, key));
    return active;
  }

  /** Brings media in bypass back, and refuses what the switch or this service cannot do. */
  private async ready(target: Leg, other: Leg | undefined, { data, leg }: RecordRequest): Promise<void> {
    if (!this.options.hasSpace()) throw new MetaflowsError('disk_full');
    const port = this.options.switchOf(target.switchId);
    if (data.format === 'mp3') {
      if (data.trim) throw new MetaflowsError('trim_unavailable');
      const [exists] = await port.apis(leg.callId, [{ command: 'module_exists', args: 'mod_shout' }]);
      if (exists !== 'true') throw new MetaflowsError('format_unavailable', 'mp3 needs mod_shout');
    }
    if (target.bypassMedia || other?.bypassMedia) {
      const [reply = ''] = await port.apis(leg.callId, [uuidMedia(target.uuid)]);
      if (!reply.startsWith('+OK')) throw new MetaflowsError('media_unavailable', reply);
      target.bypassMedia = false;
      if (other) other.bypassMedia = false;
    }
  }

  /** A recording whose file does not grow has not started; one that rightly waits for something is left alone. */
  private async prove(active: Active, { data }: RecordRequest): Promise<void> {
    const { calls } = this.options;
    const { leg, pauses } = active.doc.internal;
    const waits =
      (data.record_on_answer && !calls.get(leg)?.answered) ||
      (data.record_on_bridge && calls.get(leg)?.peer === undefined) ||
      pauses.length > 0;
    const runs = () =>
      this.active.get(active.doc.id) !== undefined && active.doc.internal.pauses.length === 0;
    if (waits || (await this.segments.grows(active.doc.internal.file, runs))) return;
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
        const entry = entryOf(request, verb, failed === undefined ? 'ok' : incomplete);
        await this.keep(active, audited(changed, entry), done.has(active) ? past : undefined);
        this.limits.arm(active);
      }),
    );
    if (failed !== undefined) throw new MetaflowsError(incomplete, failed);
    this.options.log.info(`recording ${past}`, { recordings: running.map(({ doc }) => doc.id), others });
    return { result: past, ...(running[0] && { recording: running[0].doc }) };
  }

  private async stop(request: RecordRequest, running: Active[]): Promise<RecordOutcome> {
    if (running.length === 0) throw new MetaflowsError('not_recording');
    const docs = await Promise.all(
      running.map((active) => {
        active.doc = audited(active.doc, entryOf(request, 'stop', 'ok'));
        return this.end(active, request.by === 'api' ? 'api' : 'code');
      }),
    );
    const [recording] = docs;
    return {
      result: docs.every(({ state }) => state === 'discarded') ? 'discarded' : 'stopped',
      ...(recording && { recording }),
    };
  }

  /** Stops the audio and resolves with the finished document. */
  private async end(active: Active, reason: StopReason): Promise<RecordingDocument> {
    if (!hasRecorder(active)) return this.finisher.finish(active, reason, undefined);
    const { leg, switch: switchId } = active.doc.internal;
    const target = this.options.calls.get(leg);
    const port = this.options.switchOf(switchId);
    const finished = this.finisher.expect(active, reason);
    try {
      const stop = record('stop', leg, this.pathOf(active));
      const [reply = ''] = await port.apis(target?.callId ?? leg, [stop, ...this.maskers.forget(active)]);
      // A leg that has just hung up stops its recording by itself.
      if (target?.down === false) assertAccepted(reply);
    } catch (error) {
      finished.cancel();
      throw error;
    }
    return finished.document;
  }

  private unmaskByLimit(active: Active): Promise<RecordOutcome> {
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
    return this.absolute(currentFile(doc));
  }

  private absolute(file: string): string {
    return `${this.options.dir}/${file}`;
  }
}
