/**
 * Adopts the recordings that a dialplan or another program started on a call in which somebody owns a leg: they are masked
 * with the rest, listed and finished, and their files are left alone.
 */
import type { Logger } from 'winston';
import type { Calls, Leg } from '../calls/calls.js';
import type { Owner } from '../calls/owner.js';
import type { RecordingDocument } from '../generated/recording.js';
import type { ActiveRecordings } from './active.js';
import { adoptedDocument, entryOf, switchPath, type ForeignRecorder } from './document.js';
import { audited } from './state.js';

/** A file that this service has named: `recordingFile` and `segmentFile` of `files.ts`. */
const OURS = /\/\d{6}-[0-9a-f]{32}(-\d+)?\.(wav|mp3)$/;

export interface AdoptionParts {
  calls: Calls;
  recordings: ActiveRecordings;
  /** The recordings folder as the switch sees it, absolute. */
  dir: string;
  /** Seconds: what a document must say, though nobody ends an adopted recording. */
  ceiling: number;
  /** Where the file of a recording that this leg's owner has is sent to. */
  destinationOf: (leg: Leg, owner: Owner) => ForeignRecorder['destination'];
  /** The recording is listed from here on. */
  add: (doc: RecordingDocument) => Promise<void>;
  /** A recorder runs on the leg that is not listed. */
  unlisted: (leg: Leg, path: string) => Promise<void>;
  now: (switchId: string) => number;
  log: Logger;
}

export class Adoption {
  /** When the recorders of each leg began that are not ours, by path. */
  private readonly foreign = new Map<string, Map<string, number>>();

  constructor(private readonly parts: AdoptionParts) {}

  /** A recorder runs on the leg, since `at` or longer, that is not ours, or whose beginning nobody told. */
  started(uuid: string, path: string, at: number): void {
    // Nobody would ever tell that a leg is gone which is not there.
    if (OURS.test(path) || !this.parts.calls.get(uuid)) return;
    const paths = this.foreign.get(uuid) ?? new Map<string, number>();
    if (!paths.has(path)) {
      // The switch moves a recorder to another leg where the dialplan told it to.
      for (const others of this.foreign.values()) others.delete(path);
      paths.set(path, at);
    }
    this.foreign.set(uuid, paths);
    this.consider(uuid);
  }

  stopped(uuid: string, path: string): void {
    this.foreign.get(uuid)?.delete(path);
  }

  gone(uuid: string): void {
    this.foreign.delete(uuid);
  }

  /** Two legs were bridged: one of them may belong to somebody. */
  bridged(leg: Leg): void {
    for (const { uuid } of this.parts.calls.legsOf(leg)) this.consider(uuid);
  }

  /** Takes in what records each leg that the switch has; what is named as ours are is what it returns. */
  find(switchId: string, recorders: ReadonlyMap<string, string[]>): { uuid: string; path: string }[] {
    for (const uuid of this.foreign.keys()) if (!this.parts.calls.get(uuid)) this.gone(uuid);
    return [...recorders].flatMap(([uuid, targets]) => {
      for (const path of this.foreign.get(uuid)?.keys() ?? []) {
        if (!targets.includes(path)) this.stopped(uuid, path);
      }
      for (const target of targets) this.started(uuid, target, this.parts.now(switchId));
      const ours = targets.filter((path) => path.startsWith(`${this.parts.dir}/`) && OURS.test(path));
      return ours.map((path) => ({ uuid, path }));
    });
  }

  private consider(uuid: string): void {
    const { calls, recordings, dir, ceiling, destinationOf, add, unlisted, now, log } = this.parts;
    const target = calls.get(uuid);
    const paths = this.foreign.get(uuid);
    if (!target || target.down || target.endpoint === 'loopback' || !paths) return;
    const far = calls.farLeg(target);
    const ownerLeg = target.owner ? target : far;
    const owner = ownerLeg?.owner;
    for (const [path, at] of paths) {
      if (recordings.onLeg(uuid).some(({ doc }) => switchPath(doc, dir) === path)) continue;
      const isCaller = calls.isCaller(target, far);
      const doc =
        owner &&
        adoptedDocument({ path, owner, ownerLeg, destination: destinationOf(ownerLeg, owner) }, dir, {
          target,
          other: far,
          caller: isCaller ? target : far,
          parties: calls.partiesOf(target),
          ceiling,
          at,
        });
      if (!doc) {
        unlisted(target, path).catch((error: unknown) => {
          log.error('a recorder that is not listed could not be masked', { leg: uuid, error });
        });
        continue;
      }
      const entry = entryOf({ by: 'service', owner, at: now(target.switchId) }, 'start', 'ok');
      add(audited(doc, entry)).then(
        () => log.info('recording adopted', { recording: doc.id, leg: uuid, account: owner.account }),
        (error: unknown) => log.error('a recording could not be adopted', { leg: uuid, error }),
      );
    }
  }
}
