/** Makes the raw JSON of FreeSWITCH's events the typed ones of `events.ts`; what is unknown or malformed is nothing. */
import { CODE_EVENT, isDigits, isUuid } from './commands.js';
import type { LegData, SwitchEvent } from './events.js';

/** An event, or `uuid_dump … json`: a value is a string, or an array of them; anything may be missing. */
export type RawEvent = Readonly<Record<string, unknown>>;

/** The name under which our own `execute`s run, so that they are not taken for a dialplan's (`switch_core_session_exec`). */
export const OUR_EXECUTE = 'metaflows';

/** Whose CHANNEL_EXECUTE tells what is bound on a leg. */
export const BINDING_APPLICATIONS = [
  'bind_digit_action',
  'digit_action_set_realm',
  'clear_digit_action',
  'bind_meta_app',
] as const;

const VARIABLE = 'variable_';
/** Microseconds: the end of the year 9999, after which no date has four digits for its year. */
const LAST_US = Date.UTC(10_000, 0) * 1000;

/** The typed event; `undefined` for an event that is not known, malformed, or about a leg that cannot be named. */
export function eventOf(raw: RawEvent): SwitchEvent | undefined {
  const uuid = raw['Unique-ID'];
  const at = milliseconds(raw, 'Event-Date-Timestamp');
  if (!isUuid(uuid) || at === undefined) return undefined;
  switch (raw['Event-Name']) {
    case 'CHANNEL_CREATE':
      return withLeg('create', uuid, at, raw);
    case 'CHANNEL_ANSWER':
      return withLeg('answer', uuid, at, raw);
    case 'CHANNEL_BRIDGE': {
      const leg = legOf(raw);
      const a = raw['Bridge-A-Unique-ID'];
      const b = raw['Bridge-B-Unique-ID'];
      return leg && isUuid(a) && isUuid(b) ? { type: 'bridge', uuid, at, a, b, leg } : undefined;
    }
    case 'CHANNEL_UNBRIDGE':
      return {
        type: 'unbridge',
        uuid,
        at,
        a: text(raw, 'Bridge-A-Unique-ID'),
        b: text(raw, 'Bridge-B-Unique-ID'),
      };
    case 'CHANNEL_HOLD':
      return { type: 'hold', uuid, at };
    case 'CHANNEL_UNHOLD':
      return { type: 'unhold', uuid, at, ...holdsOf(raw) };
    case 'CHANNEL_HANGUP':
      return { type: 'hangup', uuid, at, cause: text(raw, 'Hangup-Cause') };
    case 'CHANNEL_DESTROY':
      return { type: 'destroy', uuid, at };
    case 'DTMF': {
      const digit = text(raw, 'DTMF-Digit');
      return digit.length === 1 ? { type: 'dtmf', uuid, at, digit } : undefined;
    }
    case 'CUSTOM': {
      const code = text(raw, 'Metaflow-Code');
      if (raw['Event-Subclass'] !== CODE_EVENT || !isDigits(code)) return undefined;
      return { type: 'code', uuid, at, code, masked: text(raw, 'Masked').trim() };
    }
    case 'RECORD_START':
      return { type: 'record_start', uuid, at, ...recordOf(raw) };
    case 'RECORD_STOP':
      return {
        type: 'record_stop',
        uuid,
        at,
        ...recordOf(raw),
        durationMs: Number(text(raw, 'variable_record_ms')) || 0,
        cause: text(raw, 'Record-Completion-Cause'),
      };
    case 'MEDIA_BUG_START':
    case 'MEDIA_BUG_STOP':
      return {
        type: raw['Event-Name'] === 'MEDIA_BUG_START' ? 'bug_start' : 'bug_stop',
        uuid,
        at,
        function: text(raw, 'Media-Bug-Function'),
        target: text(raw, 'Media-Bug-Target'),
      };
    case 'CHANNEL_EXECUTE': {
      const application = text(raw, 'Application');
      if (!(BINDING_APPLICATIONS as readonly string[]).includes(application)) return undefined;
      return { type: 'binding', uuid, at, application, data: text(raw, 'Application-Data') };
    }
    default:
      return undefined;
  }
}

/** Whether this is the CHANNEL_EXECUTE of something that we have executed. */
export function isOurs(raw: RawEvent): boolean {
  return raw['Application-UUID'] === OUR_EXECUTE;
}

/** The leg that a channel event describes. */
export function legOf(raw: RawEvent): LegData | undefined {
  const uuid = raw['Unique-ID'];
  const direction = raw['Call-Direction'];
  const createdAt = milliseconds(raw, 'Caller-Channel-Created-Time');
  if (!isUuid(uuid) || createdAt === undefined) return undefined;
  if (direction !== 'inbound' && direction !== 'outbound') return undefined;
  const otherHalf = text(raw, `${VARIABLE}other_loopback_leg_uuid`);
  const lastHeld = milliseconds(raw, 'Caller-Channel-Last-Hold');
  return {
    uuid,
    name: text(raw, 'Channel-Name'),
    direction,
    createdAt,
    answered: raw['Answer-State'] === 'answered',
    callerIdName: text(raw, 'Caller-Caller-ID-Name'),
    callerIdNumber: text(raw, 'Caller-Caller-ID-Number'),
    calleeIdName: text(raw, 'Caller-Callee-ID-Name'),
    calleeIdNumber: text(raw, 'Caller-Callee-ID-Number'),
    destination: text(raw, 'Caller-Destination-Number'),
    bypassMedia: raw[`${VARIABLE}bypass_media`] === 'true',
    ...(raw['Channel-Call-State'] === 'HELD' && lastHeld !== undefined && { heldSince: lastHeld }),
    ...(lastHeld !== undefined && { lastHeld }),
    ...holdsOf(raw),
    ...(otherHalf !== '' && { otherHalf }),
    variable: (name) => (VARIABLE + name in raw ? text(raw, VARIABLE + name) : undefined),
  };
}

/**
 * The leg that `uuid_dump … json` answers with, and when that was (epoch, milliseconds); `undefined` where it answers that
 * there is none.
 */
export function legOfDump(reply: string): { leg: LegData; at: number | undefined } | undefined {
  try {
    const raw = JSON.parse(reply) as RawEvent;
    const leg = legOf(raw);
    return leg && { leg, at: milliseconds(raw, 'Event-Date-Timestamp') };
  } catch {
    return undefined;
  }
}

function withLeg(
  type: 'create' | 'answer',
  uuid: string,
  at: number,
  raw: RawEvent,
): SwitchEvent | undefined {
  const leg = legOf(raw);
  return leg && { type, uuid, at, leg };
}

function recordOf(raw: RawEvent): { path: string; recordingId: string } {
  return {
    path: text(raw, 'Record-File-Path'),
    recordingId: text(raw, 'Recording-Variable-metaflows_recording'),
  };
}

/** A value as text; an array as the switch itself writes it (`switch_event_add_array`). */
function text(raw: RawEvent, key: string): string {
  const value = raw[key];
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return '';
  return `ARRAY::${value.filter((each) => typeof each === 'string').join('|:')}`;
}

/** What the holds of a leg's party that are over come to. */
function holdsOf(raw: RawEvent): Pick<LegData, 'heldMs'> {
  const heldMs = milliseconds(raw, 'Caller-Channel-Hold-Accum');
  return heldMs === undefined ? {} : { heldMs };
}

/** The switch counts in microseconds. */
function milliseconds(raw: RawEvent, key: string): number | undefined {
  const micros = Number(text(raw, key));
  return micros > 0 && micros < LAST_US ? Math.floor(micros / 1000) : undefined;
}
