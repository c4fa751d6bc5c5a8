/** The recordings that run now, in memory, each with its document. */
import { eventOf } from '../audit/events.js';
import type { Leg } from '../calls/calls.js';
import { MetaflowsError } from '../errors.js';
import type { RecordingDocument } from '../generated/recording.js';
import type { Happening } from './events.js';
import { ByParty } from './parties.js';
import type { RecorderOptions } from './ports.js';

/** What keeps recording documents; written for a document in the order of the calls. */
export interface RecordingsPort {
  /**
   * `happened`, in this order, is kept with it until it is told. Where somebody else has written the document meanwhile,
   * rejects with `not_acting` unless `mayStill`.
   */
  save(doc: RecordingDocument, happened: readonly Happening[], mayStill: () => boolean): Promise<void>;
  unfinished(): Promise<RecordingDocument[]>;
  get(account: string, id: string): Promise<RecordingDocument | undefined>;
}

/** One recording that runs. */
export interface Active {
  doc: RecordingDocument;
  /** Ends the recording at its time limit. */
  limit?: NodeJS.Timeout | undefined;
  /** Ends the mask at its time limit, and warns before. */
  maskLimit?: NodeJS.Timeout | undefined;
  /** Beeps now and then. */
  beep?: NodeJS.Timeout | undefined;
  saving: Promise<void>;
  /** What happened, where the store did not take it. */
  untold: Happening[];
  /** What is to be done, in this order, when its last document is stored; never rejects. */
  afterwards: (() => Promise<void>)[];
  /** How many of its document's audit entries the audit has. */
  audited: number;
}

/** Whether a segment runs in the switch: between two of them a recording waits for its call to go on. */
export function hasRecorder({ doc }: Active): boolean {
  return !doc.internal.pauses.includes('gap');
}

/** Milliseconds until what the store did not take is given to it again. */
const RETRY_MS = 1000;

export class ActiveRecordings {
  /** Those whose last document is not stored, also where they have ended, and when it is tried again. */
  private readonly unsaved = new Map<string, NodeJS.Timeout | undefined>();
  private readonly byId = new Map<string, Active>();
  private readonly byParty = new ByParty<Active>();

  constructor(
    private readonly options: Pick<RecorderOptions, 'store' | 'audit' | 'onEvent' | 'isAwaited' | 'mayWrite'>,
  ) {}

  get(id: string): Active | undefined {
    return this.byId.get(id);
  }

  all(): IterableIterator<Active> {
    return this.byId.values();
  }

  /** The recordings of the call that a leg is, or was last, a party of. */
  ofParty(uuid: string): Active[] {
    return this.byParty.of(uuid);
  }

  /** Those whose recorder runs on the leg. */
  onLeg(uuid: string): Active[] {
    return this.ofParty(uuid).filter((active) => active.doc.internal.leg === uuid && hasRecorder(active));
  }

  ofCall(legs: Leg[]): Active[] {
    return this.byParty.ofCall(legs);
  }

  /** `audited`: how many entries of a document that was stored before the audit has. */
  add(doc: RecordingDocument, audited = 0): Active {
    const active: Active = { doc, saving: Promise.resolve(), untold: [], afterwards: [], audited };
    this.byId.set(doc.id, active);
    this.byParty.add(active);
    return active;
  }

  /**
   * Takes the next document of a recording; resolves when it is stored, and what is new in its audit is in the chain.
   * That comes first: a line too many can be explained, one that is missing cannot. What `happened` is told then.
   * Rejects with `not_acting` where another instance has taken the recording over, and where the store does not take it:
   * it counts all the same, and is given to the store again until it is taken.
   */
  save(active: Active, doc: RecordingDocument, happened: readonly Happening[] = []): Promise<void> {
    if (this.byId.has(doc.id)) {
      this.byParty.delete(active);
      active.doc = doc;
      this.byParty.add(active);
    } else {
      active.doc = doc;
    }
    this.unsaved.set(doc.id, this.unsaved.get(doc.id));
    const saved = active.saving.then(() => this.write(active, doc, happened));
    active.saving = saved.catch(() => undefined);
    return saved;
  }

  /** Whether its last document is not stored yet. */
  isUnsaved(id: string): boolean {
    return this.unsaved.has(id);
  }

  /** Whether it has ended, and the store could not be told yet. */
  hasEndedUnsaved(id: string): boolean {
    return this.isUnsaved(id) && !this.byId.has(id);
  }

  /** The recording runs no more: no command finds it from here on, its document may still be saved. */
  retire(active: Active): void {
    clearTimers(active);
    this.byId.delete(active.doc.id);
    this.byParty.delete(active);
  }

  /** Ends every timer; what runs goes on running in the switch. */
  close(): void {
    for (const active of this.byId.values()) clearTimers(active);
    for (const timer of this.unsaved.values()) clearTimeout(timer);
  }

  private async write(active: Active, doc: RecordingDocument, happened: readonly Happening[]): Promise<void> {
    const { store, audit, onEvent, isAwaited = () => true, mayWrite = () => true } = this.options;
    clearTimeout(this.unsaved.get(doc.id));
    const switchId = doc.internal.switch;
    if (!mayWrite(switchId, false)) {
      this.unsaved.delete(doc.id);
      throw new MetaflowsError('not_acting', switchId);
    }
    active.untold.push(...happened);
    try {
      for (const entry of doc.audit.slice(active.audited)) {
        await audit(eventOf(doc, entry));
        active.audited++;
      }
      const kept = active.untold.filter((each) => isAwaited({ ...each, recording: doc }));
      await store.save(doc, kept, () => mayWrite(switchId, true));
    } catch (error) {
      const again = () => void this.save(active, active.doc).catch(() => undefined);
      this.unsaved.set(doc.id, setTimeout(again, RETRY_MS));
      throw error;
    }
    for (const each of active.untold.splice(0)) await onEvent({ ...each, recording: doc });
    if (doc !== active.doc) return;
    this.unsaved.delete(doc.id);
    for (const work of active.afterwards.splice(0)) await work();
  }
}

function clearTimers({ limit, maskLimit, beep }: Active): void {
  clearTimeout(limit);
  clearTimeout(maskLimit);
  clearInterval(beep);
}
