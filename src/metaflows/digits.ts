/**
 * Who listens to which leg's digits: keeps a collector for each listener of a leg, binds the codes inside the switch
 * while the leg is bridged, and runs what fires. A press reaches it once: as a code that the switch absorbed, or as
 * DTMF events.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'winston';
import type { Calls, Change, Leg } from '../calls/calls.js';
import type { Tone } from '../calls/feedback.js';
import type { Owner } from '../calls/owner.js';
import { isMetaflowsError } from '../errors.js';
import type { DigitSettings } from '../generated/configuration.js';
import type { MetaflowNode } from '../generated/metaflows.js';
import {
  bindCode,
  bindForward,
  bindSwallow,
  receiveDigits,
  setVariable,
  type ApiCommand,
} from '../switch/commands.js';
import type { SwitchEvent } from '../switch/events.js';
import {
  NO_FOREIGN,
  OUR_REALM,
  plan,
  withExecuted,
  type Binding,
  type Code,
  type Foreign,
  type Plan,
} from './bindings.js';
import {
  absorbed,
  expire,
  press,
  SWITCH_DIGIT_TIMEOUT_MS,
  UNARMED,
  type CollectorState,
  type Step,
} from './collector.js';
import type { CompiledMetaflows, Match } from './compile.js';
import type { RunContext, Runner } from './runner.js';

/** The channel variable that says in which realm a leg's codes are bound, for a service that comes back. */
export const REALM = 'metaflows_realm';

export interface DigitsSwitch {
  apis(key: string, commands: ApiCommand[]): Promise<string[]>;
  execute(key: string, uuid: string, application: string, data: string): Promise<void>;
}

export interface DigitsOptions {
  calls: Calls;
  switchOf: (id: string) => DigitsSwitch;
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

/** Somebody whose metaflows a leg's digits are matched against. */
interface Listener {
  ownerLeg: Leg;
  owner: Owner;
  compiled: CompiledMetaflows;
  state: CollectorState;
  timer?: NodeJS.Timeout;
}

interface LegDigits {
  listeners: Listener[];
  foreign: Foreign;
  /** Whether all that the dialplan bound was seen; if not, codes are bound in {@link realm} or not at all. */
  watched: boolean;
  realm?: string | undefined;
  bound: Plan | undefined;
}

export class Digits {
  private readonly legs = new Map<string, LegDigits>();
  private readonly running = new Set<Promise<void>>();

  constructor(private readonly options: DigitsOptions) {}

  /** A leg that was there before the service watched: what its dialplan bound cannot be asked of the switch. */
  found(leg: Leg, realm: string | undefined): void {
    if (this.legs.has(leg.uuid)) return;
    this.legs.set(leg.uuid, { ...fresh(), watched: false, realm: realm ?? this.options.settings.realm });
  }

  /** Takes in what changed in the calls. */
  changed(change: Change): void {
    switch (change.type) {
      case 'created':
        if (!this.legs.has(change.leg.uuid)) this.legs.set(change.leg.uuid, fresh());
        this.listen(change.leg);
        return;
      case 'bridged':
      case 'unbridged':
        for (const leg of change.legs) {
          this.listen(leg);
          this.bind(leg);
        }
        return;
      case 'gone': {
        const digits = this.legs.get(change.leg.uuid);
        for (const listener of digits?.listeners ?? []) clearTimeout(listener.timer);
        this.legs.delete(change.leg.uuid);
        return;
      }
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
    const digits = this.legs.get(event.uuid);
    const leg = this.options.calls.get(event.uuid);
    if (!digits || !leg) return;
    switch (event.type) {
      case 'binding':
        digits.foreign = withExecuted(digits.foreign, event.application, event.data);
        // A dialplan that clears has cleared what is ours as well.
        if (event.application === 'clear_digit_action') digits.bound = undefined;
        // FusionPBX binds on the called leg when the bridge has begun: what was bound at its beginning follows.
        for (const each of [leg, this.options.calls.peerOf(leg)]) if (each) this.bind(each);
        return;
      case 'dtmf':
        this.collect(
          leg,
          digits,
          (listener, at) => press(listener.state, listener.compiled, event.digit, at),
          false,
        );
        return;
      case 'code': {
        const known = digits.listeners.filter(({ compiled }) => compiled.codes.includes(event.code));
        if (known.length === 0) {
          this.handOn(leg, event.code);
          return;
        }
        const masked = event.masked.includes('+OK Success');
        this.collect(
          leg,
          { ...digits, listeners: known },
          (listener, at) => absorbed(listener.state, listener.compiled, event.code, at),
          masked,
        );
        return;
      }
      default:
    }
  }

  /** Ends every timer and waits for the codes that are being run. */
  async close(): Promise<void> {
    for (const { listeners } of this.legs.values()) {
      for (const { timer } of listeners) clearTimeout(timer);
    }
    await Promise.allSettled(this.running);
  }

  /** Decides who listens to a leg: its owner by `self` or `both`, the far party's owner by `peer` or `both`. */
  private listen(leg: Leg): void {
    const digits = this.legs.get(leg.uuid);
    if (!digits || leg.endpoint === 'loopback') return;
    for (const { timer } of digits.listeners) clearTimeout(timer);
    const listenerOf = (ownerLeg: Leg | undefined, on: 'self' | 'peer'): Listener[] => {
      if (!ownerLeg?.owner) return [];
      const compiled = this.options.metaflowsOf(ownerLeg.owner);
      if (!compiled || (compiled.listenOn !== on && compiled.listenOn !== 'both')) return [];
      return [{ ownerLeg, owner: ownerLeg.owner, compiled, state: UNARMED }];
    };
    digits.listeners = [...listenerOf(leg, 'self'), ...listenerOf(this.options.calls.farLeg(leg), 'peer')];
  }

  /** Binds the codes of a bridged leg inside the switch, unbinds those of one that is not. */
  private bind(leg: Leg): void {
    const { calls, settings, switchOf, log } = this.options;
    const digits = this.legs.get(leg.uuid);
    if (!digits || leg.down || leg.endpoint === 'loopback' || settings.capture === 'listen') return;
    const peer = calls.peerOf(leg);
    const codes = peer ? this.codesOf(digits) : [];
    const steps: (() => Promise<unknown>)[] = [];
    const port = switchOf(leg.switchId);
    const run = (application: string, data: string) => port.execute(leg.callId, leg.uuid, application, data);

    const wanted = peer && codes.length > 0 ? this.planned(digits, codes, peer) : undefined;
    if (isDeepStrictEqual(wanted, digits.bound)) return;

    const gone = digits.bound?.bindings.some(
      ({ digits: bound }) => !wanted?.bindings.some((binding) => binding.digits === bound),
    );
    if (digits.bound?.realm === OUR_REALM && gone) {
      // Single bindings cannot be removed, and bindings outlive a bridge (freeswitch.md). A parser that is left without
      // a realm holds every digit until its timeout: where all that it has is ours it goes altogether.
      const own = digits.foreign;
      const onlyOurs = own.realm === undefined && own.own.length === 0;
      steps.push(() => run('clear_digit_action', onlyOurs ? 'all' : OUR_REALM));
      digits.bound = undefined;
    }
    if (wanted) {
      const { realm, bindings } = wanted;
      const timeout = Math.min(
        SWITCH_DIGIT_TIMEOUT_MS,
        ...digits.listeners.map((l) => l.compiled.digitTimeoutMs),
      );
      steps.push(() =>
        port.apis(leg.callId, [
          setVariable(leg.uuid, 'bind_digit_digit_timeout', String(timeout)),
          setVariable(leg.uuid, REALM, realm),
        ]),
      );
      for (const binding of bindings) steps.push(() => run('bind_digit_action', bindingData(realm, binding)));
      digits.bound = wanted;
    }
    Promise.all(steps.map((step) => step())).catch((error: unknown) => {
      // The next bridge, or the next binding that is seen, tries again.
      if (digits.bound === wanted) digits.bound = undefined;
      if (isMetaflowsError(error, 'call_gone')) return;
      log.warn('codes could not be bound: they are heard by the far end', { leg: leg.uuid, error });
    });
  }

  /** What is to be bound on a leg, and where; nothing where the dialplan's own bindings are not known. */
  private planned(digits: LegDigits, codes: Code[], peer: Leg): Plan | undefined {
    if (!digits.watched && digits.realm === undefined) return undefined;
    const foreign = this.legs.get(peer.uuid)?.foreign ?? NO_FOREIGN;
    const { realm, bindings } = plan(codes, digits.foreign, { uuid: peer.uuid, foreign });
    return { realm: digits.realm ?? realm, bindings };
  }

  /** The literal codes of all who listen to a leg; a code masks by itself where no longer one could be meant. */
  private codesOf(digits: LegDigits): Code[] {
    const codes = new Map<string, boolean>();
    for (const { compiled } of digits.listeners) {
      for (const code of compiled.codes) {
        if (codes.has(code)) continue;
        const collected = code.slice(1);
        const node = compiled.match(collected)?.node;
        const masks = node?.module === 'record_call' && node.data?.action === 'mask';
        codes.set(code, masks && !compiled.canGrow(collected));
      }
    }
    return [...codes].map(([code, masks]) => ({ code, masks }));
  }

  private collect(
    leg: Leg,
    digits: LegDigits,
    step: (listener: Listener, at: number) => Step,
    maskedInSwitch: boolean,
  ): void {
    const at = Date.now();
    let fired = false;
    for (const listener of digits.listeners) {
      clearTimeout(listener.timer);
      // The leg's own codes come before those that the far party listens for: one press runs once.
      if (fired) {
        listener.state = UNARMED;
        continue;
      }
      const { state, fired: matches } = step(listener, at);
      this.proceed(leg, listener, state);
      for (const match of matches) this.fire(leg, listener, match, at, maskedInSwitch);
      fired = matches.length > 0;
    }
  }

  private proceed(leg: Leg, listener: Listener, state: CollectorState): void {
    listener.state = state;
    if (!state.armed) return;
    listener.timer = setTimeout(
      () => {
        const at = Math.max(Date.now(), state.until);
        const { state: after, fired } = expire(state, listener.compiled, at);
        listener.state = after;
        for (const match of fired) this.fire(leg, listener, match, at, false);
      },
      Math.max(0, state.until - Date.now()),
    );
  }

  private fire(
    leg: Leg,
    { ownerLeg, owner }: Listener,
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

function fresh(): LegDigits {
  return { listeners: [], foreign: NO_FOREIGN, watched: true, bound: undefined };
}

function bindingData(realm: string, binding: Binding): string {
  switch (binding.does) {
    case 'code':
      return bindCode(realm, binding.digits, binding.masks);
    case 'swallow':
      return bindSwallow(realm, binding.digits);
    case 'forward':
      return bindForward(realm, binding.digits, binding.to);
  }
}
