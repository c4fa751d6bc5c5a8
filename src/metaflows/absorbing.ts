/** Binds codes inside the switch while a leg is bridged, so that the far end hears nothing of them. */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'winston';
import type { Calls, Leg } from '../calls/calls.js';
import { isMetaflowsError } from '../errors.js';
import type { DigitSettings } from '../generated/configuration.js';
import { bindCode, bindForward, bindSwallow, setVariable, type ApiCommand } from '../switch/commands.js';
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

export interface DigitsSwitch {
  apis(key: string, commands: ApiCommand[]): Promise<string[]>;
  execute(key: string, uuid: string, application: string, data: string): Promise<void>;
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
}

export class Absorbing {
  private readonly legs = new Map<string, Bound>();

  constructor(private readonly options: AbsorbingOptions) {}

  /** A leg that was there before the service watched: what its dialplan bound cannot be asked of the switch. */
  found(leg: Leg, realm: string | undefined): void {
    if (this.legs.has(leg.uuid)) return;
    this.legs.set(leg.uuid, { ...fresh(), watched: false, realm: realm ?? this.options.settings.realm });
  }

  created(leg: Leg): void {
    if (!this.legs.has(leg.uuid)) this.legs.set(leg.uuid, fresh());
  }

  gone(leg: Leg): void {
    this.legs.delete(leg.uuid);
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
    const run = (application: string, data: string) => port.execute(leg.callId, leg.uuid, application, data);

    const wanted = peer && codes.length > 0 ? this.planned(bound, codes, peer) : undefined;
    if (isDeepStrictEqual(wanted, bound.plan)) return;

    const isLess = bound.plan?.bindings.some(
      ({ digits }) => !wanted?.bindings.some((binding) => binding.digits === digits),
    );
    if (bound.plan?.realm === OUR_REALM && isLess) {
      // Single bindings cannot be removed, and bindings outlive a bridge (freeswitch.md). A parser that is left without
      // a realm holds every digit until its timeout: where all that it has is ours it goes altogether.
      const own = bound.foreign;
      const onlyOurs = own.realm === undefined && own.own.length === 0;
      steps.push(() => run('clear_digit_action', onlyOurs ? 'all' : OUR_REALM));
      bound.plan = undefined;
    }
    if (wanted) {
      const { realm, bindings } = wanted;
      const timeout = Math.min(
        SWITCH_DIGIT_TIMEOUT_MS,
        ...listening.map(({ digitTimeoutMs }) => digitTimeoutMs),
      );
      steps.push(() =>
        port.apis(leg.callId, [
          setVariable(leg.uuid, 'bind_digit_digit_timeout', String(timeout)),
          setVariable(leg.uuid, REALM, realm),
        ]),
      );
      for (const binding of bindings) steps.push(() => run('bind_digit_action', bindingData(realm, binding)));
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

  /** What is to be bound on a leg, and where; nothing where the dialplan's own bindings are not known. */
  private planned(bound: Bound, codes: Code[], peer: Leg): Plan | undefined {
    if (!bound.watched && bound.realm === undefined) return undefined;
    const foreign = this.legs.get(peer.uuid)?.foreign ?? NO_FOREIGN;
    const { realm, bindings } = plan(codes, bound.foreign, { uuid: peer.uuid, foreign });
    return { realm: bound.realm ?? realm, bindings };
  }
}

function fresh(): Bound {
  return { foreign: NO_FOREIGN, watched: true, plan: undefined };
}

/** The literal codes of all who listen to a leg; a code masks by itself where no longer one could be meant. */
function codesOf(listening: CompiledMetaflows[]): Code[] {
  const codes = new Map<string, boolean>();
  for (const compiled of listening) {
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
