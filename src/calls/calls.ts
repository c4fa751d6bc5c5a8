/** The legs that are up, whom each is bridged with, and whose each is: kept from events, rebuilt from a snapshot. */
import type { IdentityVariables } from '../generated/configuration.js';
import type { LegData, Snapshot, SwitchEvent } from '../switch/events.js';
import { endpointOf, ownerOf, ownerOfFoundLeg, type Owner } from './owner.js';

/** One leg of a call. Legs are changed by {@link Calls} alone. */
export interface Leg {
  readonly uuid: string;
  readonly switchId: string;
  readonly name: string;
  readonly endpoint: string;
  readonly direction: 'inbound' | 'outbound';
  /** Epoch, milliseconds, by the switch's clock. */
  readonly createdAt: number;
  readonly owner?: Owner;
  /** Orders commands: all of one call go over one connection and one queue. Shared by legs that were bridged. */
  callId: string;
  answered: boolean;
  callerIdName: string;
  callerIdNumber: string;
  calleeIdName: string;
  calleeIdNumber: string;
  destination: string;
  /** The leg it is bridged with. */
  peer?: string;
  /** The other half of a loopback channel. */
  otherHalf?: string;
  bypassMedia: boolean;
  /** Its own party has put the call on hold. */
  held: boolean;
  /** What its own party's holds that are over come to, milliseconds. */
  heldMs: number;
  /** CHANNEL_HANGUP has come; CHANNEL_DESTROY has not. */
  down: boolean;
}

/** What an event changed. */
export type Change =
  | { type: 'created'; leg: Leg }
  | { type: 'bridged' | 'unbridged'; legs: [Leg, Leg] }
  | { type: 'answered' | 'held' | 'unheld' | 'down' | 'gone'; leg: Leg };

/**
 * Legs at least that are remembered after their end, so that whoever still names one can be told that it has ended; at most
 * twice as many.
 */
const REMEMBERED = 5000;

export class Calls {
  private readonly legs = new Map<string, Leg>();
  private ended = new Map<string, Pick<Leg, 'callId' | 'owner'>>();
  private endedBefore: typeof this.ended = new Map();

  constructor(private readonly identity: Required<IdentityVariables>) {}

  get(uuid: string): Leg | undefined {
    return this.legs.get(uuid);
  }

  all(): IterableIterator<Leg> {
    return this.legs.values();
  }

  /** Number of bridged pairs. */
  bridges(): number {
    let ends = 0;
    for (const leg of this.legs.values()) if (leg.peer) ends++;
    return ends / 2;
  }

  /** The leg that `leg` is bridged with. */
  peerOf(leg: Leg): Leg | undefined {
    return leg.peer === undefined ? undefined : this.legs.get(leg.peer);
  }

  /**
   * The real leg of the party that `leg` talks with, behind any loopback channels; `undefined` where there is
   * none yet.
   */
  farLeg(leg: Leg): Leg | undefined {
    const seen = new Set([leg.uuid]);
    let far = this.peerOf(leg);
    while (far?.endpoint === 'loopback' && far.otherHalf !== undefined && !seen.has(far.uuid)) {
      seen.add(far.uuid);
      const half = this.legs.get(far.otherHalf);
      far = half && this.peerOf(half);
    }
    return far?.endpoint === 'loopback' || far === leg ? undefined : far;
  }

  /** Every leg of the call, loopback halves too, `leg` first. */
  legsOf(leg: Leg): Leg[] {
    const found = new Set([leg]);
    for (const each of found) {
      for (const uuid of [each.peer, each.otherHalf]) {
        const next = uuid === undefined ? undefined : this.legs.get(uuid);
        if (next) found.add(next);
      }
    }
    return [...found];
  }

  /** The accounts of a call of which a leg has ended of late; none where nothing is known of such a leg. */
  accountsOfEnded(uuid: string): string[] {
    const leg = this.ended.get(uuid) ?? this.endedBefore.get(uuid);
    if (!leg) return [];
    const all = [this.endedBefore, this.ended, this.legs].flatMap((legs) => [...legs.values()]);
    const ofCall = all.filter(({ callId }) => callId === leg.callId);
    return ofCall.flatMap(({ owner }) => (owner ? [owner.account] : []));
  }

  /** The real legs of the call. */
  partiesOf(leg: Leg): Leg[] {
    return this.legsOf(leg).filter(({ endpoint }) => endpoint !== 'loopback');
  }

  /**
   * Whether `leg` is the caller's of the two: the leg that the switch called out is the callee's; where both
   * were, as in a click-to-call, or none, the first one is the caller's.
   */
  isCaller(leg: Leg, other: Leg | undefined): boolean {
    if (!other) return leg.direction === 'inbound';
    if (leg.direction !== other.direction) return leg.direction === 'inbound';
    return leg.createdAt === other.createdAt ? leg.uuid < other.uuid : leg.createdAt < other.createdAt;
  }

  /** Takes one event in, in whatever order the switch sent them, and says what it changed. */
  apply(switchId: string, event: SwitchEvent): Change[] {
    switch (event.type) {
      case 'create':
        return this.add(switchId, event.leg, ownerOf(event.leg, this.identity));
      case 'answer': {
        const leg = this.legs.get(event.uuid);
        if (!leg) return [];
        const before = leg.answered;
        this.refresh(leg, event.leg);
        return leg.answered && !before ? [{ type: 'answered', leg }] : [];
      }
      case 'bridge': {
        const leg = this.legs.get(event.leg.uuid);
        if (leg) this.refresh(leg, event.leg);
        return this.bridge(event.a, event.b);
      }
      case 'unbridge':
        return this.unbridge(event);
      case 'hold':
        return this.hold(event.uuid, true);
      case 'unhold':
        return this.hold(event.uuid, false, event.heldMs);
      case 'hangup': {
        const leg = this.legs.get(event.uuid);
        if (!leg || leg.down) return [];
        leg.down = true;
        return [...this.part(leg), { type: 'down', leg }];
      }
      case 'destroy':
        return this.remove(event.uuid);
      default:
        return [];
    }
  }

  /** Takes a whole picture of one switch in: legs that it does not have are gone, bridges and holds are as it says. */
  restore(switchId: string, { legs, bridges }: Snapshot): Change[] {
    const changes: Change[] = [];
    const found = new Set(legs.map((data) => data.uuid));
    for (const leg of [...this.legs.values()]) {
      if (leg.switchId === switchId && !found.has(leg.uuid)) changes.push(...this.remove(leg.uuid));
    }
    for (const data of legs) {
      const known = this.legs.get(data.uuid);
      if (known) this.refresh(known, data);
      else changes.push(...this.add(switchId, data, ownerOfFoundLeg(data, this.identity)));
      changes.push(...this.hold(data.uuid, data.heldSince !== undefined));
    }
    const bridged = new Map(bridges.flatMap(([a, b]) => [[a, b] as const, [b, a] as const]));
    for (const { uuid } of legs) {
      const leg = this.legs.get(uuid);
      if (leg?.peer !== undefined && bridged.get(uuid) !== leg.peer) changes.push(...this.part(leg));
    }
    for (const [a, b] of bridges) changes.push(...this.bridge(a, b));
    return changes;
  }

  /** What has made the legs and bridges of a switch what they are, for whoever begins to look at them. */
  standing(switchId: string): Change[] {
    const legs = [...this.legs.values()].filter((leg) => leg.switchId === switchId);
    const bridged = legs.flatMap((leg): Change[] => {
      const peer = this.peerOf(leg);
      return peer && leg.uuid < peer.uuid ? [{ type: 'bridged', legs: [leg, peer] }] : [];
    });
    const alone = legs.filter(({ answered, peer }) => answered && peer === undefined);
    return [
      ...legs.map((leg): Change => ({ type: 'created', leg })),
      ...alone.map((leg): Change => ({ type: 'answered', leg })),
      ...bridged,
    ];
  }

  private add(switchId: string, data: LegData, owner: Owner | undefined): Change[] {
    const existing = this.legs.get(data.uuid);
    if (existing) {
      this.refresh(existing, data);
      return [];
    }
    const leg: Leg = {
      uuid: data.uuid,
      switchId,
      name: data.name,
      endpoint: endpointOf(data.name),
      direction: data.direction,
      createdAt: data.createdAt,
      ...(owner && { owner }),
      callId: data.uuid,
      answered: false,
      callerIdName: '',
      callerIdNumber: '',
      calleeIdName: '',
      calleeIdNumber: '',
      destination: '',
      bypassMedia: false,
      held: false,
      heldMs: 0,
      down: false,
    };
    this.refresh(leg, data);
    this.legs.set(leg.uuid, leg);
    return [{ type: 'created', leg }];
  }

  private refresh(leg: Leg, data: LegData): void {
    leg.answered ||= data.answered;
    leg.callerIdName = data.callerIdName || leg.callerIdName;
    leg.callerIdNumber = data.callerIdNumber || leg.callerIdNumber;
    leg.calleeIdName = data.calleeIdName || leg.calleeIdName;
    leg.calleeIdNumber = data.calleeIdNumber || leg.calleeIdNumber;
    leg.destination = data.destination || leg.destination;
    leg.bypassMedia = data.bypassMedia;
    leg.heldMs = data.heldMs ?? leg.heldMs;
    if (data.otherHalf !== undefined) leg.otherHalf = data.otherHalf;
  }

  private hold(uuid: string, held: boolean, heldMs?: number): Change[] {
    const leg = this.legs.get(uuid);
    if (!leg || leg.held === held) return [];
    leg.held = held;
    leg.heldMs = heldMs ?? leg.heldMs;
    return [{ type: held ? 'held' : 'unheld', leg }];
  }

  private bridge(a: string, b: string): Change[] {
    const [legA, legB] = [this.legs.get(a), this.legs.get(b)];
    if (!legA || !legB || legA === legB || legA.peer === b) return [];
    const parted = [...this.part(legA), ...this.part(legB)];
    legA.peer = b;
    legB.peer = a;
    const [first, second] = legA.createdAt <= legB.createdAt ? [legA, legB] : [legB, legA];
    second.callId = first.callId;
    return [...parted, { type: 'bridged', legs: [legA, legB] }];
  }

  private unbridge(event: { uuid: string; a: string; b: string }): Change[] {
    const leg = this.legs.get(event.uuid);
    if (!leg) return [];
    // A bridge that ends may be told after the next one began: only the one that is named ends.
    const other = event.a === leg.uuid ? event.b : event.a;
    return other && other !== leg.peer ? [] : this.part(leg);
  }

  private part(leg: Leg): Change[] {
    const peer = this.peerOf(leg);
    delete leg.peer;
    if (!peer) return [];
    delete peer.peer;
    return [{ type: 'unbridged', legs: [leg, peer] }];
  }

  private remove(uuid: string): Change[] {
    const leg = this.legs.get(uuid);
    if (!leg) return [];
    const parted = this.part(leg);
    leg.down = true;
    this.legs.delete(uuid);
    const { callId, owner } = leg;
    this.ended.set(uuid, { callId, ...(owner && { owner }) });
    if (this.ended.size === REMEMBERED) {
      this.endedBefore = this.ended;
      this.ended = new Map();
    }
    return [...parted, { type: 'gone', leg }];
  }
}
