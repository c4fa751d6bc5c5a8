/** Which switches this instance acts for: of those that share the work, one does for each. */
import { EventEmitter } from 'node:events';

interface ActingEvents {
  /** What runs on the switch is known, and this instance acts. */
  gained: [switchId: string];
  /** It acts no more: another instance does, or nobody where the switch cannot be reached. */
  lost: [switchId: string];
}

export class Acting extends EventEmitter<ActingEvents> {
  private readonly switches = new Set<string>();

  actsFor(switchId: string): boolean {
    return this.switches.has(switchId);
  }

  /** Told by the switch's link. */
  gain(switchId: string): void {
    if (this.switches.has(switchId)) return;
    this.switches.add(switchId);
    this.emit('gained', switchId);
  }

  /** Told by the switch's link. */
  lose(switchId: string): void {
    if (this.switches.delete(switchId)) this.emit('lost', switchId);
  }
}
