/** Starts a recording: on the leg that it belongs on, where the switch and this service can, and proves that it runs. */
import type { Calls, Leg } from '../calls/calls.js';
import { MetaflowsError } from '../errors.js';
import type { RecordCallData } from '../generated/record_call.js';
import type { RecordingDocument } from '../generated/recording.js';
import { uuidMedia } from '../switch/commands.js';
import type { Active } from './active.js';
import type { Announcer } from './announcer.js';
import { currentFile, documentOf, entryOf } from './document.js';
import type { RecorderOptions, RecordRequest } from './ports.js';
import { isOk, type Segments } from './segments.js';
import { audited, masked, paused } from './state.js';

export interface StartingParts {
  calls: Calls;
  segments: Segments;
  announcer: Announcer;
  options: RecorderOptions;
  /** The recording runs. */
  add: (doc: RecordingDocument) => Active;
  now: (switchId: string) => number;
}

export class Starting {
  constructor(private readonly parts: StartingParts) {}

  /** Begins masked where its call is. Rejects with a MetaflowsError; then nothing is left running. */
  async start(request: RecordRequest, isMasked: boolean): Promise<Active> {
    const { calls, segments, announcer, options, add, now } = this.parts;
    const target = this.target(request);
    const other = calls.farLeg(target);
    const isCaller = calls.isCaller(target, other);
    await this.ready(target, other, request);
    const at = now(target.switchId);
    const begun = documentOf({
      request,
      target,
      other,
      caller: isCaller ? target : other,
      parties: calls.partiesOf(target),
      ceiling: options.ceiling,
      at,
      automatic: request.by === 'service',
    });
    const waiting = waits(request.data, target) ? paused(begun, 'wait', at) : begun;
    const started = audited(waiting, entryOf(request, 'start', 'ok'));
    const mask = entryOf({ by: 'service', owner: request.owner, at }, 'mask', 'ok');
    const doc = isMasked ? audited(masked(started, at), mask) : started;
    const segment = {
      doc,
      target,
      key: request.leg.callId,
      path: `${options.dir}/${currentFile(doc)}`,
      swap: !isCaller,
      rate: request.data.record_sample_rate,
      limitSeconds: doc.internal.limit_s,
      before: request.data.play_beep ? announcer.beep(target) : [],
    };
    return segments.start(segment, (at) => {
      const held_since = doc.internal.held_since === undefined ? {} : { held_since: at };
      // It may have been bridged while the switch was starting.
      const parties = calls.partiesOf(target).map(({ uuid }) => uuid);
      const internal = { ...doc.internal, parties, started_at: at, ...held_since };
      const active = add({ ...doc, internal });
      active.afterwards.push(() => segments.stored(doc));
      return active;
    });
  }

  /** A segment whose file is seen not to grow has not started; one that rightly waits for something is left alone. */
  async proven(active: Active, isRunning: () => boolean, steadily = false): Promise<boolean> {
    const { segments, options } = this.parts;
    const file = currentFile(active.doc);
    const isWriting = () =>
      isRunning() && currentFile(active.doc) === file && active.doc.internal.pauses.length === 0;
    if (options.transport || !isWriting()) return true;
    return segments.grows(file, isWriting, steadily);
  }

  /**
   * The leg that a request records: a code, and a rule, the far party's, so that it survives the owner; an API the one
   * named.
   */
  private target({ leg, by }: RecordRequest): Leg {
    const { calls } = this.parts;
    if (leg.down) throw new MetaflowsError('call_gone');
    if (by !== 'api') {
      const far = calls.farLeg(leg);
      if (!far && by === 'code') throw new MetaflowsError('not_bridged');
      return far ?? leg;
    }
    if (leg.endpoint !== 'loopback') return leg;
    const half = leg.otherHalf === undefined ? undefined : calls.get(leg.otherHalf);
    const real = half && calls.farLeg(half);
    if (!real) throw new MetaflowsError('loopback_leg');
    return real;
  }

  /** Brings media in bypass back, and refuses what the switch or this service cannot do. */
  private async ready(target: Leg, other: Leg | undefined, { data, leg }: RecordRequest): Promise<void> {
    const { options } = this.parts;
    if (!options.hasSpace()) throw new MetaflowsError('disk_full');
    const port = options.switchOf(target.switchId);
    const has = async (module: string) => {
      const [exists] = await port.apis(leg.callId, [{ command: 'module_exists', args: module }]);
      return exists === 'true';
    };
    if (options.transport && !(await has('mod_http_cache'))) throw new MetaflowsError('push_unavailable');
    if (data.format === 'mp3') {
      if (data.trim) throw new MetaflowsError('trim_unavailable');
      if (!(await has('mod_shout'))) throw new MetaflowsError('format_unavailable', 'mp3 needs mod_shout');
    }
    await this.media(target, other, leg.callId);
  }

  /**
   * Brings media in bypass back; `key` orders commands. The switch refuses also where they are back, and the leg is still
   * said to bypass them (`switch_ivr_media`): then the file tells, and where it is not seen, it is `media_unavailable`.
   */
  async media(target: Leg, other: Leg | undefined, key: string): Promise<void> {
    if (!target.bypassMedia && !other?.bypassMedia) return;
    const { switchOf, transport } = this.parts.options;
    const [reply = ''] = await switchOf(target.switchId).apis(key, [uuidMedia(target.uuid)]);
    if (!isOk(reply) && transport) throw new MetaflowsError('media_unavailable', reply);
    target.bypassMedia = false;
    if (other) other.bypassMedia = false;
  }
}

/** Whether nothing is written yet, or not now, because of what the recording was told to wait for. */
export function waits({ record_on_answer, record_on_bridge }: RecordCallData, leg: Leg): boolean {
  return (
    (record_on_answer === true && !leg.answered) || (record_on_bridge === true && leg.peer === undefined)
  );
}
