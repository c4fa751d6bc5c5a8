/** The recording document as it begins, and the note of it on the channel. */
import { basename, posix } from 'node:path';
import type { Leg } from '../calls/calls.js';
import type { Owner } from '../calls/owner.js';
import type { AuditEntry, RecordingDocument } from '../generated/recording.js';
import { newRecordingId, recordingFile } from './files.js';
import type { RecordRequest } from './ports.js';

/** Seconds from Gregorian year 0 to 1970: Kazoo's times (kazoo.md). */
export const GREGORIAN_OFFSET_S = 62167219200;

/** What the names of the switch's global variables begin with that say which segments begin: {@link noteOf}. */
export const BEGINNING = 'metaflows_beginning_';

/**
 * The global variable that a segment of a recording begins with, until that is stored: a service that is killed
 * meanwhile finds it again, also where the leg has ended by then.
 */
export function beginning(id: string): string {
  return BEGINNING + id;
}

export interface Beginning {
  request: Pick<RecordRequest, 'data' | 'leg' | 'owner'>;
  /** It begins by itself. */
  automatic?: boolean;
  /** The leg that is recorded. */
  target: Leg;
  /** Whom its party talks with. */
  other: Leg | undefined;
  /** Which of the two is the caller's. */
  caller: Leg | undefined;
  /** The legs of the call, loopback halves left out. */
  parties: Leg[];
  /** Seconds. */
  ceiling: number;
  /** Epoch, milliseconds. */
  at: number;
}

/** The document of a recording that starts now. */
export function documentOf(beginning: Beginning): RecordingDocument {
  const { request, target, other, caller, parties, ceiling, at, automatic } = beginning;
  const { data, owner, leg } = request;
  const id = newRecordingId(at);
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
    interaction_id: target.callId,
    channels: isStereo(data) ? 'dual' : 'single',
    origin: data.origin ?? 'metaflows',
    ...(data.url !== undefined && { url: withoutCredentials(data.url), method: data.method ?? 'put' }),
    mask_intervals: [],
    segments: [{ call_id: target.uuid, file, start_ms: 0 }],
    audit: [],
    ...(data.client_state !== undefined && { client_state: data.client_state }),
    internal: {
      switch: target.switchId,
      leg: target.uuid,
      ...(caller && { left: caller.uuid }),
      parties: parties.map(({ uuid }) => uuid),
      file,
      data: { ...data },
      ...(automatic && { automatic }),
      pauses: target.held ? ['hold'] : [],
      ...(target.held && { held_since: at }),
      started_at: at,
      limit_s: Math.min(data.time_limit || ceiling, ceiling),
      min_s: data.record_min_sec ?? 0,
      held_ms: 0,
      leg_held_ms: target.heldMs,
    },
  };
}

/** A URL as everybody may see it; what it is called with stays in the recording's `internal.data`. */
function withoutCredentials(url: string): string {
  const shown = new URL(url);
  if (shown.username === '' && shown.password === '') return url;
  shown.username = '';
  shown.password = '';
  return shown.href;
}

/** Whether the two parties are kept apart, one on the left and one on the right. */
export function isStereo({ recording_track = 'both', channels }: RecordRequest['data']): boolean {
  return recording_track === 'both' && channels !== 'single';
}

/** A recorder that is not ours. */
export interface ForeignRecorder {
  /** The file as the switch sees it, absolute. */
  path: string;
  /** Whose call it records. */
  owner: Owner;
  ownerLeg: Leg;
  /** Where and how its file is to be sent, if at all. */
  destination: Pick<RecordingDocument, 'url' | 'method'>;
}

/**
 * The document of a recording that the dialplan or another program started; `undefined` where it is in a format that is
 * not listed. A file outside `dir`, the recordings folder as the switch sees it, is described and nothing more: the
 * document's own file then is one that never is.
 */
export function adoptedDocument(
  foreign: ForeignRecorder,
  dir: string,
  beginning: Omit<Beginning, 'request' | 'automatic' | 'id'>,
): RecordingDocument | undefined {
  const { path, owner, ownerLeg, destination } = foreign;
  const format = /\.(wav|mp3)$/i.exec(path)?.[1]?.toLowerCase() as 'wav' | 'mp3' | undefined;
  if (!format) return undefined;
  const isInside = path.startsWith(`${dir}/`) && posix.normalize(path) === path;
  const data = {
    format,
    media_name: basename(path),
    origin: 'adopted',
    follow_transfer: false,
    ...(isInside && destination),
  };
  const doc = documentOf({ ...beginning, request: { data, leg: ownerLeg, owner } });
  const file = isInside ? path.slice(dir.length + 1) : doc.internal.file;
  return {
    ...doc,
    segments: doc.segments.map((segment) => ({ ...segment, file })),
    internal: { ...doc.internal, file, path },
  };
}

/** Whether somebody else's recorder writes the recording: it is masked and told of, and its file left alone. */
export function isAdopted(doc: RecordingDocument): boolean {
  return doc.internal.path !== undefined;
}

/** Whether its files lie below `dir`, the recordings folder as the switch sees it. */
export function liesInside({ internal }: RecordingDocument, dir: string): boolean {
  return internal.path === undefined || internal.path === `${dir}/${internal.file}`;
}

/** Where the segment that runs is written to, as the switch sees it; `dir` is the recordings folder. */
export function switchPath(doc: RecordingDocument, dir: string): string {
  return doc.internal.path ?? `${dir}/${currentFile(doc)}`;
}

/**
 * The value of {@link beginning}: the document as it is when its segment has begun, in characters that every command may
 * have. Whoever may ask the switch reads it: the user and password of a `url` are not in it.
 */
export function noteOf(doc: RecordingDocument): string {
  const { url } = doc;
  const data = { ...doc.internal.data, ...(url !== undefined && { url }) };
  return Buffer.from(JSON.stringify({ ...doc, internal: { ...doc.internal, data } })).toString('base64url');
}

/** Reads {@link noteOf} back; `undefined` where it is none. */
export function readNote(note: string): RecordingDocument | undefined {
  try {
    const doc = JSON.parse(Buffer.from(note, 'base64url').toString()) as Partial<RecordingDocument>;
    return doc.internal && doc.segments ? (doc as RecordingDocument) : undefined;
  } catch {
    return undefined;
  }
}

/** The file of the segment that runs, or ran last. */
export function currentFile(doc: RecordingDocument): string {
  return doc.segments.at(-1)?.file ?? doc.internal.file;
}

/** A line of the record of what somebody did; `result` is `ok` or a stable code. */
export function entryOf(
  request: Pick<RecordRequest, 'by' | 'owner' | 'presser' | 'tokenId' | 'at'>,
  action: AuditEntry['action'],
  result: string,
): AuditEntry {
  return {
    action,
    at: new Date(request.at).toISOString(),
    by: request.by,
    ...(request.by !== 'service' && request.owner.user !== undefined && { user_id: request.owner.user }),
    ...(request.presser && { call_id: request.presser.uuid }),
    ...(request.tokenId !== undefined && { token_id: request.tokenId }),
    result,
  };
}
