/** Ends a recording, and a mask, when its time is over. Each recording owns two timers; what ends it ends them. */
import type { Active } from './active.js';
import type { RecordCallData } from '../generated/record_call.js';
import { isAdopted } from './document.js';
import { offsetAt } from './state.js';

/** The owner is told so long before a mask ends by itself, milliseconds. */
export const MASK_WARNING_MS = 5000;

export interface LimitActions {
  onTimeLimit: (active: Active) => void;
  onMaskLimit: (active: Active) => void;
  onMaskWarning: (active: Active) => void;
}

export class Limits {
  constructor(
    private readonly now: (switchId: string) => number,
    private readonly actions: LimitActions,
  ) {}

  /** Sets both timers anew, after whatever changed. Time in which nothing is written does not count. */
  arm(active: Active): void {
    clearTimeout(active.limit);
    clearTimeout(active.maskLimit);
    const { limit_s, held_since, mask_since, data } = active.doc.internal;
    const now = this.now(active.doc.internal.switch);
    if (held_since === undefined && !isAdopted(active.doc)) {
      const left = limit_s * 1000 - offsetAt(active.doc, now);
      active.limit = setTimeout(() => this.actions.onTimeLimit(active), Math.max(0, left));
    }
    const maskLimit = (data as RecordCallData).mask_time_limit;
    if (active.doc.state === 'masked' && mask_since !== undefined && maskLimit !== undefined) {
      this.armMask(active, mask_since + maskLimit * 1000 - now);
    }
  }

  private armMask(active: Active, leftMs: number): void {
    if (leftMs <= MASK_WARNING_MS) {
      active.maskLimit = setTimeout(() => this.actions.onMaskLimit(active), Math.max(0, leftMs));
      return;
    }
    active.maskLimit = setTimeout(() => {
      this.actions.onMaskWarning(active);
      this.armMask(active, MASK_WARNING_MS);
    }, leftMs - MASK_WARNING_MS);
  }
}
