/** What accounts are told of: by webhooks, and by the live stream. */
import type { RecordingDocument } from '../generated/recording.js';
import type { RecordingEvent } from '../recording/events.js';
import { uuidDigits } from '../uuid.js';

/** One thing that happened, as it is told: the same, with the same id, however often it is. */
export interface Notice {
  /** `recording.started`, `call.answered`, … */
  event: string;
  id: string;
  /** ISO 8601. */
  timestamp: string;
  account_id: string;
  /** The recording as the API shows it. */
  recording?: Omit<RecordingDocument, 'internal'>;
  /** The leg as the API shows it. */
  call?: object;
  /** The other leg of a bridge, where it is the account's too. */
  other_call?: object;
  /** The webhook's own. */
  custom_data?: object;
}

/** Begins with the time, so that ids sort by it. `at` in epoch milliseconds. */
export function newNoticeId(at: number): string {
  return uuidDigits(at);
}

export function recordingNotice({
  id,
  type,
  at,
  recording: { internal, ...recording },
}: RecordingEvent): Notice {
  return {
    event: `recording.${type}`,
    id,
    timestamp: new Date(at).toISOString(),
    account_id: recording.account_id,
    recording,
  };
}
