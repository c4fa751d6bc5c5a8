/** Starts the recordings that `call_recording` documents ask for: one for each call, whoever of its parties asks. */
import type { Logger } from 'winston';
import type { Calls, Change, Leg } from '../calls/calls.js';
import type { Owner } from '../calls/owner.js';
import type { RecordCallData } from '../generated/record_call.js';
import { setVariable } from '../switch/commands.js';
import { automaticOf, type CallRecordings, type Situation } from './automatic.js';
import type { Recorder } from './recorder.js';
import type { RecordingSwitch } from './segments.js';

/** The channel variable of a leg whose call has been recorded by itself, for a service that comes back. */
export const RECORDED = 'metaflows_automatic';

export interface RecordAllOptions {
  calls: Calls;
  recorder: Pick<Recorder, 'active' | 'run'>;
  switchOf: (id: string) => RecordingSwitch;
  /** Whether calls on this switch are for this instance to record. */
  actsFor: (switchId: string) => boolean;
  documentsOf: (owner: Owner) => CallRecordings;
  /** What time it is by a switch's clock: epoch, milliseconds. */
  now: (switchId: string) => number;
  log: Logger;
}

export class RecordAll {
  /**
   * The legs of calls that have been recorded by themselves. A recording that was stopped, or has reached its limit, is not
   * begun again for them; whoever comes by a transfer brings rules of its own.
   */
  private readonly recorded = new Set<string>();

  constructor(private readonly options: RecordAllOptions) {}

  /** A leg that was there before the service was, and what its {@link RECORDED} says. */
  found(leg: Leg, recorded: string | undefined): void {
    if (recorded) this.recorded.add(leg.uuid);
  }

  /** Takes in what changed in the calls. */
  changed(change: Change): void {
    if (change.type === 'bridged') this.consider(change.legs[0]);
    else if (change.type === 'answered') this.consider(change.leg);
    else if (change.type === 'gone') this.recorded.delete(change.leg.uuid);
  }

  private consider(leg: Leg): void {
    const { calls, recorder, actsFor } = this.options;
    if (!actsFor(leg.switchId)) return;
    const legs = calls.partiesOf(leg);
    const running = recorder.active.ofCall(legs).map(({ doc }) => doc.internal);
    if (running.some(({ automatic }) => automatic)) this.remember(legs);
    if (running.some(({ path }) => path === undefined)) return;
    const byCaller = legs.sort((a, b) => Number(calls.isCaller(b, a)) - Number(calls.isCaller(a, b)));
    for (const party of byCaller) {
      const data = this.dataFor(party);
      if (!data || !party.owner) continue;
      this.start(party, party.owner, data).catch((error: unknown) => {
        this.options.log.error('a call that is to be recorded is not', { leg: party.uuid, error });
      });
      return;
    }
  }

  /** What a leg's rules start now. */
  private dataFor(leg: Leg): RecordCallData | undefined {
    const { calls, documentsOf } = this.options;
    if (!leg.owner || !leg.answered || leg.down || this.recorded.has(leg.uuid)) return undefined;
    const automatic = automaticOf(documentsOf(leg.owner), situationOf(calls, leg));
    if (!automatic || calls.farLeg(leg)?.answered) return automatic?.data;
    // The answer of a leg that the switch called out is followed by its bridge, which says more.
    const isAlone = leg.direction === 'inbound' && calls.peerOf(leg) === undefined;
    return isAlone && automatic.atAnswer ? automatic.data : undefined;
  }

  private async start(leg: Leg, owner: Owner, data: RecordCallData): Promise<void> {
    const { calls, recorder, now } = this.options;
    // At once: it may be stopped, and the call go on with somebody else, before its start is proven.
    const parties = calls.partiesOf(leg);
    this.remember(parties);
    try {
      await recorder.run({ data, leg, by: 'service', owner, at: now(leg.switchId) });
    } catch (error) {
      for (const { uuid } of parties) this.recorded.delete(uuid);
      this.mark(parties, '');
      throw error;
    }
  }

  private remember(legs: Leg[]): void {
    const others = legs.filter(({ uuid, down }) => !down && !this.recorded.has(uuid));
    for (const { uuid } of others) this.recorded.add(uuid);
    this.mark(others, 'true');
  }

  private mark(legs: Leg[], value: string): void {
    for (const leg of legs) {
      this.options
        .switchOf(leg.switchId)
        .apis(leg.callId, [setVariable(leg.uuid, RECORDED, value)])
        .catch((error: unknown) => {
          this.options.log.warn('a leg could not be marked as recorded', { leg: leg.uuid, error });
        });
    }
  }
}

/** A leg's part in its call as it is now. */
export function situationOf(calls: Calls, leg: Leg): Situation {
  const far = calls.farLeg(leg);
  const isInAccount = far?.owner !== undefined && far.owner.account === leg.owner?.account;
  return {
    direction: calls.isCaller(leg, far) ? 'outbound' : 'inbound',
    network: far && (isInAccount ? 'onnet' : 'offnet'),
  };
}
