/** What is asked of the recorder, what it answers, and what it needs of the rest of the service. */
import type { Logger } from 'winston';
import type { Audit } from '../audit/events.js';
import type { Calls, Leg } from '../calls/calls.js';
import type { Tone } from '../calls/feedback.js';
import type { Owner } from '../calls/owner.js';
import type { Consent } from '../generated/call_recording.js';
import type { RecordingSettings } from '../generated/configuration.js';
import type { RecordCallData } from '../generated/record_call.js';
import type { RecordingDocument } from '../generated/recording.js';
import type { RecordingsPort } from './active.js';
import type { RecordingEvent } from './events.js';
import type { RecordingFiles } from './files.js';
import type { RecordingSwitch } from './segments.js';

/** Somebody, or a limit, wants something of a recording. */
export interface RecordRequest {
  data: RecordCallData;
  /** The leg whose owner's code it is, or that an API command named. */
  leg: Leg;
  /** The leg whose party pressed, where it was a code. */
  presser?: Leg;
  by: 'code' | 'api' | 'service';
  /** Whose recording it is. */
  owner: Owner;
  tokenId?: string;
  /** When it was asked: epoch, milliseconds. */
  at: number;
  /** An admin asks for the account: no policy for users binds it. */
  asAdmin?: boolean;
  /** The switch has masked by itself when the key was pressed, at `at`. */
  maskedInSwitch?: boolean;
}

/** What happened; `recording` is missing where only the dialplan's own recorders were masked or unmasked. */
export interface RecordOutcome {
  result: 'started' | 'already_recording' | 'masked' | 'unmasked' | 'stopped' | 'discarded';
  recording?: RecordingDocument;
}

/** Brings files from the switch, where this service does not see the folder that they are written to. */
export interface Transport {
  /**
   * Resolves when the files of the recording are in this service's folder, with those that cannot be had; rejects with a
   * MetaflowsError where they may be had when the switch or this service is back.
   */
  fetch(doc: RecordingDocument): Promise<string[]>;
}

export interface RecorderOptions {
  calls: Calls;
  switchOf: (id: string) => RecordingSwitch;
  store: RecordingsPort;
  /**
   * Whether documents of this switch's recordings are not another instance's to write; all are this one's by default.
   * `isDisputed`: somebody else has written one, so that it has to be known that this instance acts.
   */
  mayWrite?: (switchId: string, isDisputed: boolean) => boolean;
  files: RecordingFiles;
  /** Missing where the service sees the folder that the switch writes to. */
  transport?: Transport | undefined;
  /** The recordings folder as the switch sees it, absolute. */
  dir: string;
  /** Seconds: no recording is longer. */
  ceiling: number;
  settings: Required<RecordingSettings>;
  /** What the recorded calls of an account hear. */
  consentOf: (account: string) => Consent | undefined;
  /** What a beep is, as a tone_stream; empty: none. */
  beep: string;
  /** Where the recordings of this leg's owner are sent to. */
  destinationOf: (leg: Leg, owner: Owner) => Pick<RecordingDocument, 'url' | 'method'>;
  /** Whether the disk has room for new recordings. */
  hasSpace: () => boolean;
  feedback: { play(leg: Leg, tone: Tone): Promise<void> };
  /** Whether an event is to be kept with the document until it was told; by default each is. */
  isAwaited?: (event: RecordingEvent) => boolean;
  /** Awaited before whoever asked is told; never rejects. */
  onEvent: (event: RecordingEvent) => Promise<void>;
  /** Gets each thing that is done to a recording, and that could not be done, before whoever asked is told. */
  audit: Audit;
  log: Logger;
  /** What time it is by a switch's clock: epoch, milliseconds. All times of its recordings are by it. */
  now?: (switchId: string) => number;
}

/** Why a recording is ended while its leg goes on. */
export type StopReason = 'code' | 'api' | 'time_limit' | 'end_key' | 'no_audio';
