/** The recording document as it begins, and the note of it on the channel. */
import type { Leg } from '../calls/calls.js';
import type { AuditEntry, RecordingDocument } from '../generated/recording.js';
import { newRecordingId, recordingFile } from './files.js';
import type { RecordRequest } from './recorder.js';

/** Seconds from Gregorian year 0 to 1970: Kazoo's times (kazoo.md). */
export const GREGORIAN_OFFSET_S = 62167219200;

/** The channel variable that says which recording runs on the leg: {@link channelNote}. */
export const NOTE = 'metaflows_recording';

export interface Beginning {
  request: Pick<RecordRequest, 'data' | 'leg' | 'owner'>;
  /** The leg that is recorded. */
  target: Leg;
  /** Whom its party talks with. */
  other: Leg | undefined;
  /** Which of the two is the caller's. */
  caller: Leg | undefined;
  /** Seconds. */
  ceiling: number;
  /** Epoch, milliseconds. */
  at: number;
  id?: string;
}

/** The document of a recording that starts now. */
export function documentOf(beginning: Beginning): RecordingDocument {
  const { request, target, other, caller, ceiling, at, id = newRecordingId(at) } = beginning;
  const { data, owner, leg } = request;
  const format = data.format ?? 'wav';
  const file = recordingFile(owner.account, id, format, at);
  const callee = caller === target ? other : target;
  return {
    id,
    account_id: owner.account,
    ...(owner.user !== undefined && { owner_id: owner.user }),
    ...(owner.device !== undefined && { device_id: owner.device }),
    state: 'recording',
    name: data.media_name ?? `${id}.${format}`,
    description: data.label ?? `recording ${id}`,
    ...(data.label !== undefined && { label: data.label }),
    content_type: format === 'mp3' ? 'audio/mpeg' : 'audio/wav',
    media_type: format,
    media_source: 'recorded',
    source_type: 'call',
    from: caller?.callerIdNumber ?? '',
    to: caller?.destination ?? callee?.destination ?? '',
    request: caller?.destination ?? '',
    direction: leg.direction,
    start: Math.floor(at / 1000) + GREGORIAN_OFFSET_S,
    duration: 0,
    duration_ms: 0,
    caller_id_name: caller?.callerIdName ?? '',
    caller_id_number: caller?.callerIdNumber ?? '',
    callee_id_name: callee?.calleeIdName ?? '',
    callee_id_number: callee?.calleeIdNumber ?? '',
    call_id: leg.uuid,
    origin: data.origin ?? 'metaflows',
    ...(data.url !== undefined && { url: data.url, method: data.method ?? 'put' }),
    mask_intervals: [],
    segments: [{ call_id: target.uuid, file, start_ms: 0 }],
    audit: [],
    internal: {
      switch: target.switchId,
      leg: target.uuid,
      file,
      started_at: at,
      limit_s: Math.min(data.time_limit || ceiling, ceiling),
      min_s: data.record_min_sec ?? 0,
      held_ms: 0,
    },
  };
}

/**
 * What the channel remembers of its recording, so that one that started just before the service was killed is
 * found again.
 */
export function channelNote(doc: RecordingDocument): string {
  const { account_id, owner_id = '', device_id = '', media_type, internal } = doc;
  const { started_at, limit_s, min_s } = internal;
  const parts = [doc.id, account_id, owner_id, device_id, media_type, started_at, limit_s, min_s];
  return parts.map((part) => encodeURIComponent(part)).join('/');
}

/** Reads {@link channelNote} back into what {@link documentOf} needs; `undefined` where it is none. */
export function readChannelNote(
  note: string,
): { id: string; at: number; owner: RecordRequest['owner']; data: RecordRequest['data'] } | undefined {
  const parts = note.split('/');
  if (parts.length !== 8) return undefined;
  try {
    const [id = '', account = '', user, device, format, ...rest] = parts.map(decodeURIComponent);
    const [at = NaN, limit = NaN, min = NaN] = rest.map(Number);
    if (!/^[0-9]{6}-[0-9a-f]{32}$/.test(id) || !account || ![at, limit, min].every(Number.isSafeInteger)) {
      return undefined;
    }
    return {
      id,
      at,
      owner: { account, ...(user && { user }), ...(device && { device }) },
      data: { format: format === 'mp3' ? 'mp3' : 'wav', time_limit: limit, record_min_sec: min },
    };
  } catch {
    return undefined;
  }
}

/** A line of the record of what somebody did; `result` is `ok` or a stable code. */
export function entryOf(request: RecordRequest, action: AuditEntry['action'], result: string): AuditEntry {
  return {
    action,
    at: new Date(request.at).toISOString(),
    by: request.by,
    ...(request.owner.user !== undefined && { user_id: request.owner.user }),
    ...(request.presser && { call_id: request.presser.uuid }),
    ...(request.tokenId !== undefined && { token_id: request.tokenId }),
    result,
  };
}
