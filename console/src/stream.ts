/** The live stream of an account, read with fetch: an EventSource could show its token in the address only. */
import { ApiError, inAccount, send } from './api.js';
import type { Notice } from './calls/live.js';
import { session } from './session.js';

/** Milliseconds: a comment comes every 15 seconds, so that a stream on which nothing comes is lost. */
const SILENCE_MS = 40_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

export interface Follower {
  take(notice: Notice): void;
  /** What was missed is not known: the state of things is to be asked for. */
  reset(): void;
  connected(): void;
  /** It is not connected any more, or not yet; why, where the service said so or could not be reached. */
  lost(problem?: ApiError): void;
}

/** Follows until `signal` ends it, or the token is not good any more; connects again where it is lost. */
export async function follow(follower: Follower, signal: AbortSignal): Promise<void> {
  const { user } = session.value ?? {};
  const path = inAccount(...(user === undefined ? [] : ['users', user]), 'events');
  let last: string | undefined;
  let wait = FIRST_WAIT_MS;
  while (!signal.aborted) {
    let problem: ApiError | undefined;
    try {
      const headers: HeadersInit = last === undefined ? {} : { 'Last-Event-ID': last };
      const silence = new AbortController();
      const ends = AbortSignal.any([signal, silence.signal]);
      const { body } = await send('GET', `/v2${path}`, { headers, signal: ends });
      if (last === undefined) follower.reset();
      follower.connected();
      wait = FIRST_WAIT_MS;
      for await (const { id, event, data } of messages(body ?? new ReadableStream(), silence)) {
        last = id ?? last;
        if (event === 'reset') follower.reset();
        else follower.take(JSON.parse(data) as Notice);
      }
    } catch (error) {
      if (error instanceof ApiError) problem = error;
    }
    follower.lost(problem);
    if (problem?.status === 401 || problem?.status === 403) return;
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(2 * wait, LONGEST_WAIT_MS);
  }
}

interface Message {
  id: string | undefined;
  event: string;
  data: string;
}

/** Server-Sent Events as this service writes them; a comment says only that the stream goes on. */
async function* messages(
  body: ReadableStream<Uint8Array>,
  silence: AbortController,
): AsyncGenerator<Message> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const timer = setTimeout(() => silence.abort(), SILENCE_MS);
    const { done, value } = await reader.read().finally(() => clearTimeout(timer));
    if (done) return;
    const parts = (text + value).split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) {
      const fields = new Map(
        part.split('\n').map((line) => [line.split(':', 1)[0], line.replace(/^[^:]*: ?/, '')]),
      );
      const data = fields.get('data');
      if (data !== undefined) yield { id: fields.get('id'), event: fields.get('event') ?? '', data };
    }
  }
}
