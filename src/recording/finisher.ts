/** Ends recordings: makes one checked file of what there is, and gives the document its last state. */
import { MetaflowsError } from '../errors.js';
import type { RecordCallData } from '../generated/record_call.js';
import type { AuditEntry, RecordingDocument } from '../generated/recording.js';
import type { Active, ActiveRecordings } from './active.js';
import { isAdopted, liesInside } from './document.js';
import { happening } from './events.js';
import type { Audio } from './files.js';
import type { RecorderOptions, StopReason } from './ports.js';
import { ended, isRunning, offsetAt, stoppedFor, withDelivery, type Ending } from './state.js';

type Reason = Ending['reason'];

/** What RECORD_STOP says of the audio. */
export interface Stopped {
  /** Epoch, milliseconds, by the switch's clock. */
  at: number;
  /** Milliseconds. */
  durationMs: number;
  /** Record-Completion-Cause; only the causes that mean an error can be trusted (freeswitch.md). */
  cause: string;
}

/** RECORD_STOP follows a stop at once; it is the proof that the recording has ended. */
const STOP_EVENT_MS = 3000;

/**
 * Milliseconds by which a file may be shorter than the switch says: what an encoder keeps back. What a full disk does not
 * take when a file is closed is lost, and the switch does not say so (`fclose` in mod_shout.c, `switch_core_file_pre_close`).
 */
const SHORTER_MS = 500;

interface Expected {
  reason: Reason;
  entry: AuditEntry | undefined;
  timer: NodeJS.Timeout;
  settle: (result: Promise<RecordingDocument>) => void;
}

export class Finisher {
  private readonly expected = new Map<string, Expected>();
  private readonly finishing = new Map<string, Promise<RecordingDocument>>();

  constructor(
    private readonly recordings: ActiveRecordings,
    private readonly options: Pick<RecorderOptions, 'files' | 'transport' | 'dir' | 'log'>,
    private readonly now: (switchId: string) => number,
    /** The recording runs no more. */
    private readonly onOver: (active: Active) => void,
  ) {}

  /**
   * A stop is about to be asked for, by whom `entry` says, else by the service: `document` resolves as that of
   * {@link finish} does, or rejects.
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

  /** Whether it has ended and its file is being made. */
  isFinishing(id: string): boolean {
    return this.finishing.has(id);
  }

  /**
   * Finishes with the reason of a stop that was asked for, else with `reason`; resolves with the last document, or where
   * the file is still to come from the switch, with the one that says why the audio ended. The recording
   * counts no more from here on.
   */
  finish(
    active: Active,
    reason: Reason,
    stopped: Stopped | undefined,
    entry?: AuditEntry,
  ): Promise<RecordingDocument> {
    const { id } = active.doc;
    // Two signs of one end, a timer's and a resynchronisation's for instance, finish it once.
    const under = this.finishing.get(id);
    if (under) return under;
    if (!isRunning(active.doc)) return Promise.resolve(active.doc);
    const expected = this.expected.get(id);
    if (expected) clearTimeout(expected.timer);
    this.expected.delete(id);
    const at = this.now(active.doc.internal.switch);
    this.recordings.retire(active);
    const why = expected?.reason ?? reason;
    active.doc = stoppedFor(active.doc, why, expected?.entry ?? entry ?? byService(why, at), at);
    this.onOver(active);
    // A file may take minutes to come: nobody is kept waiting for it, and a restart knows that the audio has ended.
    const stored = this.options.transport && this.recordings.save(active, active.doc).then(() => active.doc);
    const document = Promise.resolve(stored).then(() => this.conclude(active, why, stopped, at));
    this.finishing.set(id, document);
    document
      .catch((error: unknown) => {
        this.options.log.error('a recording could not be finished', { recording: id, error });
      })
      .finally(() => this.finishing.delete(id));
    const told = stored ?? document;
    expected?.settle(told);
    return told;
  }

  /** Resolves when all that was ending has ended. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.finishing.values());
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
  ): Promise<RecordingDocument> {
    const { log } = this.options;
    const { min_s } = active.doc.internal;
    const segments = active.doc.segments.map(({ file }) => file);
    const ending = isAdopted(active.doc)
      ? await this.adoptedEnding(active, reason, stopped, at)
      : await this.ending(active, segments, reason, stopped, at);
    // record_min_sec is counted here, in seconds of the call: the switch counts samples at the wrong rate and
    // reports its own success either way (freeswitch.md).
    const isShort = ending.state === 'completed' && offsetAt(active.doc, at) < min_s * 1000;
    const final = isShort ? await this.discarded(active.doc, ending) : ending;
    const doc = withDelivery(ended(active.doc, final));
    if (ending.size !== undefined && !isAdopted(doc))
      active.afterwards.push(() => this.removeParts(doc, segments));
    await this.recordings.save(active, doc, [happening('stopped', at), happening(final.state, at)]);
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
    const missing = (await this.arrive(doc)) === 'all' ? undefined : 'not_pushed';
    const file = await this.describe(doc);
    const unread = file === 'file_error' ? file : undefined;
    const failure = doc.failure ?? (durationMs === 0 ? 'no_audio' : (missing ?? unread));
    return {
      state: failure === undefined ? 'completed' : 'failed',
      reason,
      durationMs,
      ...(file !== 'file_error' && file),
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
    const arrived = await this.arrive(active.doc);
    const made = arrived === 'none' ? 'not_pushed' : await this.make(active.doc, segments);
    const audio = typeof made === 'string' ? undefined : made;
    let failure: string | undefined = typeof made === 'string' ? made : undefined;
    const visible = audio !== undefined || (failure !== 'not_pushed' && (await this.options.files.visible()));
    const elapsed = offsetAt(active.doc, at);
    const durationMs =
      audio?.durationMs ?? (visible ? 0 : (segments.length === 1 && stopped?.durationMs) || elapsed);
    const isShorter =
      arrived === 'all' && audio && stopped && lostMs(active.doc, audio, stopped) > SHORTER_MS;
    if (isShorter) failure = 'write_error';
    failure = active.doc.failure ?? failure;
    if (reason === 'no_audio' || durationMs === 0) failure ??= 'no_audio';
    const said = failure ?? (arrived === 'all' ? notBegun(active.doc) : 'not_pushed');
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
      ...(said !== undefined && { failure: said }),
    };
  }

  /** Fetches the files where they have to be; others stay on the switch. */
  private async arrive(doc: RecordingDocument): Promise<'all' | 'some' | 'none'> {
    const { transport, dir, log } = this.options;
    if (!transport || !liesInside(doc, dir)) return 'all';
    const files = await transport.fetch(doc);
    if (files.length === 0) return 'all';
    log.error('files of a recording stay on the switch', { recording: doc.id, files });
    return files.length < doc.segments.length ? 'some' : 'none';
  }

  private async describe(
    doc: RecordingDocument,
  ): Promise<Pick<Audio, 'size' | 'sha256'> | 'file_error' | undefined> {
    try {
      return await this.options.files.describe(doc.internal.file);
    } catch (error) {
      this.options.log.error('the file of a recording cannot be read', { recording: doc.id, error });
      return 'file_error';
    }
  }

  /** Too short to be kept: where its file cannot be removed it is failed instead, so that somebody finds it. */
  private async discarded({ id, internal }: RecordingDocument, ending: Ending): Promise<Ending> {
    const { size, sha256, ...withoutFile } = ending;
    try {
      await this.options.files.remove(internal.file);
      return { ...withoutFile, state: 'discarded' };
    } catch (error) {
      this.options.log.error('the file of a recording could not be removed', { recording: id, error });
      return { ...ending, state: 'failed', failure: 'file_error' };
    }
  }

  private async removeParts({ id }: RecordingDocument, segments: string[]): Promise<void> {
    const { files, log } = this.options;
    await files.removeParts(segments).catch((error: unknown) => {
      log.error('the segments of a recording could not be removed', { recording: id, error });
    });
  }

  /** One file of what there is, `undefined` where no file can be seen. */
  private async make(doc: RecordingDocument, segments: string[]): Promise<Audio | 'file_error' | undefined> {
    const { files, log } = this.options;
    const trim = (doc.internal.data as RecordCallData).trim !== undefined;
    try {
      return await files.finish(segments, trim);
    } catch (error) {
      log.error('the file of a recording could not be made', { recording: doc.id, error });
      return 'file_error';
    }
  }
}

/** Milliseconds that the file of the last segment is shorter than what the switch says, and the clock, that it wrote. */
function lostMs({ segments }: RecordingDocument, { segmentsMs }: Audio, { durationMs }: Stopped): number {
  return Math.min(durationMs, segments.at(-1)?.duration_ms ?? 0) - (segmentsMs.at(-1) ?? 0);
}

/** Why a segment could not be begun at once, or at all, where one could not (`following.ts`). */
function notBegun({ audit }: RecordingDocument): string | undefined {
  return audit.find(({ action, by, result }) => action === 'start' && by === 'service' && result !== 'ok')
    ?.result;
}

function byService(reason: Reason, at: number): AuditEntry {
  return { action: 'stop', at: new Date(at).toISOString(), by: 'service', result: reason };
}
