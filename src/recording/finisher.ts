/** Ends recordings: makes one checked file of what there is, and gives the document its last state. */
import { withDelivery } from '../delivery/upload.js';
import { MetaflowsError } from '../errors.js';
import type { RecordCallData } from '../generated/record_call.js';
import type { AuditEntry, RecordingDocument } from '../generated/recording.js';
import type { Active, ActiveRecordings } from './active.js';
import { isAdopted } from './document.js';
import type { RecorderOptions, StopReason } from './ports.js';
import { audited, ended, offsetAt, segmentEnded, type Ending } from './state.js';

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

interface Expected {
  reason: Reason;
  entry: AuditEntry | undefined;
  timer: NodeJS.Timeout;
  settle: (result: Promise<RecordingDocument>) => void;
}

export class Finisher {
  private readonly expected = new Map<string, Expected>();
  private readonly finishing = new Set<Promise<unknown>>();

  constructor(
    private readonly recordings: ActiveRecordings,
    private readonly options: Pick<RecorderOptions, 'files' | 'onEvent' | 'log'>,
    private readonly now: () => number,
  ) {}

  /**
   * A stop is about to be asked for, by whom `entry` says, else by the service: `document` resolves when the recording is
   * finished, or rejects.
   */
  expect(
    active: Active,
    reason: StopReason,
    entry?: AuditEntry,
  ): { document: Promise<RecordingDocument>; cancel: () => void } {
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
      this.expected.set(id, { reason, entry, timer, settle: resolve });
    });
    document.catch(() => undefined);
    return { document, cancel };
  }

  /** Whether a stop was asked for. */
  expects(active: Active): boolean {
    return this.expected.has(active.doc.id);
  }

  /**
   * Finishes with the reason of a stop that was asked for, else with `reason`; resolves with the last document. May be
   * called once for a recording: it counts no more from here on.
   */
  finish(
    active: Active,
    reason: Reason,
    stopped: Stopped | undefined,
    entry?: AuditEntry,
  ): Promise<RecordingDocument> {
    const expected = this.expected.get(active.doc.id);
    if (expected) clearTimeout(expected.timer);
    this.expected.delete(active.doc.id);
    const at = this.now();
    this.recordings.retire(active);
    const why = expected?.reason ?? reason;
    const by = expected?.entry ?? entry ?? byService(why, at);
    const document = this.conclude(active, why, stopped, at, by);
    this.finishing.add(document);
    document
      .catch((error: unknown) => {
        this.options.log.error('a recording could not be finished', { recording: active.doc.id, error });
      })
      .finally(() => this.finishing.delete(document));
    expected?.settle(document);
    return document;
  }

  /** Resolves when all that was ending has ended. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.finishing);
  }

  /** Ends every timer. */
  close(): void {
    for (const { timer } of this.expected.values()) clearTimeout(timer);
  }

  private async conclude(
    active: Active,
    reason: Reason,
    stopped: Stopped | undefined,
    at: number,
    entry: AuditEntry,
  ): Promise<RecordingDocument> {
    const { files, onEvent, log } = this.options;
    const { min_s } = active.doc.internal;
    const segments = active.doc.segments.map(({ file }) => file);
    const ending = isAdopted(active.doc)
      ? await this.adoptedEnding(active, reason, stopped, at)
      : await this.ending(active, segments, reason, stopped, at);
    // record_min_sec is counted here, in seconds of the call: the switch counts samples at the wrong rate and
    // reports its own success either way (freeswitch.md).
    const short = ending.state === 'completed' && offsetAt(active.doc, at) < min_s * 1000;
    if (short) await files.remove(active.doc.internal.file);
    const { size, sha256, ...withoutFile } = ending;
    const final: Ending = short
      ? { ...withoutFile, state: 'discarded' }
      : { ...withoutFile, ...(size !== undefined && { size }), ...(sha256 !== undefined && { sha256 }) };
    const doc = withDelivery(ended(segmentEnded(audited(active.doc, entry), at), final));
    await this.recordings.save(active, doc);
    if (!isAdopted(doc)) await files.removeParts(segments);
    await onEvent({ type: 'stopped', recording: doc, at });
    await onEvent({ type: final.state, recording: doc, at });
    log.info('recording ended', {
      recording: doc.id,
      state: doc.state,
      reason,
      duration_ms: doc.duration_ms,
      segments: segments.length,
    });
    return doc;
  }

  /** Of somebody else's file only what there is to say: neither mended nor joined, nor the mode changed. */
  private async adoptedEnding(
    { doc }: Active,
    reason: Reason,
    stopped: Stopped | undefined,
    at: number,
  ): Promise<Ending> {
    const durationMs = stopped ? stopped.durationMs : offsetAt(doc, at);
    if (stopped?.cause === 'input-too-short') return { state: 'discarded', reason, durationMs };
    const failure =
      stopped?.cause === 'uri-failure' ? 'write_error' : durationMs === 0 ? 'no_audio' : undefined;
    const file = await this.options.files.describe(doc.internal.file);
    return {
      state: failure === undefined ? 'completed' : 'failed',
      reason,
      durationMs,
      ...file,
      ...(failure !== undefined && { failure }),
    };
  }

  private async ending(
    active: Active,
    segments: string[],
    reason: Reason,
    stopped: Stopped | undefined,
    at: number,
  ): Promise<Ending> {
    const { files, log } = this.options;
    const trim = (active.doc.internal.data as RecordCallData).trim !== undefined;
    let failure: string | undefined;
    const audio = await files.finish(segments, trim).catch((error: unknown) => {
      log.error('the file of a recording could not be made', { recording: active.doc.id, error });
      failure = 'file_error';
      return undefined;
    });
    const visible = audio !== undefined || (await files.visible());
    const elapsed = offsetAt(active.doc, at);
    const durationMs =
      audio?.durationMs ?? (visible ? 0 : (segments.length === 1 && stopped?.durationMs) || elapsed);
    if (stopped?.cause === 'uri-failure') failure = 'write_error';
    if (reason === 'no_audio' || durationMs === 0) failure ??= 'no_audio';
    return {
      state: failure === undefined ? 'completed' : 'failed',
      reason,
      durationMs,
      ...(audio && {
        size: audio.size,
        sha256: audio.sha256,
        segmentsMs: audio.segmentsMs,
        cutMs: audio.cutMs,
      }),
      ...(failure !== undefined && { failure }),
    };
  }
}

function byService(reason: Reason, at: number): AuditEntry {
  return { action: 'stop', at: new Date(at).toISOString(), by: 'service', result: reason };
}
