/**
 * Finds the recordings of a switch again when it is connected, after a crash of this service as after a lost
 * connection. What may have been masked is masked first and asked about afterwards; what cannot be known is asked of
 * the switch, never guessed.
 */
import type { RecordingDocument } from '../generated/recording.js';
import { buglist, parseBuglist, record } from '../switch/commands.js';
import type { LegData } from '../switch/events.js';
import type { Active, ActiveRecordings } from './active.js';
import { documentOf, NOTE, readChannelNote } from './document.js';
import type { Finisher } from './finisher.js';
import { MASKED, type RecorderOptions } from './recorder.js';
import { audited, masked } from './state.js';

export class Recovery {
  constructor(
    private readonly options: RecorderOptions,
    private readonly recordings: ActiveRecordings,
    private readonly finisher: Finisher,
    private readonly now: () => number,
    private readonly arm: (active: Active) => void,
  ) {}

  async maskAgain(switchId: string): Promise<void> {
    const port = this.options.switchOf(switchId);
    const docs = await this.unfinished(switchId);
    await Promise.all(
      docs
        .filter(({ state }) => state === 'masked')
        .map((doc) => port.apis(doc.internal.leg, [record('mask', doc.internal.leg, this.path(doc))])),
    );
  }

  async recover(switchId: string, legs: LegData[]): Promise<void> {
    const byUuid = new Map(legs.map((leg) => [leg.uuid, leg]));
    const docs = await this.unfinished(switchId);
    const known = new Set(docs.map(({ id }) => id));
    for (const leg of legs) {
      const doc = this.documentFromNote(leg);
      if (!doc || known.has(doc.id)) continue;
      if (!(await this.options.store.get(doc.account_id, doc.id))) docs.push(doc);
    }
    await Promise.all(docs.map((doc) => this.recoverOne(doc, byUuid.get(doc.internal.leg))));
  }

  /** What the store and the memory have as running there. */
  private async unfinished(switchId: string): Promise<RecordingDocument[]> {
    const docs = new Map((await this.options.store.unfinished()).map((doc) => [doc.id, doc]));
    for (const { doc } of this.recordings.all()) docs.set(doc.id, doc);
    return [...docs.values()].filter(({ internal }) => internal.switch === switchId);
  }

  private async recoverOne(doc: RecordingDocument, leg: LegData | undefined): Promise<void> {
    const active = this.recordings.get(doc.id) ?? this.recordings.add(doc, this.path(doc));
    if (!leg) {
      this.finisher.legGone(active, 'switch_lost');
      return;
    }
    const port = this.options.switchOf(doc.internal.switch);
    const note = leg.variables[MASKED];
    const wasMasked = doc.state === 'masked' || Boolean(note);
    const answers = await port.apis(leg.uuid, [
      ...(wasMasked ? [record('mask', leg.uuid, active.path)] : []),
      { command: 'uptime', args: 'ms' },
      buglist(leg.uuid),
    ]);
    const bugs = answers.at(-1) ?? '';
    if (!parseBuglist(bugs).some(({ target }) => target === active.path)) {
      this.finisher.finish(active, 'switch_lost', undefined);
      return;
    }
    let next = doc;
    if (note && doc.state !== 'masked') {
      // Masked while nobody listened, inside the switch or by a service that was killed before it wrote it down.
      const since = Math.max(maskedSince(note, Number(answers.at(-2)), this.now()), doc.internal.started_at);
      next = audited(masked(doc, since), {
        action: 'mask',
        at: new Date(since).toISOString(),
        by: 'code',
        result: 'ok',
      });
    }
    this.arm(active);
    await this.recordings.save(active, next);
  }

  private documentFromNote(leg: LegData): RecordingDocument | undefined {
    const note = readChannelNote(leg.variables[NOTE] ?? '');
    const target = this.options.calls.get(leg.uuid);
    if (!note || !target) return undefined;
    const { calls, ceiling } = this.options;
    const other = calls.farLeg(target);
    return documentOf({
      request: { data: note.data, leg: target, owner: note.owner },
      target,
      other,
      caller: calls.isCaller(target, other) ? target : other,
      ceiling,
      at: note.at,
      id: note.id,
    });
  }

  private path(doc: RecordingDocument): string {
    return `${this.options.dir}/${doc.internal.file}`;
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
