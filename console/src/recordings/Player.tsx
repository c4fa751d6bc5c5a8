import type { Signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { send } from '../api.js';
import { Problem } from '../parts/Problem.js';
import { durationOf } from '../time.js';
import { WORDS } from '../words.js';
import type { Recording } from './recording.js';
import type { Waveform } from './waveform.js';

const { player: words } = WORDS;

interface Props {
  recording: Recording;
  path: string;
  /** Where it is played, milliseconds. */
  at: Signal<number>;
  onLoaded: (seek: (ms: number) => void) => void;
}

/** The audio is fetched when it is asked for: whoever listens is in the audit trail. */
export function Player({ recording, path, at, onLoaded }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [waveform, setWaveform] = useState<Waveform>();
  const [isPlaying, setPlaying] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  useEffect(() => () => waveform?.close(), [waveform]);

  const listen = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      const headers = { Accept: recording.content_type };
      const [audio, { drawWaveform }] = await Promise.all([
        send('GET', `/v2${path}?inline=true`, { headers }).then((response) => response.blob()),
        import('./waveform.js'),
      ]);
      if (!box.current) return;
      const drawn = await drawWaveform(box.current, audio, recording, {
        at: (ms) => (at.value = ms),
        playing: setPlaying,
      });
      setWaveform(drawn);
      onLoaded((ms) => drawn.seek(ms));
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };

  const length = recording.duration_ms;
  return (
    <section class="card" aria-label={words.title}>
      {recording.channels === 'dual' && (
        <p>
          <small>{words.channels(recording.caller_id_number, recording.callee_id_number)}</small>
        </p>
      )}
      <div class="waveform" ref={box} aria-hidden="true" />
      {waveform ? (
        <div class="controls">
          <button type="button" class="primary" onClick={() => waveform.toggle()}>
            {isPlaying ? words.pause : words.play}
          </button>
          <input
            type="range"
            aria-label={words.position}
            aria-valuetext={words.positionOf(durationOf(at.value), durationOf(length))}
            min={0}
            max={length}
            step={1000}
            value={at.value}
            onInput={(event) => waveform.seek(Number(event.currentTarget.value))}
          />
          <output>
            {durationOf(at.value)} / {durationOf(length)}
          </output>
        </div>
      ) : (
        <p class="actions">
          <button type="button" class="primary" disabled={isBusy} onClick={() => void listen()}>
            {isBusy ? WORDS.loading : words.listen}
          </button>
        </p>
      )}
      {problem !== undefined && <Problem of={problem} />}
      <ul class="spans">
        {recording.mask_intervals.map(({ start_ms, end_ms = length }) => (
          <li key={start_ms}>
            <span class="state masked">{words.masked}</span> {durationOf(start_ms)}–{durationOf(end_ms)}
          </li>
        ))}
        {recording.segments.slice(1).map(({ start_ms }) => (
          <li key={start_ms}>
            <span class="state">{words.segment}</span> {durationOf(start_ms)}
          </li>
        ))}
      </ul>
    </section>
  );
}
