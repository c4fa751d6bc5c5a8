/**
 * What is asked of the recordings of a call, by code, API or limit: started, masked, unmasked, stopped, and accounted for
 * where it could not be done. The commands of one call run one at a time, in order.
 */
import type { Leg } from '../calls/calls.js';
import { isMetaflowsError, MetaflowsError } from '../errors.js';
import type { AuditEntry, RecordingDocument } from '../generated/recording.js';
import { assertAccepted, record } from '../switch/commands.js';
import { hasRecorder, type Active, type ActiveRecordings } from './active.js';
import type { Announcer } from './announcer.js';
import { entryOf, isAdopted } from './document.js';
import type { Happening } from './events.js';
import type { Finisher } from './finisher.js';
import type { Limits } from './limits.js';
import { byService, MaskCommands, unrecorded } from './mask-commands.js';
import { isMasked, type Maskers } from './masking.js';
import type { RecorderOptions, RecordOutcome, RecordRequest, StopReason } from './ports.js';
import type { Starting } from './starting.js';
import { audited } from './state.js';

export interface CommandsParts {
  options: RecorderOptions;
  recordings: ActiveRecordings;
  /** Runs in the turn of the legs' call. */
  turn: <T>(uuids: string[], work: () => Promise<T>) => Promise<T>;
  maskers: Maskers;
  finisher: Finisher;
  limits: Limits;
  announcer: Announcer;
  starting: Starting;
  pathOf: (active: Active) => string;
  now: (switchId: string) => number;
  /** Stores the document, then tells of what happened to it. */
  keep: (active: Active, doc: RecordingDocument, type?: Happening['type']) => Promise<void>;
  /** Gives the legs of the call what their mask codes need. */
  prepare: (active: Active, key: string) => Promise<void>;
  /** What a leg's recordings were told to wait for may have come. */
  heedWait: (uuid: string) => void;
  /** Nobody waits for `work`: what goes wrong is logged. */
  attempt: (active: Active, work: Promise<unknown>) => void;
}

/**
 * What a command came to in the switch. What is waited for outside the call's turn, so that no mask is kept waiting by
 * the store, or by a start's proof.
 */
export interface Done {
  outcome: RecordOutcome;
  stored?: Promise<unknown> | undefined;
  proof?: Promise<void>;
}

export class Commands {
  private readonly masks: MaskCommands;

  constructor(private readonly parts: CommandsParts) {
    this.masks = new MaskCommands(parts);
  }

  /**
   * Does what `request.data.action` says (`start` where it says nothing) and resolves when it is known to have
   * happened, and is stored. Rejects with a MetaflowsError that says why it has not.
   */
  async run(request: RecordRequest): Promise<RecordOutcome> {
    const { outcome, stored, proof } = await this.parts.turn([request.leg.uuid], async (): Promise<Done> => {
      const legs = this.parts.options.calls.legsOf(request.leg);
      const adopted = this.parts.recordings.ofCall(legs).filter(({ doc }) => isAdopted(doc));
      const own = this.parts.recordings.ofCall(legs).filter(({ doc }) => !isAdopted(doc));
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
      const refused = async (error: unknown): Promise<never> => {
        await this.refused(request, action, running, error);
        throw error;
      };
      const act = (): Promise<Done> => {
        if (action === 'stop') return this.stop(request, running);
        if (action !== 'start') return this.masks.give(action, request, legs, running);
        return this.start(request, own[0], this.parts.maskers.holds(legs, adopted));
      };
      const done = await act().catch(refused);
      return { ...done, stored: done.stored?.catch(refused) };
    });
    await Promise.all([stored, proof]);
    return outcome;
  }

  /** Accounts for what could not be done, with the recordings that go on, else on its own. */
  private async refused(
    request: RecordRequest,
    action: AuditEntry['action'],
    running: Active[],
    error: unknown,
  ): Promise<void> {
    const { audit, log } = this.parts.options;
    const entry = entryOf(request, action, isMetaflowsError(error) ? error.code : 'internal_error');
    const going = running.filter(({ doc }) => this.parts.recordings.get(doc.id));
    try {
      if (going.length > 0) {
        await Promise.all(going.map((active) => this.parts.keep(active, audited(active.doc, entry))));
      } else {
        await audit(unrecorded(request, entry, running[0]));
      }
    } catch (failure) {
      log.error('a refusal could not be accounted for', { error: failure });
    }
  }

  private async start(
    request: RecordRequest,
    running: Active | undefined,
    isCallMasked: boolean,
  ): Promise<Done> {
    if (running) {
      const outcome = { result: 'already_recording', recording: running.doc } as const;
      if (request.by === 'service') return { outcome };
      const noted = audited(running.doc, entryOf(request, 'start', 'already_recording'));
      return { outcome, stored: this.parts.keep(running, noted) };
    }
    const active = await this.parts.starting.start(request, isCallMasked);
    const { doc } = active;
    // It runs, also where it cannot be stored just now.
    const kept = [this.parts.keep(active, doc, 'started')];
    if (isMasked(active)) kept.push(this.parts.keep(active, active.doc, 'masked'));
    this.parts.heedWait(doc.internal.leg);
    this.parts.announcer.arm(active);
    void this.parts.announcer.inform(active, this.parts.options.calls.partiesOf(request.leg));
    this.parts.attempt(active, this.parts.prepare(active, request.leg.callId));
    this.parts.options.log.info('recording started', {
      recording: doc.id,
      leg: doc.internal.leg,
      account: doc.account_id,
    });
    return {
      outcome: { result: 'started', recording: active.doc },
      stored: Promise.all(kept),
      proof: this.prove(active),
    };
  }

  /** Rejects where the switch says that it records, and does not. */
  private async prove(active: Active): Promise<void> {
    const { id } = active.doc;
    if (await this.parts.starting.proven(active, () => this.parts.recordings.get(id) !== undefined)) return;
    await this.endByItself(active, 'no_audio');
    throw new MetaflowsError('no_audio');
  }

  private async stop(request: RecordRequest, running: Active[]): Promise<Done> {
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
    const result = docs.every(({ state }) => state === 'discarded') ? 'discarded' : 'stopped';
    return { outcome: { result, ...(recording && { recording }) } };
  }

  private mayStop(request: RecordRequest, { doc }: Active): boolean {
    const { stop_adopted, stop_automatic } = this.parts.options.settings;
    if (isAdopted(doc)) return stop_adopted;
    return !doc.internal.automatic || stop_automatic || request.asAdmin === true;
  }

  /** Ends it, in the turn of its call, where nobody has meanwhile. */
  endByItself(active: Active, reason: StopReason): Promise<void> {
    const { id, internal } = active.doc;
    return this.parts.turn(internal.parties, async () => {
      if (this.parts.recordings.get(id)) await this.end(active, reason);
    });
  }

  /** Stops the audio and resolves with the finished document. */
  private async end(active: Active, reason: StopReason, entry?: AuditEntry): Promise<RecordingDocument> {
    if (!hasRecorder(active)) return this.parts.finisher.finish(active, reason, undefined, entry);
    const { leg, switch: switchId } = active.doc.internal;
    const target = this.parts.options.calls.get(leg);
    const port = this.parts.options.switchOf(switchId);
    const finished = this.parts.finisher.expect(active, reason, entry);
    try {
      const stop = record('stop', leg, this.parts.pathOf(active));
      const [reply = ''] = await port.apis(target?.callId ?? leg, [stop]);
      // A leg that has just hung up stops its recording by itself.
      if (target?.down === false) assertAccepted(reply);
    } catch (error) {
      finished.cancel();
      throw error;
    }
    return finished.document;
  }

  /** Being masked belongs to the call: what records it in clear beside a masked recording is masked too. */
  maskAlike(leg: Leg | undefined): void {
    if (!leg) return;
    const legs = this.parts.options.calls.legsOf(leg);
    const isOfCall = (active: Active) =>
      !hasRecorder(active) || legs.some(({ uuid }) => uuid === active.doc.internal.leg);
    const recordings = this.parts.recordings.ofCall(legs).filter(isOfCall);
    const clear = recordings.find((active) => !isMasked(active));
    if (!clear || !this.parts.maskers.holds(legs, recordings)) return;
    this.parts.attempt(clear, this.run(byService('mask', leg, clear.doc.account_id, this.parts.now)));
  }

  /** Masks a recorder that is not listed where its call is masked. Rejects with `mask_incomplete`, and as the switch does. */
  maskUnlisted(leg: Leg, path: string): Promise<void> {
    return this.parts.turn([leg.uuid], async () => {
      const legs = this.parts.options.calls.legsOf(leg);
      if (this.parts.maskers.holds(legs, this.parts.recordings.ofCall(legs)))
        await this.parts.maskers.maskOther(leg, path, legs);
    });
  }

  async unmaskByLimit(active: Active): Promise<RecordOutcome> {
    const leg = active.doc.internal.parties
      .map((uuid) => this.parts.options.calls.get(uuid))
      .find((party) => party);
    if (!leg) throw new MetaflowsError('call_gone');
    return this.run(byService('unmask', leg, active.doc.account_id, this.parts.now));
  }
}
