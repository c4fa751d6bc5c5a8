/**
 * What is done to recordings and to an account's settings over HTTP is accounted for before it is answered: the same for
 * every system's API.
 */
import { eventOf, type Audit, type AuditEvent, type SettingsAction } from '../audit/events.js';
import { changeOf } from '../audit/settings.js';
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

/** Settings of an account, as they were and as they are; undefined where there are none. */
export interface Settings {
  before?: object | undefined;
  after?: object | undefined;
  webhook_id?: string;
}

/** Accounts for a change of an account's settings, or for an attempt that came to `result`. */
export function accountedSettings(
  audit: Audit,
  action: SettingsAction,
  principal: Principal,
  account_id: string,
  { before, after, ...which }: Settings,
  result = 'ok',
): Promise<void> {
  const at = new Date().toISOString();
  const change = changeOf(before, after);
  return audit({ ...actorOf(principal), action, at, result, account_id, ...which, ...change });
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
