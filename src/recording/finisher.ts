/** Ends recordings: takes RECORD_STOP or the end of the leg, closes the file, and gives the document its last state. */
import { withDelivery } from '../delivery/upload.js';
import { MetaflowsError } from '../errors.js';
import type { RecordingDocument } from '../generated/recording.js';
import type { Active, ActiveRecordings } from './active.js';
import type { RecorderOptions } from './recorder.js';
import { audited, ended, type Ending } from './state.js';

type Reason = Ending['reason'];

/** What RECORD_STOP says of the audio. */
export interface Stopped {
  /** Milliseconds. */
  durationMs: number;
  /** Record-Completion-Cause; only the causes that mean an error can be trusted (freeswitch.md). */
  cause: string;
}

/** RECORD_STOP follows a stop at once; it is the proof that the recording has ended. */
const STOP_EVENT_MS = 3000;
/** CHANNEL_HANGUP and RECORD_STOP may swap (freeswitch.md): how long to wait for the one to explain the other. */
const HANGUP_MS = 300;

interface Expected {
  reason: Reason;
  timer: NodeJS.Timeout;
  settle: (result: Promise<RecordingDocument>) => void;
}

export class Finisher {
  private readonly expected = new Map<string, Expected>();
  private readonly unexplained = new Map<string, { timer: NodeJS.Timeout; stopped: Stopped }>();
  private readonly finishing = new Set<Promise<unknown>>();

  constructor(
    private readonly recordings: ActiveRecordings,
    private readonly options: Pick<RecorderOptions, 'files' | 'onEvent' | 'log'>,
    private readonly now: () => number,
  ) {}

  /** A stop is about to be asked for: `document` resolves when the recording is finished, or rejects. */
  expect(active: Active, reason: Reason): { document: Promise<RecordingDocument>; cancel: () => void } {
    const { id } = active.doc;
    const cancel = () => {
      clearTimeout(this.expected.get(id)?.timer);
      this.expected.delete(id);
    };
    const document = new Promise<RecordingDocument>((resolve, reject) => {
      const timer = setTimeout(() => {
        cancel();
        reject(new MetaflowsError('switch_refused', 'no RECORD_STOP came'));
      }, STOP_EVENT_MS);
      this.expected.set(id, { reason, timer, settle: resolve });
    });
    document.catch(() => undefined);
    return { document, cancel };
  }

  /** RECORD_STOP came. */
  stopped(active: Active, stopped: Stopped, legIsDown: boolean): void {
    const { id } = active.doc;
    if (this.expected.has(id) || legIsDown) {
      this.finish(active, 'hangup', stopped);
      return;
    }
    const timer = setTimeout(() => {
      this.unexplained.delete(id);
      const { started_at, limit_s } = active.doc.internal;
      this.finish(active, this.now() >= started_at + limit_s * 1000 ? 'time_limit' : 'switch', stopped);
    }, HANGUP_MS);
    this.unexplained.set(id, { timer, stopped });
  }

  /** The recorded leg hung up: RECORD_STOP has come or is about to. */
  legDown(active: Active): void {
    const waiting = this.unexplained.get(active.doc.id);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.unexplained.delete(active.doc.id);
    this.finish(active, 'hangup', waiting.stopped);
  }

  /** The recorded leg is gone, whether or not its RECORD_STOP was seen. */
  legGone(active: Active, reason: 'hangup' | 'switch_lost'): void {
    this.legDown(active);
    if (this.recordings.get(active.doc.id)) this.finish(active, reason, undefined);
  }

  /** Finishes with the reason of a stop that was asked for, else with `reason`. */
  finish(active: Active, reason: Reason, stopped: Stopped | undefined): void {
    const expected = this.expected.get(active.doc.id);
    if (expected) clearTimeout(expected.timer);
    this.expected.delete(active.doc.id);
    const at = this.now();
    this.recordings.retire(active);
    const document = this.conclude(active, expected?.reason ?? reason, stopped, at);
    this.finishing.add(document);
    document
      .catch((error: unknown) => {
        this.options.log.error('a recording could not be finished', { recording: active.doc.id, error });
      })
      .finally(() => this.finishing.delete(document));
    expected?.settle(document);
  }

  private async conclude(
    active: Active,
    reason: Reason,
    stopped: Stopped | undefined,
    at: number,
  ): Promise<RecordingDocument> {
    const { file, started_at, min_s } = active.doc.internal;
    const ending = await this.ending(active, reason, stopped, at);
    // record_min_sec is counted here, in seconds of the call: the switch counts samples at the wrong rate and
    // reports its own success either way (freeswitch.md).
    const short = ending.state === 'completed' && at - started_at < min_s * 1000;
    if (short) await this.options.files.remove(file);
    let doc = active.doc;
    if (reason !== 'code' && reason !== 'api') {
      const at_ = new Date(at).toISOString();
      doc = audited(doc, { action: 'stop', at: at_, by: 'service', result: reason });
    }
    const { size: _, ...withoutFile } = ending;
    const final: Ending = short ? { ...withoutFile, state: 'discarded' } : ending;
    doc = withDelivery(ended(doc, final));
    await this.recordings.save(active, doc);
    await this.options.onEvent({ type: 'stopped', recording: doc, at });
    await this.options.onEvent({ type: final.state, recording: doc, at });
    this.options.log.info('recording ended', {
      recording: doc.id,
      state: doc.state,
      reason,
      duration_ms: doc.duration_ms,
    });
    return doc;
  }

  private async ending(
    active: Active,
    reason: Reason,
    stopped: Stopped | undefined,
    at: number,
  ): Promise<Ending> {
    const audio = await this.options.files.finish(active.doc.internal.file);
    const seen = audio !== undefined || (await this.options.files.visible());
    const elapsed = at - active.doc.internal.started_at;
    const durationMs = audio?.durationMs ?? (stopped?.durationMs || (seen && !audio ? 0 : elapsed));
    const failure =
      reason === 'no_audio' || stopped?.cause === 'empty-file' || durationMs === 0
        ? 'no_audio'
        : stopped?.cause === 'uri-failure'
          ? 'write_error'
          : undefined;
    return {
      state: failure ? 'failed' : 'completed',
      reason,
      durationMs,
      ...(audio && { size: audio.size }),
      ...(failure && { failure }),
    };
  }

  /** Resolves when all that was ending has ended. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.finishing);
  }

  /** Ends every timer. */
  close(): void {
    for (const { timer } of this.expected.values()) clearTimeout(timer);
    for (const { timer } of this.unexplained.values()) clearTimeout(timer);
  }
}
