/** Live legs as an account sees them, and metaflows run on them from outside a call. */
import { MetaflowsError } from '../errors.js';
import type { MetaflowNode } from '../generated/metaflows.js';
import type { RecordingDocument } from '../generated/recording.js';
import type { NodeOutcome, RunContext } from '../metaflows/runner.js';
import type { Calls, Leg } from './calls.js';

/** A leg as an account sees it. */
export interface Channel {
  uuid: string;
  /** Whose it is; all three are missing on an outside party's. */
  account?: string;
  user?: string;
  device?: string;
  /** As the switch sees it. */
  direction: 'inbound' | 'outbound';
  answered: boolean;
  /** The leg it is bridged with. */
  otherLeg?: string;
  destination: string;
  callerIdName: string;
  callerIdNumber: string;
  /** Epoch, milliseconds. */
  createdAt: number;
  /** How it is recorded, where it is. */
  recording?: 'recording' | 'masked';
}

export interface ChannelsOptions {
  calls: Calls;
  /** The documents of the recordings that run on these legs. */
  recordingsOf: (legs: Leg[]) => RecordingDocument[];
  runner: { run(node: MetaflowNode, context: RunContext): Promise<NodeOutcome> };
  /** Whether metaflows on this switch's calls are for this instance to run. */
  actsFor: (switchId: string) => boolean;
  /** Has them run by the instance that does. */
  elsewhere: (switchId: string, order: Order) => Promise<NodeOutcome>;
}

/** Who asks for a metaflow to be run from outside a call. */
export interface OrderedBy {
  account: string;
  tokenId: string;
  user?: string;
}

/** A metaflow to be run on a leg. */
export interface Order {
  uuid: string;
  node: MetaflowNode;
  actor: OrderedBy;
}

export class Channels {
  constructor(private readonly options: ChannelsOptions) {}

  /** The legs of this user, or device, or of the whole account. */
  channels(account: string, of: { user?: string; device?: string }): Channel[] {
    return [...this.options.calls.all()]
      .filter(
        ({ owner }) =>
          owner?.account === account &&
          (of.user === undefined || owner.user === of.user) &&
          (of.device === undefined || owner.device === of.device),
      )
      .map((leg) => this.shown(leg));
  }

  /** A leg of the account's, or the far party's in a call of the account's. */
  channel(account: string, uuid: string): Channel | undefined {
    const leg = this.options.calls.get(uuid);
    return leg && this.isOf(account, leg) ? this.shown(leg) : undefined;
  }

  /** The accounts whose call a leg is, its own owner's first. */
  accountsOf(uuid: string): string[] {
    const { calls } = this.options;
    const leg = calls.get(uuid);
    const owners = leg ? [leg.owner, calls.farLeg(leg)?.owner] : [];
    return owners.flatMap((owner) => (owner ? [owner.account] : []));
  }

  /** The accounts whose call a leg was that has ended of late. */
  accountsOfEnded(uuid: string): string[] {
    return this.options.calls.accountsOfEnded(uuid);
  }

  /** Rejects with a MetaflowsError where nothing, or not all of it, happened. */
  async run(uuid: string, node: MetaflowNode, actor: OrderedBy): Promise<NodeOutcome> {
    const { calls, runner, actsFor, elsewhere } = this.options;
    const leg = calls.get(uuid);
    if (!leg || !this.isOf(actor.account, leg)) throw new MetaflowsError('call_gone');
    if (!actsFor(leg.switchId)) return elsewhere(leg.switchId, { uuid, node, actor });
    const owners = [leg.owner, calls.farLeg(leg)?.owner].filter((owner) => owner?.account === actor.account);
    const owner = owners.find(
      ({ user } = { account: '' }) => actor.user === undefined || user === actor.user,
    );
    return runner.run(node, {
      leg,
      by: 'api',
      owner: { account: actor.account, ...(actor.user !== undefined && { user: actor.user }), ...owner },
      tokenId: actor.tokenId,
      asAdmin: actor.user === undefined,
      at: Date.now(),
    });
  }

  private isOf(account: string, leg: Leg): boolean {
    return leg.owner?.account === account || this.options.calls.farLeg(leg)?.owner?.account === account;
  }

  shown(leg: Leg): Channel {
    const { uuid, owner, direction, answered, peer, destination, callerIdName, callerIdNumber, createdAt } =
      leg;
    const [recording] = this.options.recordingsOf(this.options.calls.legsOf(leg));
    const state = recording?.state;
    return {
      uuid,
      ...owner,
      direction,
      answered,
      ...(peer !== undefined && { otherLeg: peer }),
      destination,
      callerIdName,
      callerIdNumber,
      createdAt,
      ...((state === 'recording' || state === 'masked') && { recording: state }),
    };
  }
}
