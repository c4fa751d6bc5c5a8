/** Recordings as systems see them whose ids are UUIDs, whose times are ISO 8601 and whose paths name no account. */
import type { RecordingDocument } from '../generated/recording.js';
import { digitsOfRecordingId, recordingIdOf } from '../recording/files.js';
import type { RecordingStore } from '../store/recordings.js';
import type { Principal } from '../store/tokens.js';
import { dashed, digitsOf, timeOfUuid } from '../uuid.js';

/** Recordings that are read from the store at a time. */
const PAGE = 200;
/** Epoch, milliseconds: the end of the year 9999, the last that ISO 8601 writes with four digits. */
const LAST_MS = Date.UTC(10_000, 0);

/** The UUID of a recording. */
export function uuidOf({ id }: Pick<RecordingDocument, 'id'>): string {
  return dashed(digitsOfRecordingId(id));
}

/** The id of the recording with this UUID; undefined where no recording can have it. */
export function idOf(uuid: string): string | undefined {
  const digits = digitsOf(uuid);
  // A UUID of another version may begin with a time that no calendar has.
  return digits !== undefined && timeOfUuid(digits) < LAST_MS ? recordingIdOf(digits) : undefined;
}

/** ISO 8601. */
export function startedAt({ id }: Pick<RecordingDocument, 'id'>): string {
  return new Date(timeOfUuid(digitsOfRecordingId(id))).toISOString();
}

/** ISO 8601; undefined while it runs. */
export function endedAt({ audit, stop_reason }: PublicRecording): string | undefined {
  return stop_reason === undefined ? undefined : audit.findLast(({ action }) => action === 'stop')?.at;
}

/** A recording without what is the service's own. */
export type PublicRecording = Omit<RecordingDocument, 'internal'>;

/** The recording with this UUID, where `principal` may know of it; what becomes of an attempt on another's is `refuse`'s. */
export async function findRecording(
  store: RecordingStore,
  { account: own, user }: Principal,
  uuid: string,
  {
    account = own,
    refuse,
  }: { account?: string | null; refuse?: (doc: RecordingDocument) => Promise<never> } = {},
): Promise<RecordingDocument | undefined> {
  const id = idOf(uuid);
  if (id === undefined) return undefined;
  for await (const each of account === null ? store.accounts() : [account]) {
    const found = await store.get(each, id);
    if (!found) continue;
    if (user === undefined || found.owner_id === user) return found;
    await refuse?.(found);
  }
  return undefined;
}

/** All recordings that `principal` may know of, begun within bounds (epoch, milliseconds); an account's newest first. */
export async function* allRecordings(
  store: RecordingStore,
  { account, user }: Principal,
  bounds: { from?: number | undefined; to?: number | undefined },
): AsyncGenerator<RecordingDocument> {
  for await (const each of account === null ? store.accounts() : [account]) {
    let startKey: string | undefined;
    do {
      const page = await store.list(each, { user, ...bounds, limit: PAGE, startKey });
      yield* page.recordings;
      startKey = page.next_start_key;
    } while (startKey !== undefined);
  }
}
