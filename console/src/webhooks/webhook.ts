/** A webhook as the API shows it. */
export interface Webhook extends Record<string, unknown> {
  id: string;
  name: string;
  uri: string;
  hook: string;
  enabled?: boolean;
  disable_reason?: string;
  /** In the answer that made it, and nowhere else. */
  secret?: string;
}

/** One attempt to tell it something. */
export interface Attempt {
  hook_id: string;
  event: string;
  event_id: string;
  /** A test is about none. */
  recording_id?: string;
  attempt: number;
  result: 'success' | 'failure';
  reason?: string;
  response_code?: number;
  /** Gregorian seconds. */
  timestamp: number;
}
