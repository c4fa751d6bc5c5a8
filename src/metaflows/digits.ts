/**
 * Who listens to which leg's digits: keeps a collector for each listener of a leg, has the codes bound inside the switch
 * (`absorbing.ts`), and runs what fires. A press reaches it once: as a code that the switch absorbed, or as DTMF events.
 */
import type { Logger } from 'winston';
import type { Calls, Change, Leg } from '../calls/calls.js';
import type { Tone } from '../calls/feedback.js';
import type { Owner } from '../calls/owner.js';
import { isMetaflowsError } from '../errors.js';
import type { DigitSettings } from '../generated/configuration.js';
import type { MetaflowNode } from '../generated/metaflows.js';
import { receiveDigits } from '../switch/commands.js';
import type { LegData, SwitchEvent } from '../switch/events.js';
import { Absorbing, masks, type DigitsSwitch } from './absorbing.js';
import { absorbed, expire, press, UNARMED, type CollectorState, type Step as Taken } from './collector.js';
import { beside, type CompiledMetaflows, type Match } from './compile.js';
import type { RunContext, Runner } from './runner.js';

export interface DigitsOptions {
  calls: Calls;
  switchOf: (id: string) => DigitsSwitch;
  /** Whether codes on this switch are for this instance to run. */
  actsFor: (switchId: string) => boolean;
  /** Whether they are for it to bind: also while it cannot tell for a moment, as nobody asks for that again. */
  bindsFor: (switchId: string) => boolean;
  /** The merged metaflows of an owner; `undefined` where there are none. */
  metaflowsOf: (owner: Owner) => CompiledMetaflows | undefined;
  runner: Pick<Runner, 'run'>;
  feedback: { play(leg: Leg, tone: Tone): Promise<void> };
  settings: DigitSettings;
  /** A code did what it says; told the module that it ran. */
  onMatched: (module: string) => void;
  /** A code did not; told the stable code of the reason. */
  onRefused: (code: string) => void;
  log: Logger;
}

/** Legs: after a restart there may be thousands, and what is pressed on any of them must not wait for all. */
const BOUND_AT_ONCE = 100;
/** Milliseconds: what a digit timeout decides waits for so long at a time until it is known whether this instance acts. */
const AGAIN_MS = 100;

/** Somebody whose metaflows a leg's digits are matched against. */
interface Listener {
  ownerLeg: Leg;
  owner: Owner;
  compiled: CompiledMetaflows;
  state: CollectorState;
  timer?: NodeJS.Timeout;
}

/** What becomes of what a listener has collected. */
type Step = (state: CollectorState, compiled: CompiledMetaflows) => Taken;

/** A code that was pressed, and whose it is. */
interface Fired {
  listener: Pick<Listener, 'ownerLeg' | 'owner'>;
  match: Match;
}

export class Digits {
  private readonly listeners = new Map<string, Listener[]>();
  private readonly running = new Set<Promise<void>>();
  private readonly absorbing: Absorbing;
  /** Legs whose codes are to be bound, or unbound, as their calls are by then. */
  private readonly toBind = new Set<Leg>();
  private binding: NodeJS.Immediate | undefined;
  private closed = false;

  constructor(private readonly options: DigitsOptions) {
    this.absorbing = new Absorbing(options);
  }

  /** A leg that was there before the service watched, and its variables. */
  found(leg: Leg, variable: LegData['variable']): void {
    this.absorbing.found(leg, variable);
  }

  /** Takes in what changed in the calls. */
  changed(change: Change): void {
    switch (change.type) {
      case 'created':
        this.absorbing.created(change.leg);
        this.listen(change.leg);
        this.bind(change.leg);
        return;
      case 'bridged':
      case 'unbridged':
        for (const leg of this.concerned(change.legs)) {
          this.listen(leg);
          this.bind(leg);
        }
        return;
      case 'gone':
        this.listenersOf(change.leg).forEach(disarm);
        this.listeners.delete(change.leg.uuid);
        this.absorbing.gone(change.leg);
        return;
      default:
    }
  }

  /** Metaflows of an account changed: calls in progress go by the new ones. */
  metaflowsChanged(account: string): void {
    for (const leg of this.options.calls.all()) {
      const far = this.options.calls.farLeg(leg);
      if (leg.owner?.account !== account && far?.owner?.account !== account) continue;
      this.listen(leg);
      this.bind(leg);
    }
  }

  /** Takes in digits, absorbed codes, and what dialplans bind. */
  handle(event: SwitchEvent): void {
    const leg = this.options.calls.get(event.uuid);
    if (!leg) return;
    if (event.type !== 'binding' && (this.closed || !this.options.actsFor(leg.switchId))) return;
    switch (event.type) {
      case 'binding':
        this.absorbing.executed(leg, event.application, event.data);
        // FusionPBX binds on the called leg when the bridge has begun: what was bound at its beginning follows.
        for (const each of [leg, this.options.calls.peerOf(leg)]) if (each) this.bind(each);
        return;
      case 'dtmf': {
        const step: Step = (state, compiled) => press(state, compiled, event.digit, event.at);
        for (const fired of this.collect(leg, event.at, step)) this.fire(leg, fired, event.at);
        return;
      }
      case 'code': {
        const masked = event.masked.includes('+OK Success');
        const isKnown = this.listenersOf(leg).some(({ compiled }) => compiled.codes.includes(event.code));
        if (!isKnown && !masked) this.handOn(leg, event.code);
        const step: Step = (state, compiled) => absorbed(state, compiled, event.code, event.at);
        const fired = isKnown ? this.collect(leg, event.at, step) : [];
        // It was a mask's when it was bound, and the switch has masked: so it is, whatever else the code means by now.
        if (masked && !fired.some(({ match }) => masks(match.node))) this.maskAsSwitch(leg, event.at);
        for (const each of fired) this.fire(leg, each, event.at, masked);
        return;
      }
      default:
    }
  }

  /** Half a code that was pressed on this switch, and what is bound there, may be another's by now. */
  forget(switchId: string): void {
    for (const leg of this.options.calls.all()) {
      if (leg.switchId !== switchId) continue;
      this.listenersOf(leg).forEach(disarm);
      this.absorbing.forget(leg);
    }
  }

  /** Presses on this switch go unheard: with what comes after them, half a code would be another one. */
  interrupted(switchId: string): void {
    for (const leg of this.options.calls.all()) {
      if (leg.switchId !== switchId) continue;
      this.listenersOf(leg).forEach(disarm);
      this.absorbing.interrupted(leg);
    }
  }

  /** Runs no more codes, ends every timer and waits for the codes that are being run. */
  async close(): Promise<void> {
    this.closed = true;
    clearImmediate(this.binding);
    for (const listeners of this.listeners.values()) listeners.forEach(disarm);
    await Promise.allSettled(this.running);
  }

  /**
   * Decides who listens to a leg: its owner by `self` or `both`, the far party's owner by `peer` or `both`. Whoever goes on
   * listening keeps what has been pressed of a code, also where its metaflows are new.
   */
  private listen(leg: Leg): void {
    if (leg.endpoint === 'loopback') return;
    const before = this.listenersOf(leg);
    const listenerOf = (ownerLeg: Leg | undefined, on: 'self' | 'peer', own?: Listener): Listener[] => {
      if (!ownerLeg?.owner) return [];
      const theirs = this.options.metaflowsOf(ownerLeg.owner);
      if (!theirs || (theirs.listenOn !== on && theirs.listenOn !== 'both')) return [];
      const compiled = own ? beside(own.compiled, theirs) : theirs;
      const known = before.find((listener) => listener.ownerLeg === ownerLeg);
      if (known?.compiled.bindingDigit !== compiled.bindingDigit) {
        return [{ ownerLeg, owner: ownerLeg.owner, compiled, state: UNARMED }];
      }
      known.compiled = compiled;
      return [known];
    };
    const own = listenerOf(leg, 'self');
    const listeners = [...own, ...listenerOf(this.options.calls.farLeg(leg), 'peer', own[0])];
    before.filter((each) => !listeners.includes(each)).forEach(disarm);
    this.listeners.set(leg.uuid, listeners);
  }

  /** Behind a loopback channel whoever is heard at its far side is another one as well. */
  private concerned(legs: readonly Leg[]): Iterable<Leg> {
    if (legs.every(({ otherHalf }) => otherHalf === undefined)) return legs;
    return new Set(legs.flatMap((leg) => this.options.calls.legsOf(leg)));
  }

  /** Once for all that changes in one turn; what is pressed meanwhile comes as DTMF. */
  private bind(leg: Leg): void {
    if (this.closed || !this.options.bindsFor(leg.switchId)) return;
    this.toBind.add(leg);
    this.binding ??= setImmediate(() => this.bindSome());
  }

  private bindSome(): void {
    let bound = 0;
    for (const leg of this.toBind) {
      if (bound++ === BOUND_AT_ONCE) break;
      this.toBind.delete(leg);
      if (!this.options.bindsFor(leg.switchId)) continue;
      this.absorbing.bind(
        leg,
        this.listenersOf(leg).map(({ compiled }) => compiled),
      );
    }
    this.binding = this.toBind.size > 0 ? setImmediate(() => this.bindSome()) : undefined;
  }

  private listenersOf(leg: Leg): Listener[] {
    return this.listeners.get(leg.uuid) ?? [];
  }

  /** What is to be run. The leg's own codes come before those that the far party listens for: one press runs once. */
  private collect(leg: Leg, at: number, step: Step): Fired[] {
    const listeners = this.listenersOf(leg);
    for (const listener of listeners) {
      const { state, fired } = step(listener.state, listener.compiled);
      this.proceed(leg, listener, state, at);
      if (fired.length === 0) continue;
      listeners.filter((each) => each !== listener).forEach(disarm);
      return fired.map((match) => ({ listener, match }));
    }
    return [];
  }

  private proceed(leg: Leg, listener: Listener, state: CollectorState, at: number): void {
    disarm(listener);
    listener.state = state;
    if (!state.armed) return;
    // Where this process stood still, what was pressed in time is read after its timers and before its immediates.
    const due = () => setImmediate(() => this.due(leg, listener, state.until));
    listener.timer = setTimeout(due, state.until - at);
  }

  private due(leg: Leg, listener: Listener, until: number): void {
    const { state } = listener;
    if (this.closed || !state.armed || state.until > until) return;
    if (!this.options.actsFor(leg.switchId)) {
      // Presses wait for the same (`link.ts`), and come first.
      this.proceed(leg, listener, state, until - AGAIN_MS);
      return;
    }
    const step: Step = (each, compiled) => expire(each, compiled, until);
    for (const fired of this.collect(leg, until, step)) this.fire(leg, fired, until);
  }

  private fire(leg: Leg, { listener, match }: Fired, at: number, maskedInSwitch = false): void {
    const { ownerLeg, owner } = listener;
    const { node, ...data } = match;
    const context = { leg: ownerLeg, presser: leg, by: 'code' as const, owner, at, maskedInSwitch, ...data };
    const running = this.run(leg, node, context).finally(() => this.running.delete(running));
    this.running.add(running);
  }

  private async run(leg: Leg, node: MetaflowNode, context: RunContext): Promise<void> {
    const { runner, feedback, log } = this.options;
    const facts = { leg: leg.uuid, account: context.owner.account, module: node.module };
    try {
      const { result } = await runner.run(node, context);
      this.options.onMatched(node.module);
      log.info('code run', { ...facts, result });
      await feedback.play(leg, 'done');
    } catch (error) {
      const known = isMetaflowsError(error);
      const refused = known && error.status < 500;
      this.options.onRefused(known ? error.code : 'internal');
      log.log(refused ? 'info' : 'error', 'code refused', { ...facts, error });
      await feedback.play(leg, refused ? 'refused' : 'failed');
    }
  }

  private maskAsSwitch(leg: Leg, at: number): void {
    const ownerLeg = [leg, this.options.calls.farLeg(leg)].find((each) => each?.owner);
    if (!ownerLeg?.owner) return;
    const node = { module: 'record_call', data: { action: 'mask' } } as const;
    this.fire(leg, { listener: { ownerLeg, owner: ownerLeg.owner }, match: { node } }, at, true);
  }

  /** A code that nobody has any more, but that is still bound: the far end gets its digits after all. */
  private handOn(leg: Leg, code: string): void {
    this.options
      .switchOf(leg.switchId)
      .apis(leg.callId, [receiveDigits(leg.uuid, code)])
      .catch((error: unknown) => {
        this.options.log.warn('digits could not be handed on', { leg: leg.uuid, error });
      });
  }
}

/** What was pressed of a code counts no more. */
function disarm(listener: Listener): void {
  clearTimeout(listener.timer);
  listener.state = UNARMED;
}
