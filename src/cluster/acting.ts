/** Which switches this instance acts for: of those that share the work, one does for each. */
import { EventEmitter } from 'node:events';
import type { Lease } from './lease.js';

interface ActingEvents {
  /** What runs on the switch is known, and this instance acts. */
  gained: [switchId: string];
  /** It acts no more: another instance does, or nobody where the switch cannot be reached. */
  lost: [switchId: string];
}

type JudgedLease = Pick<Lease, 'isFresh' | 'isOthers'>;

export class Acting extends EventEmitter<ActingEvents> {
  private readonly leases = new Map<string, JudgedLease>();
  private readonly gained = new Set<string>();

  /** False too while it cannot tell whether it still does, as after it was paused. */
  actsFor(switchId: string): boolean {
    return this.gained.has(switchId) && (this.leases.get(switchId)?.isFresh ?? false);
  }

  /** Also while it cannot tell for a moment whether it still does: no work is left undone for that. */
  has(switchId: string): boolean {
    return this.gained.has(switchId);
  }

  /** Whether another instance was seen to act for the switch: what it stores must not be written over. */
  isOthers(switchId: string): boolean {
    return this.leases.get(switchId)?.isOthers ?? false;
  }

  /** Told by the switch's link. */
  add(switchId: string, lease: JudgedLease): void {
    this.leases.set(switchId, lease);
  }

  /** Told by the switch's link. */
  gain(switchId: string): void {
    if (this.gained.has(switchId)) return;
    this.gained.add(switchId);
    this.emit('gained', switchId);
  }

  /** Told by the switch's link. */
  lose(switchId: string): void {
    if (this.gained.delete(switchId)) this.emit('lost', switchId);
  }
}
