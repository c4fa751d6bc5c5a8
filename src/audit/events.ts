/** What is accounted for: who did what to a recording or to an account's settings, or tried to, and what came of it. */
import type { AuditEntry, RecordingDocument } from '../generated/recording.js';
import type { SettingsChange } from './settings.js';

/** One thing that somebody did. `at` is ISO 8601; `result` is `ok`, or a stable code that says why not. */
export interface AuditEvent extends Omit<AuditEntry, 'action'>, SettingsChange {
  action: AuditEntry['action'] | 'download' | 'deletion' | 'hold' | 'unhold' | SettingsAction;
  account_id: string;
  /** Of action `webhook`; missing where none was made. */
  webhook_id?: string;
  /** Missing where nothing was being recorded, and of settings. */
  recording_id?: string;
  /** Whose recording it is. */
  owner_id?: string;
}

/** Settings of an account that are accounted for. */
export type SettingsAction = 'retention' | 'webhook';

/** Resolves when the event is stored for good, and nothing may be acknowledged before. */
export type Audit = (event: AuditEvent) => Promise<void>;

/** An entry, and which recording it is about. */
export function eventOf(
  { account_id, id, owner_id }: RecordingDocument,
  entry: Omit<AuditEvent, 'account_id' | 'recording_id' | 'owner_id'>,
): AuditEvent {
  return { ...entry, account_id, recording_id: id, ...(owner_id !== undefined && { owner_id }) };
}
