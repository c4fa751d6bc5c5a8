/**
 * Masks and unmasks a call, and stores that it has. Nothing waits for the store, so that a mask comes at once; an unmask that
 * cannot be stored is taken back, since whoever is told that it failed believes the call masked.
 */
import { eventOf, type AuditEvent } from '../audit/events.js';
import type { Leg } from '../calls/calls.js';
import { MetaflowsError } from '../errors.js';
import type { AuditEntry } from '../generated/recording.js';
import type { Active } from './active.js';
import type { CommandsParts, Done } from './commands.js';
import { entryOf } from './document.js';
import { isMasked } from './masking.js';
import type { RecordRequest } from './ports.js';
import { audited, masked, unmasked } from './state.js';

export class MaskCommands {
  /**
   * Recordings, and legs that stay masked though nothing records them, which an unmask has made clear that is not stored yet:
   * the newest one. Where it cannot be, they are masked again.
   */
  private readonly cleared = new Map<Active | Leg, RecordRequest>();

  constructor(private readonly parts: CommandsParts) {}

  /** In the turn of the call, whose legs and recordings these are. Rejects with `not_recording`, and as the switch does. */
  async give(verb: 'mask' | 'unmask', request: RecordRequest, legs: Leg[], running: Active[]): Promise<Done> {
    const { maskers, recordings, keep, limits, options } = this.parts;
    const wereMasked = [
      ...legs.filter((leg) => maskers.holds([leg], [])),
      ...running.filter((active) => isMasked(active)),
    ];
    const masking = await maskers.apply(verb, legs, running, request.leg.callId);
    const { done, others, failed, at: doneAt } = masking;
    if (verb === 'mask') {
      for (const each of failed === undefined ? [...legs, ...running] : done) this.cleared.delete(each);
    } else if (failed === undefined) {
      const before = [...legs, ...running].filter((each) => this.cleared.has(each));
      for (const each of [...wereMasked, ...before]) this.cleared.set(each, request);
    }
    const at = request.maskedInSwitch && verb === 'mask' ? request.at : doneAt;
    const masks = verb === 'mask';
    const incomplete = masks ? 'mask_incomplete' : 'unmask_incomplete';
    const past = masks ? 'masked' : 'unmasked';
    const accounts = running.map(async (active) => {
      // It may have ended meanwhile: what has ended is not changed any more.
      if (!recordings.get(active.doc.id)) return;
      const change = masks ? masked : unmasked;
      const changed = done.has(active) ? change(active.doc, at) : active.doc;
      const isChanged = changed !== active.doc;
      if (!isChanged && request.by === 'service') return;
      const doc = failed === undefined ? audited(changed, entryOf(request, verb, 'ok')) : changed;
      const kept = keep(active, doc, isChanged ? past : undefined);
      limits.arm(active);
      await kept;
    });
    // Only recorders of others were masked.
    if (running.length === 0 && failed === undefined)
      accounts.push(options.audit(unrecorded(request, entryOf(request, verb, 'ok'))));
    const stored = Promise.all(accounts)
      .catch(async (error: unknown) => {
        // Whoever is told that it failed believes the call masked.
        await this.maskStill(request);
        throw error;
      })
      .then(() => {
        for (const each of this.clearedBy(request)) this.cleared.delete(each);
        if (failed !== undefined) throw new MetaflowsError(incomplete, failed);
        options.log.info(`recording ${past}`, {
          recordings: running.map(({ doc }) => doc.id),
          others,
        });
      });
    return { outcome: { result: past, ...(running[0] && { recording: running[0].doc }) }, stored };
  }

  private clearedBy(unmask: RecordRequest): (Active | Leg)[] {
    return [...this.cleared].filter(([, by]) => by === unmask).map(([each]) => each);
  }

  /** Takes back an unmask that could not be stored, of all that has been neither masked nor unmasked since. */
  private async maskStill(unmask: RecordRequest): Promise<void> {
    await Promise.all(
      this.clearedBy(unmask).map(async (each) => {
        const parties = 'doc' in each ? each.doc.internal.parties : [each.uuid];
        try {
          const done = await this.parts.turn(parties, async () => {
            if (this.cleared.get(each) !== unmask) return undefined;
            this.cleared.delete(each);
            return 'doc' in each ? this.maskRecording(each) : this.maskLeg(each, unmask.owner.account);
          });
          await done?.stored;
        } catch (error) {
          this.parts.options.log.warn('masked again, not stored', { leg: unmask.leg.uuid, error });
        }
      }),
    );
  }

  /** Wherever its call has gone meanwhile. */
  private async maskRecording(active: Active): Promise<Done | undefined> {
    const { calls } = this.parts.options;
    const { leg, parties } = active.doc.internal;
    const party = [leg, ...parties].map((uuid) => calls.get(uuid)).find((each) => each);
    if (!party || !this.parts.recordings.get(active.doc.id)) return undefined;
    const legs = calls.legsOf(party);
    const running = [...new Set([active, ...this.parts.recordings.ofCall(legs)])];
    return this.give('mask', byService('mask', party, active.doc.account_id, this.parts.now), legs, running);
  }

  private async maskLeg(leg: Leg, account: string): Promise<Done | undefined> {
    const { calls } = this.parts.options;
    if (calls.get(leg.uuid) !== leg) return undefined;
    const legs = calls.legsOf(leg);
    await this.parts.maskers.stay(leg, [leg]);
    const running = this.parts.recordings.ofCall(legs);
    return this.give('mask', byService('mask', leg, account, this.parts.now), legs, running);
  }
}

/** What was done, or not, where no recording runs; `last` has just ended. */
export function unrecorded({ owner, leg }: RecordRequest, entry: AuditEntry, last?: Active): AuditEvent {
  return last ? eventOf(last.doc, entry) : { call_id: leg.uuid, ...entry, account_id: owner.account };
}

/** What nobody asked for. */
export function byService(
  action: 'mask' | 'unmask',
  leg: Leg,
  account: string,
  now: CommandsParts['now'],
): RecordRequest {
  return { data: { action }, leg, by: 'service', owner: { account }, at: now(leg.switchId) };
}
