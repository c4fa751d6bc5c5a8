import type { Signal } from '@preact/signals';
import { ask } from '../api.js';
import { ActButton } from '../parts/ActButton.js';
import { mayWrite } from '../session.js';
import { durationOf } from '../time.js';
import { WORDS } from '../words.js';
import type { Recording } from './recording.js';

const { transcript: words } = WORDS;

interface Props {
  recording: Recording;
  path: string;
  at: Signal<number>;
  /** There is none until the audio is loaded. */
  seek: ((ms: number) => void) | undefined;
  changed: () => void;
}

/** What was said, and where the audio is in it. */
export function Transcript({ recording: { transcription, state }, path, at, seek, changed }: Props) {
  const { status, text, segments = [] } = transcription ?? {};
  return (
    <section class="card" aria-labelledby="transcript">
      <h2 id="transcript">{words.title}</h2>
      {status === undefined && <p>{words.none}</p>}
      {status === 'pending' && <p>{words.pending}</p>}
      {status === 'failed' && <p>{words.failed(transcription?.error ?? '')}</p>}
      {segments.length === 0 && text !== undefined && <p>{text}</p>}
      <ol class="transcript">
        {segments.map(({ start_ms, end_ms, text: said }) => (
          <li key={start_ms} aria-current={start_ms <= at.value && at.value < end_ms ? 'true' : undefined}>
            <button type="button" class="quiet" disabled={!seek} onClick={() => seek?.(start_ms)}>
              {durationOf(start_ms)}
            </button>
            {said}
          </li>
        ))}
      </ol>
      {mayWrite.value && state === 'completed' && status !== 'pending' && (
        <ActButton act={() => ask('POST', `${path}/transcription`)} done={changed}>
          {status === undefined ? words.make : words.again}
        </ActButton>
      )}
    </section>
  );
}
