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
import { Absorbing, masksInSwitch, type DigitsSwitch } from './absorbing.js';
import { absorbed, expire, press, UNARMED, type CollectorState, type Step } from './collector.js';
import type { CompiledMetaflows, Match } from './compile.js';
import type { RunContext, Runner } from './runner.js';

export interface DigitsOptions {
  calls: Calls;
  switchOf: (id: string) => DigitsSwitch;
  /** Whether codes on this switch are for this instance to bind and to run. */
  actsFor: (switchId: string) => boolean;
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

/** Somebody whose metaflows a leg's digits are matched against. */
interface Listener {
  ownerLeg: Leg;
  owner: Owner;
  compiled: CompiledMetaflows;
  state: CollectorState;
  timer?: NodeJS.Timeout;
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
        for (const leg of change.legs) {
          this.listen(leg);
          this.bind(leg);
        }
        return;
      case 'gone':
        this.drop(change.leg);
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
    const listeners = this.listenersOf(leg);
    if (event.type !== 'binding' && (this.closed || !this.options.actsFor(leg.switchId))) return;
    switch (event.type) {
      case 'binding':
        this.absorbing.executed(leg, event.application, event.data);
        // FusionPBX binds on the called leg when the bridge has begun: what was bound at its beginning follows.
        for (const each of [leg, this.options.calls.peerOf(leg)]) if (each) this.bind(each);
        return;
      case 'dtmf':
        this.collect(
          leg,
          listeners,
          event.at,
          (listener) => press(listener.state, listener.compiled, event.digit, event.at),
          false,
        );
        return;
      case 'code': {
        const known = listeners.filter(({ compiled }) => compiled.codes.includes(event.code));
        const masked = event.masked.includes('+OK Success');
        const isMask = known.some(({ compiled }) => masksInSwitch(compiled, event.code));
        // It was a mask's when it was bound, and the switch has masked: so it is, whatever else the code means by now.
        if (masked && !isMask) this.maskAsSwitch(leg, event.at);
        else if (known.length === 0) this.handOn(leg, event.code);
        this.collect(
          leg,
          known,
          event.at,
          (listener) => absorbed(listener.state, listener.compiled, event.code, event.at),
          masked,
        );
        return;
      }
      default:
    }
  }

  /** Half a code that was pressed on this switch, and what is bound there, may be another's by now. */
  forget(switchId: string): void {
    for (const leg of this.options.calls.all()) {
      if (leg.switchId !== switchId) continue;
      this.drop(leg);
      this.listen(leg);
      this.absorbing.forget(leg);
    }
  }

  /** Runs no more codes, ends every timer and waits for the codes that are being run. */
  async close(): Promise<void> {
    this.closed = true;
    clearImmediate(this.binding);
    for (const listeners of this.listeners.values()) {
      for (const { timer } of listeners) clearTimeout(timer);
    }
    await Promise.allSettled(this.running);
  }

  /**
   * Decides who listens to a leg: its owner by `self` or `both`, the far party's owner by `peer` or `both`. Whoever goes on
   * listening keeps what has been pressed of a code, also where its metaflows are new.
   */
  private listen(leg: Leg): void {
    if (leg.endpoint === 'loopback') return;
    const before = this.listenersOf(leg);
    const listenerOf = (ownerLeg: Leg | undefined, on: 'self' | 'peer'): Listener[] => {
      if (!ownerLeg?.owner) return [];
      const compiled = this.options.metaflowsOf(ownerLeg.owner);
      if (!compiled || (compiled.listenOn !== on && compiled.listenOn !== 'both')) return [];
      const known = before.find((listener) => listener.ownerLeg === ownerLeg);
      if (known?.compiled.bindingDigit !== compiled.bindingDigit) {
        return [{ ownerLeg, owner: ownerLeg.owner, compiled, state: UNARMED }];
      }
      known.compiled = compiled;
      return [known];
    };
    const far = this.options.calls.farLeg(leg);
    const listeners = [...listenerOf(leg, 'self'), ...listenerOf(far, 'peer')];
    for (const each of before) if (!listeners.includes(each)) clearTimeout(each.timer);
    this.listeners.set(leg.uuid, listeners);
  }

  private drop(leg: Leg): void {
    for (const { timer } of this.listenersOf(leg)) clearTimeout(timer);
    this.listeners.delete(leg.uuid);
  }

  /** Once for all that changes in one turn; what is pressed meanwhile comes as DTMF. */
  private bind(leg: Leg): void {
    if (this.closed || !this.options.actsFor(leg.switchId)) return;
    this.toBind.add(leg);
    this.binding ??= setImmediate(() => this.bindSome());
  }

  private bindSome(): void {
    let bound = 0;
    for (const leg of this.toBind) {
      if (bound++ === BOUND_AT_ONCE) break;
      this.toBind.delete(leg);
      if (!this.options.actsFor(leg.switchId)) continue;
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

  private collect(
    leg: Leg,
    listeners: Listener[],
    at: number,
    step: (listener: Listener) => Step,
    maskedInSwitch: boolean,
  ): void {
    let fired = false;
    for (const listener of listeners) {
      clearTimeout(listener.timer);
      // The leg's own codes come before those that the far party listens for: one press runs once.
      if (fired) {
        listener.state = UNARMED;
        continue;
      }
      const { state, fired: matches } = step(listener);
      this.proceed(leg, listener, state, at);
      for (const match of matches) this.fire(leg, listener, match, at, maskedInSwitch);
      fired = matches.length > 0;
    }
  }

  private proceed(leg: Leg, listener: Listener, state: CollectorState, at: number): void {
    listener.state = state;
    if (!state.armed) return;
    listener.timer = setTimeout(() => {
      const { state: after, fired } = expire(state, listener.compiled, state.until);
      listener.state = after;
      for (const match of fired) this.fire(leg, listener, match, state.until, false);
    }, state.until - at);
  }

  private fire(
    leg: Leg,
    { ownerLeg, owner }: Pick<Listener, 'ownerLeg' | 'owner'>,
    match: Match,
    at: number,
    maskedInSwitch: boolean,
  ): void {
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
    this.fire(leg, { ownerLeg, owner: ownerLeg.owner }, { node }, at, true);
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
