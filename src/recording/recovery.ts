/**
 * Finds the recordings of a switch again when it is connected, after a crash of this service as after a lost
 * connection. What may have been masked is masked first and asked about afterwards; what cannot be known is asked of
 * the switch, never guessed.
 */
import type { AuditEntry, RecordingDocument } from '../generated/recording.js';
import { buglist, parseBuglist, record } from '../switch/commands.js';
import type { LegData } from '../switch/events.js';
import type { Adoption } from './adoption.js';
import type { Announcer } from './announcer.js';
import { hasRecorder, type Active, type ActiveRecordings } from './active.js';
import { documentOf, NOTE, readChannelNote, switchPath } from './document.js';
import { happening } from './events.js';
import type { Finisher } from './finisher.js';
import type { Following } from './following.js';
import type { Limits } from './limits.js';
import type { Maskers } from './masking.js';
import type { RecorderOptions } from './ports.js';
import { isOk, MASKED } from './segments.js';
import { audited, cuts, masked, unmasked } from './state.js';

export interface RecoveryParts {
  options: RecorderOptions;
  recordings: ActiveRecordings;
  finisher: Finisher;
  following: Following;
  limits: Limits;
  announcer: Announcer;
  adoption: Adoption;
  maskers: Maskers;
  pathOf: (active: Active) => string;
  now: () => number;
}

export class Recovery {
  constructor(private readonly parts: RecoveryParts) {}

  async maskAgain(switchId: string): Promise<void> {
    const { options } = this.parts;
    const port = options.switchOf(switchId);
    const docs = await this.unfinished(switchId);
    await Promise.all(
      docs
        .filter(({ state }) => state === 'masked')
        .map((doc) => {
          const path = switchPath(doc, options.dir);
          return port.apis(doc.internal.leg, [record(cuts(doc) ? 'pause' : 'mask', doc.internal.leg, path)]);
        }),
    );
  }

  async recover(switchId: string, legs: LegData[]): Promise<void> {
    const byUuid = new Map(legs.map((leg) => [leg.uuid, leg]));
    const docs = await this.unfinished(switchId);
    const known = new Set(docs.map(({ id }) => id));
    for (const leg of legs) {
      const doc = this.documentFromNote(leg);
      if (!doc || known.has(doc.id)) continue;
      if (await this.parts.options.store.get(doc.account_id, doc.id)) continue;
      // The service was killed before it wrote down that it had started it.
      const at = new Date(doc.internal.started_at).toISOString();
      const user = doc.owner_id === undefined ? {} : { user_id: doc.owner_id };
      const start: AuditEntry = { action: 'start', at, by: 'service', ...user, result: 'ok' };
      const active = this.parts.recordings.add(audited(doc, start));
      await this.parts.recordings.save(active, active.doc, [happening('started', doc.internal.started_at)]);
      docs.push(active.doc);
    }
    await Promise.all(docs.map((doc) => this.recoverOne(doc, byUuid)));
    await this.parts.adoption.find(switchId, legs);
  }

  /** What the store and the memory have as running there. */
  private async unfinished(switchId: string): Promise<RecordingDocument[]> {
    const { options, recordings, finisher } = this.parts;
    const docs = new Map((await options.store.unfinished()).map((doc) => [doc.id, doc]));
    for (const { doc } of recordings.all()) docs.set(doc.id, doc);
    return [...docs.values()].filter(
      ({ id, internal }) => internal.switch === switchId && !finisher.isFinishing(id),
    );
  }

  private async recoverOne(doc: RecordingDocument, legs: ReadonlyMap<string, LegData>): Promise<void> {
    const { options, recordings, finisher, following, limits, announcer, maskers, pathOf } = this.parts;
    const active = recordings.get(doc.id) ?? recordings.add(doc, doc.audit.length);
    const leg = legs.get(doc.internal.leg);
    if (doc.stop_reason) {
      // It had ended, and its file had not come.
      void finisher.finish(active, doc.stop_reason, undefined);
      return;
    }
    announcer.arm(active);
    const carrier = hasRecorder(active) && !leg ? await this.carrierOf(active, [...legs.keys()]) : undefined;
    if (carrier !== undefined) {
      following.moved(carrier, pathOf(active), pathOf);
      return;
    }
    if (!hasRecorder(active) || !leg) {
      // Its leg left while nobody looked: it goes on with who is left, or is over.
      following.segmentOver(active, undefined, 'switch_lost');
      return;
    }
    const note = leg.variables[MASKED];
    const wasMasked = doc.state === 'masked' || Boolean(note);
    const answers = await options
      .switchOf(doc.internal.switch)
      .apis(leg.uuid, [
        ...(wasMasked ? [maskers.again(active)] : []),
        { command: 'uptime', args: 'ms' },
        buglist(leg.uuid),
      ]);
    const bugs = parseBuglist(answers.at(-1) ?? '');
    if (!bugs.some(({ target }) => target === pathOf(active))) {
      void finisher.finish(active, 'switch_lost', undefined);
      return;
    }
    let known = this.maskedMeanwhile(doc, note, Number(answers.at(-2)));
    if (wasMasked && !isOk(answers[0])) {
      options.log.error('a recording could not be masked again', { recording: doc.id });
      const at = this.parts.now();
      const when = new Date(at).toISOString();
      const entry: AuditEntry = { action: 'mask', at: when, by: 'service', result: 'mask_incomplete' };
      known = audited(unmasked(known, at), entry);
    }
    const past = known.state === 'masked' ? 'masked' : 'unmasked';
    const at = known.internal.mask_since ?? this.parts.now();
    await recordings.save(active, known, known.state === doc.state ? [] : [happening(past, at)]);
    limits.arm(active);
  }

  /** The leg to which the switch moved a recorder by itself while nobody looked. */
  private async carrierOf(active: Active, uuids: string[]): Promise<string | undefined> {
    const { options, pathOf } = this.parts;
    const answers = await options
      .switchOf(active.doc.internal.switch)
      .apis(active.doc.internal.leg, uuids.map(buglist));
    const path = pathOf(active);
    return uuids.find((_, index) => parseBuglist(answers[index] ?? '').some(({ target }) => target === path));
  }

  /** Masked while nobody listened: inside the switch, or by a service that was killed before it wrote it down. */
  private maskedMeanwhile(
    doc: RecordingDocument,
    note: string | undefined,
    uptimeMs: number,
  ): RecordingDocument {
    if (!note || doc.state === 'masked') return doc;
    const since = Math.max(maskedSince(note, uptimeMs, this.parts.now()), doc.internal.started_at);
    const at = new Date(since).toISOString();
    return audited(masked(doc, since), { action: 'mask', at, by: 'code', result: 'ok' });
  }

  private documentFromNote(leg: LegData): RecordingDocument | undefined {
    const note = readChannelNote(leg.variables[NOTE] ?? '');
    const { calls, ceiling } = this.parts.options;
    const target = calls.get(leg.uuid);
    if (!note || !target) return undefined;
    const other = calls.farLeg(target);
    return documentOf({
      request: { data: note.data, leg: calls.get(note.call) ?? target, owner: note.owner },
      ...(note.automatic && { automatic: true }),
      target,
      other,
      caller: calls.isCaller(target, other) ? target : other,
      parties: calls.partiesOf(target),
      ceiling,
      at: note.at,
      id: note.id,
    });
  }
}

/**
 * When a mask began, epoch milliseconds: the note is either `@` and that time, which the service wrote, or the switch's
 * own `uptime ms`, which needs no clock of the two to agree. What is not known counts from the beginning.
 */
function maskedSince(note: string, uptimeMs: number, now: number): number {
  const since = note.startsWith('@') ? Number(note.slice(1)) : now - (uptimeMs - Number(note));
  return Number.isFinite(since) && since <= now ? Math.round(since) : 0;
}
