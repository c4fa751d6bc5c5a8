/** Begins the next segment of a recording whose call goes on, on another leg or with somebody else. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Calls, Leg } from '../calls/calls.js';
import type { RecordCallData } from '../generated/record_call.js';
import type { RecordingDocument } from '../generated/recording.js';
import type { Active } from './active.js';
import type { Announcer } from './announcer.js';
import { currentFile } from './document.js';
import { segmentFile } from './files.js';
import type { Limits } from './limits.js';
import type { RecorderOptions } from './ports.js';
import type { Segments } from './segments.js';
import type { Starting } from './starting.js';
import { offsetAt, segmentStarted } from './state.js';

/** In the breath in which it bridges two legs the switch says that it brings their media back, and may not. */
const BREATH_MS = 500;

export interface ContinuingParts {
  calls: Calls;
  segments: Segments;
  starting: Starting;
  limits: Limits;
  announcer: Announcer;
  options: RecorderOptions;
  now: (switchId: string) => number;
  /** Takes the document in at once. */
  keep: (active: Active, doc: RecordingDocument) => void;
}

export class Continuing {
  constructor(private readonly parts: ContinuingParts) {}

  /** Rejects with a MetaflowsError; then nothing is left running, and the recording waits as before. */
  async begin(active: Active, target: Leg, other: Leg, key: string): Promise<void> {
    const { calls, segments, starting, options, limits, announcer, keep, now } = this.parts;
    const { doc } = active;
    const left = leftOf(doc, target, other);
    const legs = calls.partiesOf(target);
    const parties = legs.map(({ uuid }) => uuid);
    const joined = legs.filter(({ uuid }) => !doc.internal.parties.includes(uuid));
    if (target.bypassMedia || other.bypassMedia) await delay(BREATH_MS);
    await starting.media(target, other, key);
    const file = segmentFile(doc.internal.file, doc.segments.length + 1);
    const { record_sample_rate } = doc.internal.data as RecordCallData;
    const rate = (await options.files.rate(currentFile(doc))) ?? record_sample_rate;
    const begun = (before: RecordingDocument, at: number): RecordingDocument => {
      const started = segmentStarted(
        before,
        { leg: target.uuid, file, isHeld: target.held, heldMs: target.heldMs },
        at,
      );
      return { ...started, internal: { ...started.internal, parties, left: left.uuid } };
    };
    const at = now(target.switchId);
    await segments.start(
      {
        doc: begun(active.doc, at),
        target,
        path: `${options.dir}/${file}`,
        key,
        swap: left !== target,
        rate,
        limitSeconds: Math.ceil(doc.internal.limit_s - offsetAt(doc, at) / 1000),
      },
      (at) => {
        active.afterwards.push(() => segments.stored(doc));
        keep(active, begun(active.doc, at));
      },
    );
    limits.arm(active);
    void announcer.inform(active, joined);
    options.log.info('recording goes on', {
      recording: doc.id,
      leg: target.uuid,
      segment: active.doc.segments.length,
    });
  }
}

/** Who was on the left stays there; where that one has left, whoever came takes the place. */
function leftOf(doc: RecordingDocument, target: Leg, other: Leg): Leg {
  const { left, parties, leg } = doc.internal;
  const stays = [target, other].find(({ uuid }) => parties.includes(uuid)) ?? target;
  const came = stays === target ? other : target;
  // Nobody is noted where the recorded party, on the right, had nobody to talk with yet.
  const stayedLeft = left === undefined ? stays.uuid !== leg : stays.uuid === left;
  return stayedLeft ? stays : came;
}
