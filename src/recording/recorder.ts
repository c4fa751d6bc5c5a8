/**
 * The one recorder: nothing else issues `uuid_record`. Feature codes, the HTTP API and the time limit are ways to
 * reach it. The commands of one call run one at a time, in order; the states are drawn in `state.ts`.
 */
import type { Logger } from 'winston';
import type { Calls, Leg } from '../calls/calls.js';
import type { Owner } from '../calls/owner.js';
import { MetaflowsError } from '../errors.js';
import type { RecordCallData } from '../generated/record_call.js';
import type { AuditEntry, RecordingDocument } from '../generated/recording.js';
import type { LegData, SwitchEvent } from '../switch/events.js';
import {
  buglist,
  maskArguments,
  parseBuglist,
  record,
  setVariable,
  uuidMedia,
  type ApiCommand,
} from '../switch/commands.js';
import { ActiveRecordings, type Active, type RecordingStore } from './active.js';
import { channelNote, documentOf, entryOf, NOTE } from './document.js';
import type { RecordingEvent } from './events.js';
import type { RecordingFiles } from './files.js';
import { Finisher } from './finisher.js';
import { Recovery } from './recovery.js';
import { audited, held, masked, unheld, unmasked } from './state.js';
import { Turns } from './turns.js';

/** What of a switch the recorder needs. Commands with the same key arrive in order. */
export interface RecordingSwitch {
  /** Writes the commands in one piece and resolves with their replies; rejects with a MetaflowsError. */
  apis(key: string, commands: ApiCommand[]): Promise<string[]>;
}

/** Somebody wants something of a recording. */
export interface RecordRequest {
  data: RecordCallData;
  /** The leg whose owner's code it is, or that an API command named. */
  leg: Leg;
  /** The leg whose party pressed, where it was a code. */
  presser?: Leg;
  by: 'code' | 'api';
  /** Whose recording it is. */
  owner: Owner;
  tokenId?: string;
  /** When it was asked: epoch, milliseconds. */
  at: number;
  /** The switch has masked by itself when the key was pressed, at `at`. */
  maskedInSwitch?: boolean;
}

/** What happened; `recording` is missing where only the dialplan's own recorders were masked or unmasked. */
export interface RecordOutcome {
  result: 'started' | 'already_recording' | 'masked' | 'unmasked' | 'stopped' | 'discarded';
  recording?: RecordingDocument;
}

export interface RecorderOptions {
  calls: Calls;
  switchOf: (id: string) => RecordingSwitch;
  store: RecordingStore;
  files: RecordingFiles;
  /** The recordings folder as the switch sees it, absolute. */
  dir: string;
  /** Seconds: no recording is longer. */
  ceiling: number;
  /** Awaited before whoever asked is told; a rejection is logged and changes nothing. */
  onEvent: (event: RecordingEvent) => Promise<void>;
  log: Logger;
  now?: () => number;
}

/** The channel variables from which an absorbed mask code masks inside the switch: `bindCode` of `commands.ts`. */
const MASK_ARGUMENTS = 'metaflows_mask';
const MASK_NOTE_ARGUMENTS = 'metaflows_mask_note';
/** Set on the recorded leg, to when it began, while its recording is masked or may be: `maskedSince` of `recovery.ts`. */
export const MASKED = 'metaflows_masked';

/** A start answers within 2 s (freeswitch.md), its event follows at once. */
const START_EVENT_MS = 3000;
/** The file grows in steps of half a second with `enable_file_write_buffering=false` (freeswitch.md). */
const GROWTH_MS = 2500;
const GROWTH_POLL_MS = 40;
/** A file that holds more than a header holds audio. */
const HEADER_BYTES = 128;
/** The switch's own limit ends up to a second early (freeswitch.md), and is only a net. */
const LIMIT_NET_S = 3;

export class Recorder {
  readonly active: ActiveRecordings;
  private readonly turns = new Turns();
  private readonly started = new Map<string, (at: number) => void>();
  private readonly finisher: Finisher;
  private readonly recovery: Recovery;
  private readonly now: () => number;

  constructor(private readonly options: RecorderOptions) {
    this.now = options.now ?? Date.now;
    this.active = new ActiveRecordings(options.store);
    this.finisher = new Finisher(this.active, options, this.now);
    this.recovery = new Recovery(options, this.active, this.finisher, this.now, (active) => this.arm(active));
  }

  /** Takes in what the switch says of recordings and of the legs that carry them. */
  handle(event: SwitchEvent): void {
    switch (event.type) {
      case 'record_start':
        this.started.get(event.recordingId)?.(this.now());
        return;
      case 'record_stop': {
        const active = this.active.onLeg(event.uuid).find(({ path }) => path === event.path);
        if (active) this.finisher.stopped(active, event, this.options.calls.get(event.uuid)?.down ?? true);
        return;
      }
      case 'hold':
      case 'unhold': {
        const change = event.type === 'hold' ? held : unheld;
        for (const active of this.active.onLeg(event.uuid)) {
          this.active.save(active, change(active.doc, this.now())).catch((error: unknown) => {
            this.options.log.error('a hold could not be stored', { recording: active.doc.id, error });
          });
        }
        return;
      }
      case 'hangup':
        for (const active of this.active.onLeg(event.uuid)) this.finisher.legDown(active);
        return;
      case 'destroy':
        for (const active of this.active.onLeg(event.uuid)) this.finisher.legGone(active, 'hangup');
        return;
      default:
    }
  }

  /** Masks again, before anything else is asked, whatever may have been masked when this switch was last seen. */
  maskAgain(switchId: string): Promise<void> {
    return this.recovery.maskAgain(switchId);
  }

  /** Finds the recordings of a switch again, from its legs and from the store; finishes those that have ended. */
  recover(switchId: string, legs: LegData[]): Promise<void> {
    return this.recovery.recover(switchId, legs);
  }

  /** How many recordings run in each state. */
  counts(): { recording: number; masked: number } {
    const counts = { recording: 0, masked: 0 };
    for (const { doc } of this.active.all()) counts[doc.state === 'masked' ? 'masked' : 'recording']++;
    return counts;
  }

  /** Two legs were bridged: each gets what its mask code needs. */
  async bridged(leg: Leg): Promise<void> {
    for (const active of this.active.ofCall(this.options.calls.legsOf(leg))) {
      await this.letSwitchMask(active, this.options.switchOf(leg.switchId), leg.callId);
    }
  }

  /** Waits for what is under way; recordings go on running in the switch. */
  async close(): Promise<void> {
    await this.turns.idle();
    await this.finisher.idle();
    this.finisher.close();
    this.active.close();
  }

  /**
   * Does what `request.data.action` says (`start` where it says nothing) and resolves when it is known to have
   * happened. Rejects with a MetaflowsError that says why it has not.
   */
  async run(request: RecordRequest): Promise<RecordOutcome> {
    // What has to be waited for outside the call's turn, so that a mask is never kept waiting by a start's proof.
    let proof: Promise<void> | undefined;
    const outcome = await this.turns.take(request.leg.callId, async () => {
      const legs = this.options.calls.legsOf(request.leg);
      const running = this.active.ofCall(legs);
      const asked = request.data.action ?? 'start';
      const action = asked === 'toggle' ? (running.length > 0 ? 'stop' : 'start') : asked;
      if (action !== 'start') return this[action](request, legs, running);
      const [first] = running;
      if (first) {
        await this.audit(first, request, 'start', 'already_recording');
        return { result: 'already_recording' as const, recording: first.doc };
      }
      const active = await this.start(request);
      proof = this.proveGrowth(active, request);
      proof.catch(() => undefined);
      return { result: 'started' as const, recording: active.doc };
    });
    await proof;
    return outcome;
  }

  /** The leg that a request records: a code the far party's, so that it survives the owner; an API the one named. */
  private target(request: RecordRequest): Leg {
    const { calls } = this.options;
    const { leg } = request;
    if (leg.down) throw new MetaflowsError('call_gone');
    if (request.by === 'code') {
      const far = calls.farLeg(leg);
      if (!far) throw new MetaflowsError('not_bridged');
      return far;
    }
    if (leg.endpoint !== 'loopback') return leg;
    const half = leg.otherHalf === undefined ? undefined : calls.get(leg.otherHalf);
    const real = half && calls.farLeg(half);
    if (!real) throw new MetaflowsError('loopback_leg');
    return real;
  }

  private async start(request: RecordRequest): Promise<Active> {
    const { calls, dir, log } = this.options;
    const target = this.target(request);
    const other = calls.farLeg(target);
    const port = this.options.switchOf(target.switchId);
    const key = request.leg.callId;
    await this.ready(port, key, target, other, request.data);

    const doc = documentOf({
      request,
      target,
      other,
      caller: calls.isCaller(target, other) ? target : other,
      ceiling: this.options.ceiling,
      at: this.now(),
    });
    const path = `${dir}/${doc.internal.file}`;
    const begun = this.expectStart(audited(doc, entryOf(request, 'start', 'ok')), path);
    try {
      const [, reply = ''] = await port.apis(key, [
        setVariable(target.uuid, NOTE, channelNote(doc)),
        record('start', target.uuid, path, {
          limitSeconds: doc.internal.limit_s + LIMIT_NET_S,
          variables: {
            metaflows_recording: doc.id,
            RECORD_STEREO: 'true',
            RECORD_STEREO_SWAP: String(!calls.isCaller(target, other)),
            RECORD_PRE_BUFFER_FRAMES: '0',
            RECORD_ANSWER_REQ: String(request.data.record_on_answer ?? false),
            RECORD_BRIDGE_REQ: String(request.data.record_on_bridge ?? false),
            enable_file_write_buffering: 'false',
            ...(request.data.record_sample_rate !== undefined && {
              record_sample_rate: String(request.data.record_sample_rate),
            }),
          },
        }),
      ]);
      assertOk(reply);
      const active = await begun.active;
      await this.keep(active, active.doc, 'started');
      log.info('recording started', { recording: doc.id, leg: target.uuid, account: doc.account_id });
      this.letSwitchMask(active, port, key).catch((error: unknown) => {
        log.warn('the switch cannot mask by itself', { recording: doc.id, error });
      });
      return active;
    } catch (error) {
      begun.cancel();
      if (!this.active.get(doc.id)) {
        // What the switch may have begun all the same must not run without anybody knowing of it.
        await port
          .apis(key, [record('stop', target.uuid, path), setVariable(target.uuid, NOTE, '')])
          .catch(() => undefined);
      }
      throw error;
    }
  }

  /** Brings media in bypass back, and refuses a format that the switch cannot write. */
  private async ready(
    port: RecordingSwitch,
    key: string,
    target: Leg,
    other: Leg | undefined,
    data: RecordCallData,
  ): Promise<void> {
    if (data.format === 'mp3') {
      const [exists] = await port.apis(key, [{ command: 'module_exists', args: 'mod_shout' }]);
      if (exists !== 'true') throw new MetaflowsError('format_unavailable', 'mp3 needs mod_shout');
    }
    if (target.bypassMedia || other?.bypassMedia) {
      const [reply = ''] = await port.apis(key, [uuidMedia(target.uuid)]);
      if (!reply.startsWith('+OK')) throw new MetaflowsError('media_unavailable', reply);
      target.bypassMedia = false;
      if (other) other.bypassMedia = false;
    }
  }

  /** The recording counts from its RECORD_START on: at once, as its RECORD_STOP may be the next event. */
  private expectStart(doc: RecordingDocument, path: string): { active: Promise<Active>; cancel: () => void } {
    let timer: NodeJS.Timeout | undefined;
    const cancel = () => {
      clearTimeout(timer);
      this.started.delete(doc.id);
    };
    const active = new Promise<Active>((resolve, reject) => {
      this.started.set(doc.id, (at) => {
        cancel();
        const begun = { ...doc, internal: { ...doc.internal, started_at: at } };
        const isHeld = this.options.calls.get(doc.internal.leg)?.held;
        const started = this.active.add(isHeld ? held(begun, at) : begun, path);
        this.arm(started);
        resolve(started);
      });
      timer = setTimeout(() => {
        cancel();
        reject(new MetaflowsError('switch_refused', 'no RECORD_START came'));
      }, START_EVENT_MS);
    });
    active.catch(() => undefined);
    return { active, cancel };
  }

  /** Stores a document, then tells of what happened to it. */
  private async keep(active: Active, doc: RecordingDocument, type?: RecordingEvent['type']): Promise<void> {
    await this.active.save(active, doc);
    if (type) await this.options.onEvent({ type, recording: doc, at: this.now() });
  }

  /** `+OK` is not believed: where the service sees the folder the file must grow, else the start has failed. */
  private async proveGrowth(active: Active, request: RecordRequest): Promise<void> {
    const { files, calls } = this.options;
    const { file, leg } = active.doc.internal;
    const waits =
      (request.data.record_on_answer && !calls.get(leg)?.answered) ||
      (request.data.record_on_bridge && calls.get(leg)?.peer === undefined) ||
      active.doc.internal.held_since !== undefined;
    if (waits) return;
    const until = this.now() + GROWTH_MS;
    while (this.now() < until) {
      if (((await files.size(file)) ?? 0) > HEADER_BYTES) {
        await files.protect(file);
        return;
      }
      if (!this.active.get(active.doc.id)) return;
      await new Promise((resolve) => setTimeout(resolve, GROWTH_POLL_MS));
    }
    if (!(await files.visible())) return;
    await this.end(active, 'no_audio', request.leg.callId);
    throw new MetaflowsError('no_audio');
  }

  private async mask(request: RecordRequest, legs: Leg[], running: Active[]): Promise<RecordOutcome> {
    const { replies, others, failed } = await this.onEveryRecorder('mask', request, legs, running);
    const at = request.maskedInSwitch ? request.at : this.now();
    const result = failed ? 'mask_incomplete' : 'ok';
    await Promise.all(
      running.map((active, index) => {
        // It may have ended meanwhile: what has ended is not changed any more.
        if (!this.active.get(active.doc.id)) return undefined;
        const done = isOk(replies[index]);
        const doc = audited(done ? masked(active.doc, at) : active.doc, entryOf(request, 'mask', result));
        return this.keep(active, doc, done ? 'masked' : undefined);
      }),
    );
    if (failed) throw new MetaflowsError('mask_incomplete', failed);
    this.options.log.info('recording masked', { recordings: running.map(({ doc }) => doc.id), others });
    return { result: 'masked', ...(running[0] && { recording: running[0].doc }) };
  }

  private async unmask(request: RecordRequest, legs: Leg[], running: Active[]): Promise<RecordOutcome> {
    const { replies, others, failed } = await this.onEveryRecorder('unmask', request, legs, running);
    const at = this.now();
    const result = failed ? 'unmask_incomplete' : 'ok';
    await Promise.all(
      running.map((active, index) => {
        // It may have ended meanwhile: what has ended is not changed any more.
        if (!this.active.get(active.doc.id)) return undefined;
        const done = isOk(replies[index]);
        const doc = audited(done ? unmasked(active.doc, at) : active.doc, entryOf(request, 'unmask', result));
        return this.keep(active, doc, done ? 'unmasked' : undefined);
      }),
    );
    if (failed) throw new MetaflowsError('unmask_incomplete', failed);
    this.options.log.info('recording unmasked', { recordings: running.map(({ doc }) => doc.id), others });
    return { result: 'unmasked', ...(running[0] && { recording: running[0].doc }) };
  }

  /**
   * Masks or unmasks ours first, in the same write as the question which others there are, then those: a
   * dialplan's own `record_session` goes on in clear until it is masked by its own path (freeswitch.md).
   */
  private async onEveryRecorder(
    verb: 'mask' | 'unmask',
    request: RecordRequest,
    legs: Leg[],
    running: Active[],
  ): Promise<{ replies: string[]; others: number; failed: string | undefined }> {
    const key = request.leg.callId;
    const port = this.options.switchOf(request.leg.switchId);
    const notes = (value: string) => running.map(({ doc }) => setVariable(doc.internal.leg, MASKED, value));
    // The note is there before the mask and goes after the unmask: a crash in between errs on the masked side.
    const before = verb === 'mask' ? notes(`@${this.now()}`) : [];
    const own = running.map(({ doc, path }) => record(verb, doc.internal.leg, path));
    const answers = await port.apis(key, [...before, ...own, ...legs.map(({ uuid }) => buglist(uuid))]);
    const replies = answers.slice(before.length, before.length + own.length);
    const paths = new Set(running.map(({ path }) => path));
    const others = legs.flatMap((leg, index) =>
      parseBuglist(answers[before.length + own.length + index] ?? '')
        .filter((bug) => bug.function === 'session_record' && !paths.has(bug.target))
        .map((bug) => record(verb, leg.uuid, bug.target)),
    );
    if (running.length + others.length === 0) throw new MetaflowsError('not_recording');
    const otherReplies = others.length > 0 ? await port.apis(key, others) : [];
    const failed = [...replies, ...otherReplies].find((reply) => !isOk(reply));
    if (verb === 'unmask' && failed === undefined && running.length > 0) await port.apis(key, notes(''));
    return { replies, others: others.length, failed };
  }

  private async stop(request: RecordRequest, _legs: Leg[], running: Active[]): Promise<RecordOutcome> {
    if (running.length === 0) throw new MetaflowsError('not_recording');
    const docs = await Promise.all(
      running.map(async (active) => {
        active.doc = audited(active.doc, entryOf(request, 'stop', 'ok'));
        return this.end(active, request.by, request.leg.callId);
      }),
    );
    const [recording] = docs;
    return {
      result: docs.every(({ state }) => state === 'discarded') ? 'discarded' : 'stopped',
      ...(recording && { recording }),
    };
  }

  /** Stops the audio and resolves with the finished document. */
  private async end(
    active: Active,
    reason: 'code' | 'api' | 'time_limit' | 'no_audio',
    key: string,
  ): Promise<RecordingDocument> {
    const { leg, switch: switchId } = active.doc.internal;
    const port = this.options.switchOf(switchId);
    const finished = this.finisher.expect(active, reason);
    try {
      const [reply = ''] = await port.apis(key, [record('stop', leg, active.path), ...this.forget(active)]);
      // A leg that has just hung up stops its recording by itself.
      if (!isOk(reply) && this.options.calls.get(leg)?.down === false) assertOk(reply);
    } catch (error) {
      finished.cancel();
      throw error;
    }
    return finished.document;
  }

  private arm(active: Active): void {
    const { started_at, limit_s } = active.doc.internal;
    const ms = Math.max(0, started_at + limit_s * 1000 - this.now());
    active.limit = setTimeout(() => {
      const key = this.options.calls.get(active.doc.internal.leg)?.callId ?? active.doc.internal.leg;
      this.end(active, 'time_limit', key).catch((error: unknown) => {
        this.options.log.error('a recording could not be stopped at its time limit', {
          recording: active.doc.id,
          error,
        });
      });
    }, ms);
  }

  /** Gives every leg of the call what its mask code needs to mask inside the switch, the service up or not. */
  private async letSwitchMask(active: Active, port: RecordingSwitch, key: string): Promise<void> {
    const { leg } = active.doc.internal;
    const target = this.options.calls.get(leg);
    if (!target) return;
    await port.apis(
      key,
      this.options.calls
        .legsOf(target)
        .filter(({ endpoint }) => endpoint !== 'loopback')
        .flatMap(({ uuid }) => [
          setVariable(uuid, MASK_NOTE_ARGUMENTS, `${leg} ${MASKED}`),
          setVariable(uuid, MASK_ARGUMENTS, maskArguments(leg, active.path)),
        ]),
    );
  }

  private forget(active: Active): ApiCommand[] {
    const target = this.options.calls.get(active.doc.internal.leg);
    const legs = target ? this.options.calls.legsOf(target) : [];
    return legs
      .filter(({ endpoint }) => endpoint !== 'loopback')
      .flatMap(({ uuid }) => [
        setVariable(uuid, MASK_ARGUMENTS, ''),
        setVariable(uuid, MASK_NOTE_ARGUMENTS, ''),
        ...(uuid === active.doc.internal.leg
          ? [setVariable(uuid, NOTE, ''), setVariable(uuid, MASKED, '')]
          : []),
      ]);
  }

  private audit(
    active: Active,
    request: RecordRequest,
    action: AuditEntry['action'],
    result: string,
  ): Promise<void> {
    return this.keep(active, audited(active.doc, entryOf(request, action, result)));
  }
}

function isOk(reply: string | undefined): boolean {
  return reply?.startsWith('+OK') ?? false;
}

/** A refused command as an error with its name (the replies: `mod_commands.c`, session_record_function). */
function assertOk(reply: string): void {
  if (isOk(reply)) return;
  if (reply.includes('Cannot locate session')) throw new MetaflowsError('call_gone');
  throw new MetaflowsError('switch_refused', reply);
}
