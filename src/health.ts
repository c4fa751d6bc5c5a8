/** What the service says of itself: whether it can do its work, and how its parts do. */
import type { Delivery } from './delivery/delivery.js';
import type { DiskSpace } from './delivery/disk.js';
import { ERRORS } from './errors.js';
import type { SystemState } from './http/ports.js';
import type { Link } from './link.js';
import type { Store } from './store/store.js';

export interface HealthParts {
  /** By the id of their switch. */
  links: ReadonlyMap<string, Link>;
  /** The id of the embedded softswitch, where there is one. */
  embeddedId: string | undefined;
  store: Pick<Store, 'connected'>;
  disk: Pick<DiskSpace, 'ok' | 'freeBytes'>;
  delivery: Pick<Delivery, 'depth'>;
}

export class Health {
  constructor(private readonly parts: HealthParts) {}

  /** Whether it can do its work, and if not, why. */
  status(): { ready: boolean; reason?: string } {
    const { links, store, disk } = this.parts;
    if (![...links.values()].some(({ ready }) => ready)) {
      return { ready: false, reason: 'no switch is connected and resynchronised' };
    }
    if (!store.connected) return { ready: false, reason: ERRORS.store_failed.message };
    return disk.ok() ? { ready: true } : { ready: false, reason: ERRORS.disk_full.message };
  }

  async system(): Promise<SystemState> {
    const { links, embeddedId, disk, delivery } = this.parts;
    return {
      switches: [...links].map(([id, { port, ready }]) => ({
        id,
        connected: port.connected,
        ready,
        embedded: id === embeddedId,
        latencyMs: port.latencyMs,
      })),
      outbox: await delivery.depth(),
      freeBytes: disk.freeBytes,
    };
  }
}
