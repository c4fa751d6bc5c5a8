/** Starts a recorder on a leg, and believes it only when its RECORD_START has come and its file is seen to grow. */
import { setTimeout as delay } from 'node:timers/promises';
import { MetaflowsError } from '../errors.js';
import type { RecordCallData } from '../generated/record_call.js';
import type { RecordingDocument } from '../generated/recording.js';
import { assertAccepted, record, recordSilent, setGlobal, type ApiCommand } from '../switch/commands.js';
import type { Leg } from '../calls/calls.js';
import { beginning, currentFile, isStereo, noteOf } from './document.js';
import type { RecordingFiles } from './files.js';
import { cuts } from './state.js';

/** What of a switch the recorder needs. Commands with the same key arrive in order. */
export interface RecordingSwitch {
  /** Writes the commands in one piece and resolves with their replies; rejects with a MetaflowsError. */
  apis(key: string, commands: ApiCommand[]): Promise<string[]>;
}

/**
 * The switch's global variable that says since when the recording is masked, or may be: `maskedSince` of `recovery.ts`. On
 * no leg, since the mask outlives each of them.
 */
export function maskNote(id: string): string {
  return `metaflows_masked_${id}`;
}

/** The switch's global variable that says when the recording was unmasked last, also where nobody lived to store it. */
export function clearNote(id: string): string {
  return `metaflows_clear_${id}`;
}

/** A start answers within 2 s (freeswitch.md), its event follows at once. */
const START_EVENT_MS = 3000;
/** The file grows in steps of half a second with `enable_file_write_buffering=false` (freeswitch.md). */
const GROWTH_MS = 2500;
const GROWTH_POLL_MS = 40;
/** Where media come to bypass the switch a file has 200 ms, and no more: whether it grows within such a time is looked at then. */
const STEADY_MS = 1000;
/** A file that holds more than a header holds audio. */
const HEADER_BYTES = 128;
/** The switch's own limit ends up to a second early (freeswitch.md), and is only a net. */
const LIMIT_NET_S = 3;

/** One recorder to start. */
export interface SegmentStart {
  /** The document as it is when the recorder has started. */
  doc: RecordingDocument;
  target: Leg;
  /** The file as the switch sees it, absolute. */
  path: string;
  /** Orders commands. */
  key: string;
  /** The target's party is on the right. */
  swap: boolean;
  /** Hz; the switch chooses where it is missing. */
  rate?: number | undefined;
  /** Seconds until the time limit. */
  limitSeconds: number;
  /** Written right before the recorder starts; what comes of them does not matter. */
  before?: ApiCommand[];
}

export class Segments {
  private readonly expected = new Map<string, (at: number) => void>();

  constructor(
    private readonly switchOf: (id: string) => RecordingSwitch,
    private readonly files: RecordingFiles,
    private readonly now: (switchId: string) => number,
  ) {}

  /**
   * Starts the recorder, masked from its first frame on where the recording is. `onStarted` runs the moment that its RECORD_START
   * comes, since its RECORD_STOP may be the next event. Rejects with a MetaflowsError; then nothing is left running.
   */
  async start<T>(segment: SegmentStart, onStarted: (at: number) => T): Promise<T> {
    const { doc, target, path, key, limitSeconds, before = [] } = segment;
    const port = this.switchOf(target.switchId);
    const begun = this.expect(path, onStarted);
    const isMasked = doc.state === 'masked';
    try {
      const notes = [
        setGlobal(beginning(doc.id), noteOf(doc)),
        ...(isMasked ? [setGlobal(maskNote(doc.id), `@${this.now(target.switchId)}`)] : []),
        ...before,
      ];
      const options = { limitSeconds: limitSeconds + LIMIT_NET_S, variables: variablesOf(segment) };
      const start = isMasked
        ? recordSilent(cuts(doc) ? 'pause' : 'mask', target.uuid, path, options)
        : record('start', target.uuid, path, options);
      const replies = await port.apis(key, [...notes, start]);
      for (const reply of replies.slice(notes.length)) assertAccepted(reply);
      return await begun.started;
    } catch (error) {
      begun.cancel();
      // What the switch may have begun all the same must not run, or lie about, without anybody knowing of it.
      await this.end(doc, key, path, true).catch(() => undefined);
      throw error;
    }
  }

  /** Ends the segment that the document ends with, and where it is lost removes its file. */
  async end(doc: RecordingDocument, key: string, path: string, isLost: boolean): Promise<void> {
    const { leg, switch: switchId } = doc.internal;
    const commands = [record('stop', leg, path), setGlobal(beginning(doc.id), '')];
    await this.switchOf(switchId).apis(key, commands);
    if (isLost) await this.files.remove(currentFile(doc));
  }

  /** Whether it is not known yet that the recorder of that file has started. */
  isStarting(path: string): boolean {
    return this.expected.has(path);
  }

  /** It is stored that a segment of the recording has begun; a switch that cannot hear it is asked when it can. */
  async stored({ id, internal }: RecordingDocument): Promise<void> {
    await this.switchOf(internal.switch)
      .apis(internal.leg, [setGlobal(beginning(id), '')])
      .catch(() => undefined);
  }

  /** RECORD_START came, which says that it was `at`; false where nobody waits for it. */
  started(path: string, at: number): boolean {
    const expected = this.expected.get(path);
    expected?.(at);
    return expected !== undefined;
  }

  /**
   * `+OK` is not believed: resolves with false where the service sees the folder and the file does not grow while
   * `runs` says that it should; and if it is to grow `steadily`, also where it stops.
   */
  async grows(file: string, runs: () => boolean, steadily = false): Promise<boolean> {
    const until = performance.now() + GROWTH_MS;
    while (performance.now() < until) {
      if (!(await this.isEmpty(file))) {
        await this.files.protect(file);
        return !steadily || this.goesOn(file, runs);
      }
      if (!runs()) return true;
      await delay(GROWTH_POLL_MS);
    }
    return !(await this.files.visible());
  }

  /** Whether there is no audio in the file, or no file. */
  async isEmpty(file: string): Promise<boolean> {
    return ((await this.files.size(file)) ?? 0) <= HEADER_BYTES;
  }

  private async goesOn(file: string, runs: () => boolean): Promise<boolean> {
    const sizes: number[] = [];
    const end = performance.now() + 2 * STEADY_MS;
    while (performance.now() < end) {
      if (!runs()) return true;
      if (performance.now() > end - STEADY_MS) sizes.push((await this.files.size(file)) ?? 0);
      await delay(GROWTH_POLL_MS);
    }
    return sizes.at(-1) !== sizes[0];
  }

  private expect<T>(path: string, onStarted: (at: number) => T): { started: Promise<T>; cancel: () => void } {
    let timer: NodeJS.Timeout | undefined;
    const cancel = () => {
      clearTimeout(timer);
      this.expected.delete(path);
    };
    const started = new Promise<T>((resolve, reject) => {
      this.expected.set(path, (at) => {
        cancel();
        resolve(onStarted(at));
      });
      timer = setTimeout(() => {
        cancel();
        reject(new MetaflowsError('switch_refused', 'no RECORD_START came'));
      }, START_EVENT_MS);
    });
    started.catch(() => undefined);
    return { started, cancel };
  }
}

function variablesOf({ doc, swap, rate }: SegmentStart): Record<string, string> {
  const data = doc.internal.data as RecordCallData;
  const track = data.recording_track ?? 'both';
  const stereo = isStereo(data);
  return {
    metaflows_recording: doc.id,
    RECORD_STEREO: String(stereo),
    RECORD_STEREO_SWAP: String(stereo && swap),
    RECORD_READ_ONLY: String(track === 'inbound'),
    RECORD_WRITE_ONLY: String(track === 'outbound'),
    // Mask and unmask act when frames are processed: a buffer would write up to half a second before an unmask.
    RECORD_PRE_BUFFER_FRAMES: '0',
    RECORD_ANSWER_REQ: String(data.record_on_answer ?? false),
    RECORD_BRIDGE_REQ: String(data.record_on_bridge ?? false),
    enable_file_write_buffering: 'false',
    ...(rate !== undefined && { record_sample_rate: String(rate) }),
    ...(data.silence_timeout && { RECORD_FINAL_TIMEOUT_MS: String(data.silence_timeout * 1000) }),
  };
}

export function isOk(reply: string | undefined): boolean {
  return reply?.startsWith('+OK') ?? false;
}
