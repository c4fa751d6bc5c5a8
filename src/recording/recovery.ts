/**
 * Finds the recordings of a switch again when it is connected, after a crash of this service as after a lost
 * connection. What may have been masked is masked first and asked about afterwards; what cannot be known is asked of
 * the switch, never guessed.
 */
import type { AuditEntry, RecordingDocument } from '../generated/recording.js';
import {
  buglist,
  fileExists,
  global,
  globals,
  parseBuglist,
  parseGlobals,
  parseTime,
  record,
  time,
} from '../switch/commands.js';
import type { LegData } from '../switch/events.js';
import { askAbout } from '../switch/snapshot.js';
import type { Adoption } from './adoption.js';
import type { Announcer } from './announcer.js';
import { hasRecorder, type Active, type ActiveRecordings } from './active.js';
import { BEGINNING, currentFile, readNote, switchPath } from './document.js';
import type { Happening } from './events.js';
import type { Finisher } from './finisher.js';
import type { Following } from './following.js';
import type { Limits } from './limits.js';
import type { Maskers } from './masking.js';
import { holdsMeanwhile, masksMeanwhile, type Meanwhile } from './meanwhile.js';
import type { RecorderOptions } from './ports.js';
import { clearNote, isOk, maskNote, type Segments } from './segments.js';
import type { Strays } from './strays.js';
import { audited, momentOf, resumed, segmentEnded, unmasked } from './state.js';

export interface RecoveryParts {
  options: RecorderOptions;
  recordings: ActiveRecordings;
  finisher: Finisher;
  segments: Segments;
  following: Following;
  limits: Limits;
  announcer: Announcer;
  adoption: Adoption;
  maskers: Maskers;
  strays: Strays;
  pathOf: (active: Active) => string;
  now: (switchId: string) => number;
  /** Stores the document, then tells of what happened to it. */
  keep: (active: Active, doc: RecordingDocument, type?: Happening['type']) => Promise<void>;
  /** Runs in the turn of the legs' call. */
  turn: (uuids: string[], work: () => Promise<void>) => Promise<void>;
}

/** What records the legs of a switch. */
interface Recorders {
  /** The paths, by leg. */
  of: Map<string, string[]>;
  /** The leg, by path. */
  carriers: Map<string, string>;
}

export class Recovery {
  constructor(private readonly parts: RecoveryParts) {}

  async maskAgain(switchId: string): Promise<void> {
    const { options, maskers } = this.parts;
    const port = options.switchOf(switchId);
    const docs = await this.unfinished(switchId);
    await Promise.all(
      docs
        .filter(({ state }) => state === 'masked')
        .map((doc) => port.apis(doc.internal.leg, [maskers.again({ doc })])),
    );
  }

  async recover(switchId: string, legs: LegData[]): Promise<void> {
    this.parts.maskers.found(legs);
    const byUuid = new Map(legs.map((leg) => [leg.uuid, leg]));
    const docs = await this.unfinished(switchId);
    const { recordings } = this.parts;
    // The service was killed, or cut off, before it wrote down that it had started them.
    for (const begun of await this.beginnings(switchId)) {
      const index = docs.findIndex(({ id }) => id === begun.id);
      const known = docs[index];
      if (known && begun.segments.length > known.segments.length) {
        const internal = { ...begun.internal, data: known.internal.data };
        const doc = { ...known, segments: begun.segments, internal };
        await this.parts.keep(recordings.get(doc.id) ?? recordings.add(doc, doc.audit.length), doc);
        docs[index] = doc;
      } else if (!known && !(await this.parts.options.store.get(begun.account_id, begun.id))) {
        await this.parts.keep(recordings.add(begun), begun, 'started');
        docs.push(begun);
      }
      await this.parts.segments.stored(begun);
    }
    let asked: Promise<Recorders> | undefined;
    const recorders = () => (asked ??= this.recordersOf(switchId, [...byUuid.keys()]));
    await Promise.all(docs.map((doc) => this.recoverOne(doc, byUuid, recorders)));
    const ours = this.parts.adoption.find(switchId, (await recorders()).of);
    await Promise.all(
      ours.map(({ uuid, path }) => this.parts.turn([uuid], () => this.endUnknown(uuid, path))),
    );
  }

  /** Ends a recorder of ours that no recording knows of: nobody could mask it, nor stop it. */
  private async endUnknown(uuid: string, path: string): Promise<void> {
    const { options, recordings, segments, strays, pathOf } = this.parts;
    const leg = options.calls.get(uuid);
    const isKnown = recordings.onLeg(uuid).some((active) => pathOf(active) === path);
    if (!leg || isKnown || segments.isStarting(path)) return;
    const port = options.switchOf(leg.switchId);
    const [bugs = ''] = await port.apis(leg.callId, [buglist(uuid)]);
    if (!parseBuglist(bugs).some(({ target }) => target === path)) return;
    options.log.warn('a recorder that no recording knows of is ended', { leg: uuid });
    await port.apis(leg.callId, [record('stop', uuid, path)]);
    // One that the switch moved does not answer to its path.
    await strays.end(leg, path);
  }

  /** What the switch has noted of segments that begin, where they did. */
  private async beginnings(switchId: string): Promise<RecordingDocument[]> {
    const { options, recordings, segments } = this.parts;
    const [reply = ''] = await options.switchOf(switchId).apis('', [globals]);
    const begun: RecordingDocument[] = [];
    for (const [name, note] of parseGlobals(reply)) {
      const doc = name.startsWith(BEGINNING) ? readNote(note) : undefined;
      if (!doc || segments.isStarting(switchPath(doc, options.dir)) || recordings.isUnsaved(doc.id)) continue;
      if (await this.hasBegun(doc)) begun.push(doc);
      else await segments.stored(doc);
    }
    return begun;
  }

  private async hasBegun(doc: RecordingDocument): Promise<boolean> {
    const { switchOf, dir } = this.parts.options;
    const { leg, switch: switchId } = doc.internal;
    const path = switchPath(doc, dir);
    const [exists, bugs = ''] = await switchOf(switchId).apis(leg, [fileExists(path), buglist(leg)]);
    return exists === 'true' || parseBuglist(bugs).some(({ target }) => target === path);
  }

  /** What the store and the memory have as running there. */
  private async unfinished(switchId: string): Promise<RecordingDocument[]> {
    const { options, recordings, finisher } = this.parts;
    const docs = new Map((await options.store.unfinished()).map((doc) => [doc.id, doc]));
    for (const { doc } of recordings.all()) docs.set(doc.id, doc);
    return [...docs.values()].filter(
      ({ id, internal }) =>
        internal.switch === switchId && !finisher.isFinishing(id) && !recordings.hasEndedUnsaved(id),
    );
  }

  private async recoverOne(
    doc: RecordingDocument,
    legs: ReadonlyMap<string, LegData>,
    recorders: () => Promise<Recorders>,
  ): Promise<void> {
    const { recordings, finisher, following, limits, announcer, strays, pathOf, keep } = this.parts;
    const active = recordings.get(doc.id) ?? recordings.add(doc, doc.audit.length);
    strays.forget(pathOf(active));
    if (doc.stop_reason) {
      // It had ended, and its file had not come.
      void finisher.finish(active, doc.stop_reason, undefined);
      return;
    }
    announcer.arm(active);
    // The leg to which the switch moved its recorder by itself while nobody looked.
    const carrierOf = async () => (await recorders()).carriers.get(pathOf(active));
    const isLost = hasRecorder(active) && !legs.has(doc.internal.leg);
    const carrier = isLost ? await carrierOf() : undefined;
    let known = isLost && carrier === undefined ? await this.endedMeanwhile(doc) : doc;
    const now = this.parts.now(doc.internal.switch);
    const leg = legs.get(doc.internal.leg);
    const changes = [...(leg ? holdsMeanwhile(doc, leg, now) : []), ...(await this.masksMeanwhile(doc))];
    let isStored = known === doc && active.audited === doc.audit.length;
    for (const { at, to, told } of changes.sort((one, other) => one.at - other.at)) {
      const changed = to(known, at);
      if (changed === known) continue;
      known = changed;
      isStored = true;
      await keep(active, known, told);
    }
    if (!isStored) await keep(active, known);
    if (carrier !== undefined) following.moved(carrier, pathOf(active), pathOf);
    // Its leg left while nobody looked: it goes on with who is left, or is over.
    else if (!hasRecorder(active)) following.segmentOver(active, undefined, 'switch_lost');
    else if (await this.runs(active)) limits.arm(active);
    else {
      const moved = await carrierOf();
      if (moved !== undefined) following.moved(moved, pathOf(active), pathOf);
      else void finisher.finish(active, 'switch_lost', undefined);
    }
  }

  /** Whether the switch records it; then masked again where it is masked. */
  private async runs(active: Active): Promise<boolean> {
    const { options, maskers, pathOf, keep, now } = this.parts;
    const { doc } = active;
    const { leg, switch: switchId } = doc.internal;
    const isMasked = doc.state === 'masked';
    const again = isMasked ? [maskers.again(active)] : [];
    const answers = await options.switchOf(switchId).apis(leg, [...again, buglist(leg)]);
    const path = pathOf(active);
    if (!parseBuglist(answers.at(-1) ?? '').some(({ target }) => target === path)) return false;
    if (isMasked && !isOk(answers[0])) {
      options.log.error('a recording could not be masked again', { recording: doc.id });
      const at = now(switchId);
      const when = new Date(at).toISOString();
      const entry: AuditEntry = { action: 'mask', at: when, by: 'service', result: 'mask_incomplete' };
      await keep(active, audited(unmasked(doc, at), entry), 'unmasked');
    }
    return true;
  }

  /** Its leg has left while nobody listened: its file, where it can be seen, says how long it was, whatever was held. */
  private async endedMeanwhile(doc: RecordingDocument): Promise<RecordingDocument> {
    const ms = await this.parts.options.files.duration(currentFile(doc));
    const now = this.parts.now(doc.internal.switch);
    if (ms === undefined) return segmentEnded(doc, now);
    const going = resumed(doc, 'hold', doc.internal.held_since ?? now);
    return segmentEnded(going, Math.min(now, momentOf(going, (doc.segments.at(-1)?.start_ms ?? 0) + ms)));
  }

  /** Asked of all legs once, whoever wants to know. */
  private async recordersOf(switchId: string, uuids: string[]): Promise<Recorders> {
    const recorders: Recorders = { of: new Map(), carriers: new Map() };
    await askAbout(this.parts.options.switchOf(switchId), uuids, buglist, (uuid, answer) => {
      const bugs = parseBuglist(answer).filter((bug) => bug.function === 'session_record');
      const paths = bugs.map(({ target }) => target);
      recorders.of.set(uuid, paths);
      for (const path of paths) recorders.carriers.set(path, uuid);
    });
    return recorders;
  }

  /** What the switch has noted of its masks. */
  private async masksMeanwhile(doc: RecordingDocument): Promise<Meanwhile[]> {
    const { leg, switch: switchId } = doc.internal;
    const asked = [
      global(maskNote(doc.id)),
      global(clearNote(doc.id)),
      { command: 'uptime', args: 'ms' },
      time,
    ];
    const [mask = '', clear = '', uptime, epoch] = await this.parts.options
      .switchOf(switchId)
      .apis(leg, asked);
    const now = parseTime(epoch) ?? this.parts.now(switchId);
    return masksMeanwhile(doc, { mask, clear, uptimeMs: Number(uptime) }, now);
  }
}
