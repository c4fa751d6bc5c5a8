/** What the test itself did, saw and heard: what the service says is held against it. */
import type { Action } from './plan.js';

/** Something said: a tone of its own. Times are the test's, epoch, milliseconds. */
export interface Word {
  hz: number;
  /** `plain` while the call was known to be recorded, `secret` while it was known to be masked. */
  kind: 'plain' | 'secret';
  from: number;
  to: number;
}

export interface Asked {
  action: Action;
  /** The leg in the switch whose party pressed, or that was named. */
  leg: string;
  at: number;
  /** What was heard, or answered; `nothing` where nothing was within the time. */
  outcome: 'done' | 'refused' | 'failed' | 'nothing';
  /** The recording that the API named. */
  recording?: string;
}

export interface CallJournal {
  /** Line and number. */
  id: string;
  /** Every leg in the switch that was of it. */
  legs: string[];
  asked: Asked[];
  words: Word[];
  beganAt: number;
  endedAt: number;
  /** What did not go as planned: the switch crashed, mostly. */
  broke?: string;
}

/** A fault that was, and when. */
export interface FaultJournal {
  what: string;
  kind: string;
  from: number;
  to: number;
}

/** A POST, and whether it was acknowledged. */
export interface PostJournal {
  user: string;
  marker: number;
  acknowledged: boolean;
}

export class Journal {
  readonly calls: CallJournal[] = [];
  readonly faults: FaultJournal[] = [];
  readonly posts: PostJournal[] = [];
  /** Digits that were pressed and are no code. */
  readonly secrets = new Set<string>();
  readonly beganAt = Date.now();

  /** Seconds from the beginning, for people. */
  time(at = Date.now()): string {
    return `${((at - this.beganAt) / 1000).toFixed(1)} s`;
  }
}
