/** Has text made of finished recordings, by the endpoint that the site configured. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { MetaflowsError } from '../errors.js';
import type { TranscriptionSettings } from '../generated/configuration.js';
import type { RecordingDocument } from '../generated/recording.js';
import type { Attempted } from './outbox.js';
import { failureOf, judged } from './outcome.js';
import type { Answer, Outgoing } from './send.js';
import { formOf, transcriptOf } from './transcript.js';
import { uploadLimitMs } from './upload.js';

/** Milliseconds of work that the endpoint gets, in which it may say nothing: hours of audio on a slow machine. */
const WORK_MS = 30 * 60_000;
/** Hours of talk with the times of each sentence are a few megabytes. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

export interface TranscriberOptions {
  recordings: { get(account: string, id: string): Promise<RecordingDocument | undefined> };
  /** Stores what `change` makes of the newest version, and tells that it has its text. */
  complete: (
    account: string,
    id: string,
    change: (doc: RecordingDocument) => RecordingDocument,
  ) => Promise<void>;
  /** The recordings folder as this service sees it, absolute. */
  mount: string;
  /** None: it is off. */
  transcription?: TranscriptionSettings | undefined;
  send: (outgoing: Outgoing, signal: AbortSignal) => Promise<Answer>;
  now: () => number;
}

export class Transcriber {
  constructor(private readonly options: TranscriberOptions) {}

  /** Where recordings are sent to: host and port; empty where that is nowhere. */
  get host(): string {
    const { transcription } = this.options;
    return transcription ? new URL(transcription.url).host : '';
  }

  /** Has the text when what it resolves with is kept. Of a recording that is deleted nothing is sent. */
  async attempt(account: string, id: string, signal: AbortSignal): Promise<Attempted> {
    const { recordings, complete, transcription, send, now } = this.options;
    const doc = await recordings.get(account, id);
    // A crash came after the text was stored.
    if (doc?.transcription?.status === 'completed') return { outcome: 'sent' };
    if (doc?.transcription?.status !== 'pending') return { outcome: 'dropped' };
    try {
      if (!transcription) throw new MetaflowsError('transcription_off');
      const answer = await send(await this.outgoing(doc, transcription), signal);
      const outcome = judged(answer, now());
      if (outcome !== 'sent') return { outcome };
      const { timed, language, ...transcript } =
        transcriptOf(answer.body ?? '', doc.mask_intervals) ?? fail('transcription_invalid');
      if (!timed && doc.mask_intervals.length > 0) fail('transcription_untimed');
      const asked = doc.transcription.locale;
      const locale = asked ?? language;
      const change = (current: RecordingDocument): RecordingDocument => {
        // It was handed in again, and this attempt does not count.
        if (current.transcription?.locale !== asked) throw new Error('another text was asked for meanwhile');
        return {
          ...current,
          transcription: { status: 'completed', ...(locale !== undefined && { locale }), ...transcript },
        };
      };
      return { outcome, keep: () => complete(account, id, change) };
    } catch (error) {
      if (signal.aborted) throw error;
      return { outcome: failureOf(error, now()) };
    }
  }

  private async outgoing(
    doc: RecordingDocument,
    { url, api_key, model }: TranscriptionSettings,
  ): Promise<Outgoing> {
    const path = join(this.options.mount, doc.internal.file);
    const { size } = await stat(path).catch((error: unknown) => {
      throw new MetaflowsError('file_gone', (error as NodeJS.ErrnoException).code, { cause: error });
    });
    if (size === 0) throw new MetaflowsError('file_gone', 'it is empty');
    const { contentType, before, after } = formOf(doc, model, doc.transcription?.locale);
    return {
      method: 'POST',
      url,
      headers: {
        'Content-Type': contentType,
        'Content-Length': String(before.length + size + after.length),
        Accept: 'application/json',
        'User-Agent': 'metaflows',
        ...(api_key !== undefined && { Authorization: `Bearer ${api_key}` }),
      },
      body: () =>
        Readable.from(
          (async function* () {
            yield before;
            yield* createReadStream(path, { end: size - 1 });
            yield after;
          })(),
          { objectMode: false },
        ),
      limitMs: uploadLimitMs(size) + WORK_MS,
      silenceMs: WORK_MS,
      keepBytes: MAX_ANSWER_BYTES,
    };
  }
}

function fail(code: 'transcription_invalid' | 'transcription_untimed'): never {
  throw new MetaflowsError(code);
}
