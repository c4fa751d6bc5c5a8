import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, extname, isAbsolute } from 'node:path';
import {
  FILL,
  FRAME_MS,
  FRAME_SAMPLES,
  Resampler,
  SAMPLE_RATE,
  SILENCE,
  interleave,
  mix,
  type Frame,
} from './audio.js';
import type { Channel } from './channel.js';
import type { MediaBug } from './media.js';
import { isTrue } from './text.js';
import { FILE_BUFFER_BYTES, WavWriter } from './wav.js';

/** `RECORD_PRE_BUFFER_FRAMES` where it is not set. */
const PRE_BUFFER_FRAMES = 25;

/** Mean amplitude below which a frame is silence where `RECORD_FINAL_TIMEOUT_MS` is set. */
const SILENCE_THRESHOLD = 200;

/** `switch_is_valid_rate` */
const RATES = new Set([8000, 12000, 16000, 24000, 32000, 11025, 22050, 44100, 48000]);

/** A recording of one leg, as `switch_ivr_record_session_event` makes it. */
export class Recorder implements MediaBug {
  readonly name = 'session_record';
  masked = false;
  paused = false;
  /** It has been moved to another leg, where no path leads to it any more. */
  isMoved = false;
  /** Frames kept back: mask and unmask act when a frame is written, not when it is heard. */
  #kept: { read: Frame; written: Frame | undefined }[] = [];
  #preBuffered = 0;
  #frames = 0;
  #failed = false;
  #resamplers: Resampler[];
  /** Frames of silence in a row; undefined until there was speech. */
  #silentFrames: number | undefined;
  #ended = false;

  constructor(
    private leg: Channel,
    readonly target: string,
    private readonly file: WavWriter,
    private readonly options: {
      rate: number;
      stereo: boolean;
      swapped: boolean;
      read: boolean;
      write: boolean;
      answerRequired: boolean;
      bridgeRequired: boolean;
      minSeconds: number;
      preBufferFrames: number;
      /** Milliseconds of silence after speech that end it; 0 for never. */
      finalSilenceMs: number;
      /** When to end, in whole seconds since the epoch; 0 for never. */
      stopAt: number;
      appended: boolean;
      variables: ReadonlyMap<string, string>;
    },
  ) {
    this.#resamplers = [new Resampler(options.rate), new Resampler(options.rate)];
  }

  open(): void {
    this.leg.fire('RECORD_START', this.#headers());
    this.leg.instance.clock.add(this.#onFrame);
  }

  close(): void {
    this.leg.instance.clock.remove(this.#onFrame);
    // within the first frames what is kept back is lost, as in FreeSWITCH
    if (this.#preBuffered >= this.options.preBufferFrames) this.#writeKept();
    const { leg } = this;
    const size = this.file.size;
    try {
      this.file.close();
    } catch {
      // what became of the last write, nobody is told (switch_core_file_pre_close)
    }
    const samples = this.#frames * FRAME_SAMPLES;
    leg.set('record_file_size', String(size));
    const cause = this.#cause(samples);
    if (cause === 'empty-file' || cause === 'input-too-short') {
      leg.set('RECORD_DISCARDED', 'true');
      rmSync(this.target, { force: true });
    }
    leg.set('record_samples', String(samples));
    leg.set('record_seconds', String(Math.floor(samples / SAMPLE_RATE)));
    leg.set('record_ms', String(Math.floor((samples * 1000) / SAMPLE_RATE)));
    leg.set('record_completion_cause', cause);
    leg.fire('RECORD_STOP', { ...this.#headers(), 'Record-Completion-Cause': cause });
  }

  moveTo(leg: Channel): void {
    this.leg = leg;
    this.isMoved = true;
  }

  /** Ends it as a crash of the switch does. */
  abandon(): void {
    this.leg.instance.clock.remove(this.#onFrame);
    this.file.abandon();
  }

  #cause(samples: number): string {
    const { appended, rate, minSeconds } = this.options;
    if (this.#failed) return 'uri-failure';
    if (this.#frames === 0 && !appended) return 'empty-file';
    // samples of the call against the rate of the file, as FreeSWITCH counts
    if (samples < rate * minSeconds && !appended) return 'input-too-short';
    return this.leg.down || this.#ended ? 'success-silence' : 'success-maxtime';
  }

  #headers(): Record<string, string> {
    const headers: Record<string, string> = { 'Record-File-Path': this.target };
    for (const [name, value] of this.options.variables) headers[`Recording-Variable-${name}`] = value;
    return headers;
  }

  #onFrame = (frame: number): void => {
    const { leg, options } = this;
    const waits = (options.answerRequired && !leg.answered) || (options.bridgeRequired && !leg.partner);
    if (this.paused || waits) return;
    const read = leg.media.received(frame);
    // it is a frame from the party that makes one be written: its own hold shortens the recording
    if (!read) return;
    this.#kept.push({ read, written: leg.media.written(frame, this) });
    const { preBufferFrames } = options;
    if (this.#frames === 0 || this.#preBuffered >= preBufferFrames) this.#writeKept();
    else this.#preBuffered++;
    const { stopAt } = options;
    if (this.#ended || (stopAt > 0 && stopAt <= Date.now() / 1000)) leg.media.remove(this);
  };

  /** What is masked counts as it is heard, as in FreeSWITCH. */
  #listen(samples: Int16Array): void {
    const { finalSilenceMs } = this.options;
    if (finalSilenceMs === 0) return;
    const level = samples.reduce((sum, sample) => sum + Math.abs(sample), 0) / samples.length;
    if (level >= SILENCE_THRESHOLD) this.#silentFrames = 0;
    else if (this.#silentFrames !== undefined) this.#silentFrames++;
    this.#ended ||= (this.#silentFrames ?? 0) * FRAME_MS >= finalSilenceMs;
  }

  #writeKept(): void {
    const { read, write, stereo, swapped } = this.options;
    for (const frame of this.#kept) {
      const own = read ? frame.read : SILENCE;
      const other = write ? (frame.written ?? FILL) : SILENCE;
      const samples = stereo
        ? interleave(this.#resample(0, swapped ? other : own), this.#resample(1, swapped ? own : other))
        : this.#resample(0, mix(own, other));
      try {
        if (this.leg.instance.diskFull) throw new Error('ENOSPC');
        this.file.write(this.masked ? new Int16Array(samples.length) : samples);
      } catch {
        // a full disk does not end a recording (uri-failure)
        this.#failed = true;
      }
      this.#frames++;
      this.#listen(samples);
    }
    this.#kept = [];
  }

  #resample(channel: 0 | 1, frame: Frame): Frame {
    return this.#resamplers[channel]?.next(frame) ?? frame;
  }
}

/**
 * Starts a recording; one that runs already stays as it is.
 *
 * @param limitSeconds 0 for none; it ends on a whole second of the clock
 * @param variables what is looked up before the channel's variables, and shown in RECORD_START and RECORD_STOP
 * @returns whether it could be started
 */
export function startRecording(
  leg: Channel,
  path: string,
  limitSeconds: number,
  variables: ReadonlyMap<string, string>,
): boolean {
  leg.preAnswer();
  if (leg.down || !leg.media.codecKnown) return false;
  if (recorderOf(leg, path)) return true;
  const byName = new Map([...variables].map(([name, value]) => [name.toLowerCase(), value]));
  const option = (name: string): string | undefined => byName.get(name.toLowerCase()) ?? leg.get(name);
  const target = isAbsolute(path) ? path : `${leg.get('base_dir') ?? ''}/${path}`;
  const swapped = isTrue(option('RECORD_STEREO_SWAP'));
  const stereo = swapped || isTrue(option('RECORD_STEREO'));
  const appended = isTrue(option('RECORD_APPEND'));
  const asked = Number(option('record_sample_rate'));
  const rate = RATES.has(asked) ? asked : SAMPLE_RATE;
  let file: WavWriter;
  try {
    makeFolder(dirname(target));
    if (!['.wav', '.raw'].includes(extname(target))) throw new Error('no other format is written here');
    file = new WavWriter(
      target,
      rate,
      stereo ? 2 : 1,
      bufferBytes(option('enable_file_write_buffering')),
      appended,
    );
  } catch {
    leg.set('record_completion_cause', 'uri-failure');
    return false;
  }
  leg.media.add(
    new Recorder(leg, target, file, {
      rate,
      stereo,
      swapped,
      appended,
      read: !isTrue(option('RECORD_WRITE_ONLY')),
      write: !isTrue(option('RECORD_READ_ONLY')),
      answerRequired: isTrue(option('RECORD_ANSWER_REQ')),
      bridgeRequired: isTrue(option('RECORD_BRIDGE_REQ')),
      minSeconds: Number(option('RECORD_MIN_SEC') ?? 0),
      preBufferFrames: Number(option('RECORD_PRE_BUFFER_FRAMES') ?? PRE_BUFFER_FRAMES),
      finalSilenceMs: Number(option('RECORD_FINAL_TIMEOUT_MS') ?? 0),
      stopAt: limitSeconds > 0 ? Math.floor(Date.now() / 1000) + limitSeconds : 0,
      variables,
    }),
  );
  return true;
}

/** Ends the recording on that path, or `all`; false where there is none. */
export function stopRecording(leg: Channel, path: string): boolean {
  const ended = leg.media.bugs.filter(
    (bug) => bug instanceof Recorder && (path === 'all' || (bug.target === path && !bug.isMoved)),
  );
  for (const bug of ended) leg.media.remove(bug);
  return ended.length > 0;
}

/** The recorder that writes to `path`. */
export function recorderOf(leg: Channel, path: string): Recorder | undefined {
  leg.instance.clock.catchUp();
  return leg.media.bugs.find(
    (bug): bug is Recorder => bug instanceof Recorder && bug.target === path && !bug.isMoved,
  );
}

/** Moves the recordings of a leg to another one (`switch_ivr_transfer_recordings`). */
export function moveRecordings(from: Channel, to: Channel): void {
  for (const bug of [...from.media.bugs]) {
    if (!(bug instanceof Recorder)) continue;
    bug.moveTo(to);
    from.media.give(bug, to.media);
  }
}

/** Not `mkdir` with `recursive`, which on Linux never ends below /proc (Node.js 20). */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

function bufferBytes(option: string | undefined): number {
  if (option === undefined) return FILE_BUFFER_BYTES;
  const bytes = Number.parseInt(option, 10);
  return bytes > 0 ? bytes : isTrue(option) ? FILE_BUFFER_BYTES : 0;
}
