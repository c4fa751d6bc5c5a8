/** All that was seen from outside, and what a verdict over it is. */
import type { ShownRecording } from './api.js';
import type { Heard } from './audio.js';
import type { Holdings } from './child.js';
import type { CallJournal, FaultJournal, PostJournal } from './journal.js';

export interface Verdict {
  what: string;
  /** How many things it was looked for in. */
  looked: number;
  /** Of those, how many a fault of the switch or the disk made nobody's fault. */
  excused?: number;
  violations: string[];
}

/** All that was seen from outside. */
export interface Observed {
  calls: CallJournal[];
  faults: FaultJournal[];
  posts: PostJournal[];
  recordings: ShownRecording[];
  /** What the files have, by recording. */
  heard: ReadonlyMap<string, Heard>;
  /** SHA-256 of the files, by recording. */
  sums: ReadonlyMap<string, string>;
  /** Every file below the recordings folder. */
  files: string[];
  /** The marker of the metaflows that are stored, by user. */
  stored: ReadonlyMap<string, number | undefined>;
  uploads: ReadonlyMap<string, string>;
  told: ReadonlyMap<string, ReadonlySet<string>>;
  /** Lines of the log that have what none may have. */
  tellingLines: string[];
  mishaps: string[];
  before: Holdings;
  after: Holdings;
}

/** The verdict over all of one kind: `wrong` says what is, of one. */
export function judged<T>(what: string, all: readonly T[], wrong: (one: T) => string | undefined): Verdict {
  return { what, looked: all.length, violations: all.map(wrong).filter((each) => each !== undefined) };
}
