/** What an attempt came to, by the answer or by the error that it ended with. Pure. */
import { isMetaflowsError } from '../errors.js';
import type { FailedAttempt } from './attempts.js';
import type { Answer } from './send.js';

/**
 * The statuses by which a receiver says that this request will never do. With any other, 401, 403 and 404 among
 * them, somebody may mend the receiver within the hours that there are, and nothing is lost by trying.
 */
const NEVER = new Set([400, 405, 406, 410, 411, 413, 414, 415, 422, 431, 451]);

/** Only 2xx is an acknowledgement. `at` in epoch milliseconds. */
export function judged({ status, retryAfterMs }: Answer, at: number): 'sent' | FailedAttempt {
  if (status >= 200 && status < 300) return 'sent';
  return {
    at,
    error: 'http_status',
    status,
    permanent: NEVER.has(status),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

/** Mistakes in what was set up, and answers that are none: time mends neither. */
const PERMANENT = [
  'address_denied',
  'redirect_refused',
  'transcription_off',
  'transcription_invalid',
  'transcription_untimed',
] as const;

export function failureOf(error: unknown, at: number): FailedAttempt {
  return {
    at,
    error: isMetaflowsError(error) ? error.code : 'destination_unreachable',
    permanent: isMetaflowsError(error, ...PERMANENT),
  };
}
