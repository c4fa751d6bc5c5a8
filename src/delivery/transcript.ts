/**
 * How a recording is sent to be made text of, and what is kept of the answer: the way of OpenAI's
 * `/v1/audio/transcriptions`, which others speak too. Pure, but for the boundary, which is made by chance.
 */
import { randomBytes } from 'node:crypto';
import type { MaskInterval, RecordingDocument, TranscriptSegment } from '../generated/recording.js';
import { uploadName } from './upload.js';

/** Times in an answer are off by some tenths of a second: that far a text may reach into a mask. */
const TOLERANCE_MS = 500;

/** What is sent around the file. */
export interface Form {
  contentType: string;
  before: Buffer;
  after: Buffer;
}

export interface Transcript {
  text: string;
  segments: TranscriptSegment[];
  /** What the endpoint heard, where it says so. */
  language?: string;
}

/** `locale` such as `en-US`; the endpoint is told the language alone, which is all it knows. */
export function formOf(doc: RecordingDocument, model: string, locale: string | undefined): Form {
  const boundary = `metaflows-${randomBytes(16).toString('hex')}`;
  const language = locale?.split('-')[0]?.toLowerCase();
  const fields: [string, string][] = [
    ['model', model],
    ['response_format', 'verbose_json'],
    ['timestamp_granularities[]', 'segment'],
    ...(language ? [['language', language] as [string, string]] : []),
  ];
  const texts = fields.map(([name, value]) => part(boundary, `name="${name}"`) + `\r\n${value}\r\n`);
  const file = part(boundary, `name="file"; filename="${uploadName(doc)}"`);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    before: Buffer.from(`${texts.join('')}${file}Content-Type: ${doc.content_type}\r\n\r\n`),
    after: Buffer.from(`\r\n--${boundary}--\r\n`),
  };
}

/**
 * What an answer says; undefined where it is none. Nothing of masked spans: the audio is silent there, but models
 * make words of silence too. Where an answer does not say which text is of when, `timed` is false.
 */
export function transcriptOf(
  body: string,
  masks: readonly MaskInterval[],
): (Transcript & { timed: boolean }) | undefined {
  const answer = parsed(body);
  if (typeof answer?.text !== 'string') return undefined;
  const segments = Array.isArray(answer.segments) ? answer.segments.map(segmentOf) : [];
  if (segments.includes(undefined)) return undefined;
  const all = segments as TranscriptSegment[];
  const clear = all.filter((segment) => maskedMs(segment, masks) <= TOLERANCE_MS);
  return {
    text: clear.length === all.length ? answer.text.trim() : clear.map(({ text }) => text).join(' '),
    segments: clear,
    ...(typeof answer.language === 'string' && { language: answer.language }),
    timed: all.length > 0 || answer.text.trim() === '',
  };
}

interface Answered {
  text?: unknown;
  language?: unknown;
  segments?: unknown;
}

function parsed(body: string): Answered | undefined {
  try {
    return JSON.parse(body) as Answered | undefined;
  } catch {
    return undefined;
  }
}

/** Seconds become milliseconds. */
function segmentOf(
  segment: { start?: unknown; end?: unknown; text?: unknown } | null,
): TranscriptSegment | undefined {
  const { start, end, text } = segment ?? {};
  if (!Number.isFinite(start) || !Number.isFinite(end) || typeof text !== 'string') return undefined;
  const [from, to] = [start as number, end as number];
  return { start_ms: Math.round(from * 1000), end_ms: Math.round(to * 1000), text: text.trim() };
}

/** Milliseconds of the segment that lie in masks. */
function maskedMs({ start_ms, end_ms }: TranscriptSegment, masks: readonly MaskInterval[]): number {
  return masks
    .map((mask) => Math.min(end_ms, mask.end_ms ?? end_ms) - Math.max(start_ms, mask.start_ms))
    .reduce((sum, ms) => sum + Math.max(0, ms), 0);
}

function part(boundary: string, disposition: string): string {
  return `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n`;
}
