/** What is done to recordings over HTTP is accounted for before it is answered: the same for every system's API. */
import { eventOf, type Audit, type AuditEvent } from '../audit/events.js';
import { isMetaflowsError } from '../errors.js';
import type { RecordingDocument } from '../generated/recording.js';
import type { Principal } from '../store/tokens.js';
import { HttpError, notFound } from './errors.js';

/** Who asks, as the audit names it. */
export function actorOf({ tokenId, user }: Principal): Pick<AuditEvent, 'by' | 'token_id' | 'user_id'> {
  return { by: 'api', token_id: tokenId, ...(user !== undefined && { user_id: user }) };
}

/** Does `work`, and accounts for what came of it; what `work` rejects with is passed on. */
export async function accounted<T>(
  audit: Audit,
  action: AuditEvent['action'],
  principal: Principal,
  doc: RecordingDocument,
  work: () => Promise<T>,
): Promise<T> {
  const account = (result: string) => {
    const at = new Date().toISOString();
    return audit(eventOf(doc, { ...actorOf(principal), action, at, result }));
  };
  const outcome = await work().catch(async (error: unknown) => {
    await account(codeOf(error));
    throw error;
  });
  await account('ok');
  return outcome;
}

/** Accounts for an attempt on a recording that whoever asks may not know of, and rejects as if there were none. */
export function attempted(
  audit: Audit,
  action: AuditEvent['action'],
  principal: Principal,
): (doc: RecordingDocument) => Promise<never> {
  return (doc) => accounted(audit, action, principal, doc, () => Promise.reject(notFound()));
}

function codeOf(error: unknown): string {
  if (isMetaflowsError(error)) return error.code;
  return error instanceof HttpError ? error.message.replaceAll(' ', '_') : 'internal_error';
}
