/** Tells the callbacks that recordings carry, each in the words of the system that it was given through. */
import type { Callback, RecordCallData } from '../generated/record_call.js';
import type { RecordingDocument } from '../generated/recording.js';
import type { FailedAttempt } from './attempts.js';
import { failureOf, judged } from './outcome.js';
import type { Answer, Outgoing } from './send.js';

/** The request with which each system tells that a recording is complete. */
export type Words = Record<Callback['system'], (doc: RecordingDocument, callback: Callback) => Outgoing>;

export interface CallerOptions {
  recordings: { get(account: string, id: string): Promise<RecordingDocument | undefined> };
  callbackWords: Words;
  send: (outgoing: Outgoing, signal: AbortSignal) => Promise<Answer>;
  now: () => number;
}

export class Caller {
  constructor(private readonly options: CallerOptions) {}

  /** Tells nothing of a recording that is deleted. */
  async attempt(
    account: string,
    id: string,
    signal: AbortSignal,
  ): Promise<'sent' | 'dropped' | FailedAttempt> {
    const { recordings, callbackWords, send, now } = this.options;
    const doc = await recordings.get(account, id);
    const callback = doc && callbackOf(doc);
    if (!callback) return 'dropped';
    try {
      return judged(await send(callbackWords[callback.system](doc, callback), signal), now());
    } catch (error) {
      if (signal.aborted) throw error;
      return failureOf(error, now());
    }
  }
}

/** Who is told that the recording is complete. */
export function callbackOf({ internal }: RecordingDocument): Callback | undefined {
  return (internal.data as RecordCallData).callback;
}
