/** Masks and unmasks every recorder of a call: ours, and those that a dialplan or another program started. */
import type { Calls, Leg } from '../calls/calls.js';
import { MetaflowsError } from '../errors.js';
import {
  buglist,
  maskArguments,
  parseBuglist,
  parseTime,
  record,
  setGlobal,
  setVariable,
  time,
  UNMASKED,
  type ApiCommand,
} from '../switch/commands.js';
import { hasRecorder, type Active } from './active.js';
import { isAdopted } from './document.js';
import { isOk, maskNote, type RecordingSwitch } from './segments.js';
import { cuts } from './state.js';

/** The channel variables from which an absorbed mask code masks inside the switch: `bindCode` of `commands.ts`. */
const MASK_ARGUMENTS = 'metaflows_mask';
const MASK_NOTE_ARGUMENTS = 'metaflows_mask_note';

export const isMasked = ({ doc }: Active): boolean => doc.state === 'masked';

/** What came of masking or unmasking a call. */
export interface Masking {
  /** Those of ours for which it worked. */
  done: Set<Active>;
  /** How many recorders there were that are not ours. */
  others: number;
  /** The reply of the switch that says what did not work. */
  failed: string | undefined;
  /** When the switch did it: epoch, milliseconds, by its clock. A reply may be on its way for long. */
  at: number;
}

export class Maskers {
  /** Recordings that have a note in the switch of whether they are masked. */
  private readonly noted = new Set<string>();
  /**
   * Legs of calls whose masked recording was somebody else's and has ended by itself: who masked the call has not unmasked
   * it, and a dialplan begins its next recorder without a word.
   */
  private readonly held = new Set<string>();

  constructor(
    private readonly calls: Calls,
    private readonly switchOf: (id: string) => RecordingSwitch,
    private readonly pathOf: (active: Active) => string,
    private readonly now: (switchId: string) => number,
  ) {}

  /** Whether what begins to record a call is to begin masked, beside the recordings there are. */
  holds(legs: Leg[], recordings: Active[]): boolean {
    return recordings.some(isMasked) || legs.some(({ uuid }) => this.held.has(uuid));
  }

  /**
   * Ours come first, in the same write as the question which others there are, then those: a dialplan's own
   * `record_session` goes on in clear until it is masked by its own path (freeswitch.md). A recording between two
   * segments has no recorder: its next one starts as the document says. Rejects with `not_recording`.
   */
  async apply(verb: 'mask' | 'unmask', legs: Leg[], running: Active[], key: string): Promise<Masking> {
    const [first] = legs;
    if (!first) throw new MetaflowsError('not_recording');
    if (verb === 'unmask') for (const { uuid } of legs) this.held.delete(uuid);
    const port = this.switchOf(first.switchId);
    const ours = running.filter(hasRecorder);
    const note = (value: string) => running.map(({ doc }) => setGlobal(maskNote(doc.id), value));
    // The note is there before the mask and goes after the unmask: a crash in between errs on the masked side.
    const before = verb === 'mask' ? note(`@${this.now(first.switchId)}`) : [];
    const own = ours.map((active) => this.command(verb, active));
    const answers = await port.apis(key, [...before, ...own, time, ...legs.map(({ uuid }) => buglist(uuid))]);
    const replies = answers.slice(before.length, before.length + own.length);
    const paths = new Set(ours.map((active) => this.pathOf(active)));
    const others = legs.flatMap((leg, index) =>
      parseBuglist(answers[before.length + own.length + 1 + index] ?? '')
        .filter((bug) => bug.function === 'session_record' && !paths.has(bug.target))
        .map((bug) => record(verb, leg.uuid, bug.target)),
    );
    if (running.length + others.length === 0) throw new MetaflowsError('not_recording');
    const otherReplies = others.length > 0 ? await port.apis(key, others) : [];
    const failed = [...replies, ...otherReplies].find((reply) => !isOk(reply));
    if (verb === 'unmask' && failed === undefined && running.length > 0) await port.apis(key, note(UNMASKED));
    const done = new Set(
      running.filter((active) => !hasRecorder(active) || isOk(replies[ours.indexOf(active)])),
    );
    const at = parseTime(answers[before.length + own.length]) ?? this.now(first.switchId);
    return { done, others: others.length, failed, at };
  }

  /** Masks one recording of ours again, whatever it is now. */
  again(active: Active): ApiCommand {
    return this.command('mask', active);
  }

  /** Gives the legs of the call what their mask codes need to mask inside the switch, the service up or not. */
  async prepare(active: Active, key: string): Promise<void> {
    const { id, internal } = active.doc;
    const verb = cuts(active.doc) ? 'pause' : 'mask';
    const commands = this.realLegs(active).flatMap(({ uuid }) => [
      setVariable(uuid, MASK_NOTE_ARGUMENTS, maskNote(id)),
      setVariable(uuid, MASK_ARGUMENTS, maskArguments(verb, internal.leg, this.pathOf(active))),
    ]);
    if (commands.length === 0) return;
    const isFirst = !this.noted.has(id) && !isMasked(active);
    this.noted.add(id);
    const note = isFirst ? [setGlobal(maskNote(id), UNMASKED)] : [];
    await this.switchOf(internal.switch).apis(key, [...note, ...commands]);
  }

  /** What takes the traces of a recording off the legs of its call. */
  forget(active: Active): ApiCommand[] {
    return this.realLegs(active).flatMap(({ uuid }) => forgetOn(uuid));
  }

  /** The recording is over, and its mask with it. */
  async over(active: Active): Promise<void> {
    const { doc } = active;
    const { switch: switchId, leg, parties } = doc.internal;
    for (const uuid of this.held) if (!this.calls.get(uuid)) this.held.delete(uuid);
    const isAsked = doc.stop_reason === 'code' || doc.stop_reason === 'api';
    if (isAdopted(doc) && isMasked(active) && !isAsked) {
      for (const uuid of parties) if (this.calls.get(uuid)) this.held.add(uuid);
    }
    this.noted.delete(doc.id);
    const key = this.calls.get(leg)?.callId ?? leg;
    await this.switchOf(switchId).apis(key, [setGlobal(maskNote(doc.id), '')]);
  }

  /** The leg has left the call of its recording: its mask codes mask that no more. */
  async left(leg: Leg): Promise<void> {
    await this.switchOf(leg.switchId).apis(leg.callId, forgetOn(leg.uuid));
  }

  private command(verb: 'mask' | 'unmask', active: Active): ApiCommand {
    const cutting = verb === 'mask' ? ('pause' as const) : ('resume' as const);
    return record(cuts(active.doc) ? cutting : verb, active.doc.internal.leg, this.pathOf(active));
  }

  private realLegs(active: Active): Leg[] {
    const target = this.calls.get(active.doc.internal.leg);
    return target ? this.calls.partiesOf(target) : [];
  }
}

function forgetOn(uuid: string): ApiCommand[] {
  return [setVariable(uuid, MASK_ARGUMENTS, ''), setVariable(uuid, MASK_NOTE_ARGUMENTS, '')];
}
