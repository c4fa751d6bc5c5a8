/** The calls there are, from a list of legs and what happened since. Pure. */
import { isRunning, type Recording } from '../recordings/recording.js';

/** A leg as the API shows it. */
export interface Leg {
  uuid: string;
  direction: 'inbound' | 'outbound';
  answered: boolean;
  other_leg?: string;
  destination: string;
  caller_id_name: string;
  caller_id_number: string;
  /** Gregorian seconds. */
  timestamp: number;
  owner_id?: string;
  recording_state?: 'recording' | 'masked';
}

/** What the live stream tells. */
export interface Notice {
  event: string;
  call?: Leg;
  other_call?: Leg;
  recording?: Recording;
}

/** Two legs that are bridged, or one that is not, or whose other party is outside. */
export interface Call {
  /** The leg that things are done to. */
  leg: Leg;
  from: string;
  to: string;
  isBridged: boolean;
  /** Gregorian seconds. */
  since: number;
  state: 'recording' | 'masked' | 'none';
  recording?: Recording;
}

export interface Live {
  readonly legs: ReadonlyMap<string, Leg>;
  /** Those that go on, by id. */
  readonly recordings: ReadonlyMap<string, Recording>;
}

export const NOBODY: Live = { legs: new Map(), recordings: new Map() };

/** What it is after all that happened. */
export function after(live: Live, notices: readonly Notice[]): Live {
  const legs = new Map(live.legs);
  const recordings = new Map(live.recordings);
  for (const { event, call, other_call, recording } of notices) {
    for (const leg of [call, other_call]) {
      if (leg && event === 'call.ended') legs.delete(leg.uuid);
      else if (leg) legs.set(leg.uuid, leg);
    }
    if (!recording) continue;
    if (isRunning(recording)) recordings.set(recording.id, recording);
    else recordings.delete(recording.id);
    const state = isRunning(recording) ? (recording.state as 'recording' | 'masked') : undefined;
    for (const uuid of legsOf(recording, legs)) {
      const known = legs.get(uuid);
      if (!known) continue;
      const { recording_state, ...leg } = known;
      legs.set(uuid, { ...leg, ...(state && { recording_state: state }) });
    }
  }
  return { legs, recordings };
}

/** Each call once, the newest first. */
export function callsOf({ legs, recordings }: Live): Call[] {
  const byLeg = new Map<string, Recording>();
  for (const recording of recordings.values()) {
    for (const uuid of legsOf(recording, legs)) byLeg.set(uuid, recording);
  }
  return [...legs.values()]
    .filter((leg) => !isRinging(leg) && !isSecond(leg, legs))
    .map((leg) => callOf(leg, legs.get(leg.other_leg ?? ''), byLeg))
    .sort((a, b) => b.since - a.since || (a.leg.uuid < b.leg.uuid ? -1 : 1));
}

function callOf(leg: Leg, other: Leg | undefined, recordings: ReadonlyMap<string, Recording>): Call {
  const recording = recordings.get(leg.uuid) ?? recordings.get(leg.other_leg ?? '');
  const state = leg.recording_state ?? other?.recording_state ?? 'none';
  const own = leg.owner_id ?? (leg.caller_id_number || leg.caller_id_name);
  // To the switch, who calls is inbound, and who is called outbound.
  const [from, to] =
    leg.direction === 'inbound'
      ? [own, other?.owner_id ?? leg.destination]
      : [leg.caller_id_number || leg.caller_id_name, leg.owner_id ?? leg.destination];
  const isBridged = leg.other_leg !== undefined;
  return { leg, from, to, isBridged, since: leg.timestamp, state, ...(recording && { recording }) };
}

/** A telephone that rings: whose call it is shows the leg that called. */
function isRinging({ direction, answered }: Leg): boolean {
  return direction === 'outbound' && !answered;
}

/** Of two legs that talk, the one that called stands for both. */
function isSecond({ uuid, direction, other_leg = '' }: Leg, legs: ReadonlyMap<string, Leg>): boolean {
  const other = legs.get(other_leg);
  if (other?.other_leg !== uuid) return false;
  return direction === other.direction ? other_leg < uuid : direction === 'outbound';
}

/** The legs that a recording is about: those it was made on, and who talks with them. */
function legsOf({ call_id, segments }: Recording, legs: ReadonlyMap<string, Leg>): string[] {
  const own = [call_id, ...segments.map((segment) => segment.call_id)];
  return [...new Set(own.flatMap((uuid) => [uuid, legs.get(uuid)?.other_leg ?? []].flat()))];
}
