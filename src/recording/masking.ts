/** Masks and unmasks every recorder of a call: ours, and those that a dialplan or another program started. */
import type { Calls, Leg } from '../calls/calls.js';
import { MetaflowsError } from '../errors.js';
import {
  buglist,
  maskArguments,
  noteTime,
  parseBuglist,
  parseTime,
  record,
  setGlobal,
  setVariable,
  time,
  UNMASKED,
  type ApiCommand,
} from '../switch/commands.js';
import type { LegData } from '../switch/events.js';
import { hasRecorder, type Active } from './active.js';
import { isAdopted } from './document.js';
import { clearNote, isOk, maskNote, type RecordingSwitch } from './segments.js';
import { cuts } from './state.js';

/** The channel variables from which an absorbed mask code masks inside the switch: `bindCode` of `commands.ts`. */
const MASK_ARGUMENTS = 'metaflows_mask';
const MASK_NOTE_ARGUMENTS = 'metaflows_mask_note';
/** The channel variable that says to a service that comes back, or takes over, that the leg is one of {@link Maskers.held}. */
const HELD = 'metaflows_masked';

export const isMasked = ({ doc }: Active): boolean => doc.state === 'masked';

/** A recorder that is not ours. */
interface Other {
  uuid: string;
  path: string;
}

/** What came of masking or unmasking a call. */
export interface Masking {
  /** Those of ours for which it worked, and still counts. */
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
   * Legs of masked calls of which no document may say so: what was masked is not listed, or was somebody else's and has
   * ended by itself. Who masked the call has not unmasked it, and a dialplan begins its next recorder without a word.
   */
  private readonly held = new Set<string>();

  constructor(
    private readonly calls: Calls,
    private readonly switchOf: (id: string) => RecordingSwitch,
    private readonly pathOf: (active: Pick<Active, 'doc'>) => string,
    private readonly now: (switchId: string) => number,
  ) {}

  /** Whether what begins to record a call is to begin masked, beside the recordings there are. */
  holds(legs: Leg[], recordings: Active[]): boolean {
    return recordings.some(isMasked) || legs.some(({ uuid }) => this.held.has(uuid));
  }

  /**
   * Ours come first, in the same write as the question which others there are, then those: a dialplan's own
   * `record_session` goes on in clear until it is masked by its own path (freeswitch.md). A recording between two
   * segments has no recorder: its next one starts as the document says. An unmask that fails, of one recorder or on the
   * way, leaves the call masked, and none of ours is `done`. Rejects with `not_recording`, and as the switch does.
   */
  async apply(verb: 'mask' | 'unmask', legs: Leg[], running: Active[], key: string): Promise<Masking> {
    const [first] = legs;
    if (!first) throw new MetaflowsError('not_recording');
    const port = this.switchOf(first.switchId);
    const isUndone = verb === 'unmask' && this.holds(legs, running);
    const masks = running.filter(isMasked);
    const others: Other[] = [];
    const undo = () => {
      const own = masks.filter(hasRecorder);
      const notes = masks.flatMap(({ doc }) => [
        setGlobal(maskNote(doc.id), `@${doc.internal.mask_since ?? 0}`),
        setGlobal(clearNote(doc.id), ''),
      ]);
      const theirs = others.map(({ uuid, path }) => record('mask', uuid, path));
      const held = legs
        .filter(({ uuid }) => this.held.has(uuid))
        .map(({ uuid }) => setVariable(uuid, HELD, 'true'));
      return port.apis(key, [...own.map((active) => this.again(active)), ...theirs, ...notes, ...held]);
    };
    try {
      const masking = await this.give(verb, legs, running, port, key, others);
      if (!isUndone || masking.failed === undefined) return masking;
      const replies = await undo();
      const clear = masks.filter(hasRecorder).filter((_, index) => !isOk(replies[index]));
      return { ...masking, done: new Set(clear.filter((active) => masking.done.has(active))) };
    } catch (error) {
      // What timed out is carried out all the same when the switch comes to it, and this, in the same order, after it.
      if (isUndone) await undo().catch(() => undefined);
      throw error;
    }
  }

  /** `others` gets those that are not ours, before anything is asked of them. */
  private async give(
    verb: 'mask' | 'unmask',
    legs: Leg[],
    running: Active[],
    port: RecordingSwitch,
    key: string,
    others: Other[],
  ): Promise<Masking> {
    const now = this.now(legs[0]?.switchId ?? '');
    const ours = running.filter(hasRecorder);
    const waiting = running.filter((active) => !hasRecorder(active));
    const note = verb === 'mask' ? `@${now}` : UNMASKED;
    const before = waiting.map(({ doc }) => setGlobal(maskNote(doc.id), note));
    const own = ours.map((active) => this.command(verb, active));
    const answers = await port.apis(key, [...before, ...own, time, ...legs.map(({ uuid }) => buglist(uuid))]);
    const replies = answers.slice(before.length, before.length + own.length);
    const paths = new Set(ours.map((active) => this.pathOf(active)));
    for (const [index, { uuid }] of legs.entries()) {
      for (const bug of parseBuglist(answers[before.length + own.length + 1 + index] ?? '')) {
        if (bug.function === 'session_record' && !paths.has(bug.target))
          others.push({ uuid, path: bug.target });
      }
    }
    const held = legs.filter(({ uuid }) => this.held.has(uuid));
    const isHeld = verb === 'unmask' && held.length > 0;
    if (running.length + others.length === 0 && !isHeld) throw new MetaflowsError('not_recording');
    const holding = verb === 'mask' && others.length > 0 ? this.hold(legs) : [];
    const theirs = others.map(({ uuid, path }) => record(verb, uuid, path));
    const otherReplies = theirs.length > 0 ? await port.apis(key, [...theirs, ...holding]) : [];
    const failed = [...replies, ...otherReplies.slice(0, theirs.length)].find((reply) => !isOk(reply));
    if (verb === 'unmask' && failed === undefined) {
      const released = held.map(({ uuid }) => setVariable(uuid, HELD, ''));
      if (released.length > 0) await port.apis(key, released);
      for (const { uuid } of held) this.held.delete(uuid);
    }
    const done = new Set(
      running.filter((active) => !hasRecorder(active) || isOk(replies[ours.indexOf(active)])),
    );
    return { done, others: others.length, failed, at: parseTime(answers[before.length + own.length]) ?? now };
  }

  /** Masks a recorder that is not listed, on one of the legs of a call. Rejects with `mask_incomplete`, and as the switch does. */
  async maskOther(leg: Leg, path: string, legs: Leg[]): Promise<void> {
    const mask = record('mask', leg.uuid, path);
    const [reply] = await this.switchOf(leg.switchId).apis(leg.callId, [mask, ...this.hold(legs)]);
    if (!isOk(reply)) throw new MetaflowsError('mask_incomplete', reply);
  }

  /** The call stays masked though nothing records it. Rejects as the switch does. */
  async stay(leg: Leg, legs: Leg[]): Promise<void> {
    await this.switchOf(leg.switchId).apis(leg.callId, this.hold(legs));
  }

  /** Masks one recording of ours again, whatever it is now; what is noted of when it was masked stays. */
  again({ doc }: Pick<Active, 'doc'>): ApiCommand {
    return { ...this.command('mask', { doc }), first: [noteTime(maskNote(doc.id), UNMASKED)] };
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

  /** What is noted on the legs of a switch by whoever acted for it before. */
  found(legs: LegData[]): void {
    for (const { uuid, variable } of legs) if (variable(HELD)) this.held.add(uuid);
  }

  /** Whoever acts for the switch now masks its calls. */
  forget(switchId: string): void {
    for (const uuid of this.held) if (this.calls.get(uuid)?.switchId === switchId) this.held.delete(uuid);
  }

  /** The recording is over, and its mask with it. */
  async over(active: Active): Promise<void> {
    const { doc } = active;
    const { switch: switchId, leg, parties } = doc.internal;
    for (const uuid of this.held) if (!this.calls.get(uuid)) this.held.delete(uuid);
    const isAsked = doc.stop_reason === 'code' || doc.stop_reason === 'api';
    const isHeld = isAdopted(doc) && isMasked(active) && !isAsked;
    const legs = parties.map((uuid) => this.calls.get(uuid)).filter((party) => party !== undefined);
    const key = this.calls.get(leg)?.callId ?? leg;
    const holding = isHeld ? this.hold(legs.filter(({ down }) => !down)) : [];
    await this.switchOf(switchId).apis(key, [
      ...holding,
      setGlobal(maskNote(doc.id), ''),
      setGlobal(clearNote(doc.id), ''),
    ]);
  }

  /** The leg has left the call of its recording: its mask codes mask that no more. */
  async left(leg: Leg): Promise<void> {
    await this.switchOf(leg.switchId).apis(leg.callId, [
      setVariable(leg.uuid, MASK_ARGUMENTS, ''),
      setVariable(leg.uuid, MASK_NOTE_ARGUMENTS, ''),
    ]);
  }

  /** The legs stay masked whatever ends; what notes it in the switch. */
  private hold(legs: Leg[]): ApiCommand[] {
    const fresh = legs.filter(({ uuid }) => !this.held.has(uuid));
    for (const { uuid } of fresh) this.held.add(uuid);
    return fresh.map(({ uuid }) => setVariable(uuid, HELD, 'true'));
  }

  /** What comes of it is noted in the switch by the command itself: whoever is killed before the reply comes is to know of it. */
  private command(verb: 'mask' | 'unmask', { doc }: Pick<Active, 'doc'>): ApiCommand {
    const cutting = verb === 'mask' ? ('pause' as const) : ('resume' as const);
    const masked = maskNote(doc.id);
    const first =
      verb === 'mask' ? [noteTime(masked)] : [noteTime(clearNote(doc.id)), setGlobal(masked, UNMASKED)];
    return { ...record(cuts(doc) ? cutting : verb, doc.internal.leg, this.pathOf({ doc })), first };
  }

  private realLegs(active: Active): Leg[] {
    const target = this.calls.get(active.doc.internal.leg);
    return target ? this.calls.partiesOf(target) : [];
  }
}
