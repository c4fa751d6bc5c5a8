/** Binds codes inside the switch while a leg is bridged, so that the far end hears nothing of them. */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'winston';
import type { Calls, Leg } from '../calls/calls.js';
import { isMetaflowsError } from '../errors.js';
import type { DigitSettings } from '../generated/configuration.js';
import type { MetaflowNode } from '../generated/metaflows.js';
import {
  bindCode,
  bindForward,
  bindSwallow,
  setVariable,
  setVariables,
  type ApiCommand,
} from '../switch/commands.js';
import type { LegData } from '../switch/events.js';
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
import { SWITCH_DIGIT_TIMEOUT_MS } from './collector.js';
import type { CompiledMetaflows } from './compile.js';

/** The channel variable that says in which realm a leg's codes are bound, for a service that comes back. */
export const REALM = 'metaflows_realm';
/** The channel variable that says that they are bound now. */
export const BOUND = 'metaflows_bound';

export interface DigitsSwitch {
  apis(key: string, commands: ApiCommand[]): Promise<string[]>;
  execute(key: string, uuid: string, application: string, data: readonly string[]): Promise<void>;
}

export interface AbsorbingOptions {
  calls: Calls;
  switchOf: (id: string) => DigitsSwitch;
  settings: DigitSettings;
  log: Logger;
}

/** What is bound on a leg. */
interface Bound {
  foreign: Foreign;
  /** Whether all that the dialplan bound was seen; if not, codes are bound in {@link realm} or not at all. */
  watched: boolean;
  realm?: string | undefined;
  plan: Plan | undefined;
  /** Codes of ours may have outlived their bridge while this instance did not look. */
  isLeft: boolean;
}

export class Absorbing {
  private readonly legs = new Map<string, Bound>();

  constructor(private readonly options: AbsorbingOptions) {}

  /**
   * A leg that was there before the service watched or acted, and its variables: what its dialplan bound cannot be asked of
   * the switch.
   */
  found(leg: Leg, variable: LegData['variable']): void {
    const known = this.legs.get(leg.uuid);
    const bound = known ?? { ...fresh(), watched: false, realm: this.options.settings.realm };
    const realm = variable(REALM);
    if (!bound.watched) bound.realm = realm ?? bound.realm;
    bound.isLeft = realm === OUR_REALM && Boolean(variable(BOUND));
    this.legs.set(leg.uuid, bound);
  }

  created(leg: Leg): void {
    if (!this.legs.has(leg.uuid)) this.legs.set(leg.uuid, fresh());
  }

  gone(leg: Leg): void {
    this.legs.delete(leg.uuid);
  }

  /** Whoever acts for the leg's switch may bind something else from here on. */
  forget(leg: Leg): void {
    const bound = this.legs.get(leg.uuid);
    if (bound) bound.plan = undefined;
  }

  /** What the leg's dialplan binds goes unseen. */
  interrupted(leg: Leg): void {
    const bound = this.legs.get(leg.uuid);
    if (!bound?.watched) return;
    bound.watched = false;
    bound.realm = bound.plan?.realm ?? bound.foreign.realm ?? this.options.settings.realm;
  }

  /** The leg's dialplan executed an application, one that binds maybe. */
  executed(leg: Leg, application: string, data: string): void {
    const bound = this.legs.get(leg.uuid);
    if (!bound) return;
    bound.foreign = withExecuted(bound.foreign, application, data);
    // A dialplan that clears has cleared what is ours as well.
    if (application === 'clear_digit_action') bound.plan = undefined;
  }

  /** Binds the literal codes of all who listen to a bridged leg, unbinds those of one that is not. */
  bind(leg: Leg, listening: CompiledMetaflows[]): void {
    const { calls, settings, switchOf, log } = this.options;
    const bound = this.legs.get(leg.uuid);
    if (!bound || leg.down || leg.endpoint === 'loopback' || settings.capture === 'listen') return;
    const peer = calls.peerOf(leg);
    const codes = peer ? codesOf(listening) : [];
    const steps: (() => Promise<unknown>)[] = [];
    const port = switchOf(leg.switchId);

    const wanted = peer && codes.length > 0 ? this.planned(bound, codes, peer) : undefined;
    const isLeft = bound.isLeft && !peer;
    bound.isLeft = false;
    if (isDeepStrictEqual(wanted, bound.plan) && !isLeft) return;

    const isLess = bound.plan?.bindings.some(
      ({ digits }) => !wanted?.bindings.some((binding) => binding.digits === digits),
    );
    if (isLeft || (bound.plan?.realm === OUR_REALM && isLess)) {
      const isParserOurs = bound.foreign.realm === undefined && bound.foreign.own.length === 0;
      const realm = isParserOurs && !wanted ? 'all' : OUR_REALM;
      steps.push(() => this.clear(port, leg, realm));
      bound.plan = undefined;
    }
    if (wanted) {
      const { realm, bindings } = wanted;
      const timeout = Math.min(
        SWITCH_DIGIT_TIMEOUT_MS,
        ...listening.map(({ digitTimeoutMs }) => digitTimeoutMs),
      );
      const variables = { bind_digit_digit_timeout: String(timeout), [REALM]: realm, [BOUND]: 'true' };
      const data = () => bindings.map((binding) => bindingData(realm, binding));
      steps.push(
        () => port.apis(leg.callId, [setVariables(leg.uuid, variables)]),
        () => port.execute(leg.callId, leg.uuid, 'bind_digit_action', data()),
      );
      bound.plan = wanted;
    }
    // `async`, so that what cannot be said to the switch, as a dialplan's realm may be, keeps the event from nobody else
    Promise.all(steps.map(async (step) => step())).catch((error: unknown) => {
      // The next bridge, or the next binding that is seen, tries again.
      if (bound.plan === wanted) bound.plan = undefined;
      if (isMetaflowsError(error, 'call_gone')) return;
      log.warn('codes could not be bound: they are heard by the far end', { leg: leg.uuid, error });
    });
  }

  /**
   * Single bindings cannot be removed, and bindings outlive a bridge (freeswitch.md). A parser that is left without a realm
   * holds every digit until its timeout: where all that it has is ours it goes altogether. With it goes half a code that it
   * holds: where codes are bound again only the realm goes (`switch_ivr_dmachine_clear_realm`).
   */
  private async clear(port: DigitsSwitch, leg: Leg, realm: string): Promise<void> {
    await Promise.all([
      port.apis(leg.callId, [setVariable(leg.uuid, BOUND, '')]),
      port.execute(leg.callId, leg.uuid, 'clear_digit_action', [realm]),
    ]);
  }

  /** What is to be bound on a leg, and where; nothing where the dialplan's own bindings are not known. */
  private planned(bound: Bound, codes: Code[], peer: Leg): Plan | undefined {
    if (!bound.watched && bound.realm === undefined) return undefined;
    const foreign = this.legs.get(peer.uuid)?.foreign ?? NO_FOREIGN;
    const { realm, bindings } = plan(codes, bound.foreign, { uuid: peer.uuid, foreign });
    return { realm: bound.realm ?? realm, bindings };
  }
}

function fresh(): Bound {
  return { foreign: NO_FOREIGN, watched: true, plan: undefined, isLeft: false };
}

/** Whether a node masks. */
export function masks({ module, data }: MetaflowNode): boolean {
  return module === 'record_call' && data?.action === 'mask';
}

/** The literal codes of all who listen to a leg, in the order in which they are asked. */
function codesOf(listening: CompiledMetaflows[]): Code[] {
  const codes = new Set(listening.flatMap((compiled) => compiled.codes));
  return [...codes].map((code) => ({ code, masks: masksInSwitch(listening, code) }));
}

/** Whether the switch is to mask by itself when the code is pressed: it is a mask's, and no longer one could be meant. */
function masksInSwitch(listening: CompiledMetaflows[], code: string): boolean {
  const collected = code.slice(1);
  for (const compiled of listening) {
    const match = code.startsWith(compiled.bindingDigit) ? compiled.match(collected) : undefined;
    if (match) return masks(match.node) && !compiled.canGrow(collected);
  }
  return false;
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
