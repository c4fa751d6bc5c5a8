import { useState } from 'preact/hooks';
import { ask, inAccount } from '../api.js';
import { maskedMs, type Recording } from '../recordings/recording.js';
import { mayWrite } from '../session.js';
import { durationOf, fromGregorian, now } from '../time.js';
import { WORDS } from '../words.js';
import type { Call, Notice } from './live.js';

const { calls: words } = WORDS;

const ACTIONS = {
  none: ['start'],
  recording: ['mask', 'stop'],
  masked: ['unmask', 'stop'],
} as const satisfies Record<Call['state'], (keyof typeof words.actions)[]>;

interface Props {
  call: Call;
  take: (notice: Notice) => void;
  /** What came of what was done. */
  say: (said: { text: string; isBad: boolean }) => void;
}

export function CallRow({ call, take, say }: Props) {
  const { leg, from, to, isBridged, since, state, recording } = call;
  const [isBusy, setBusy] = useState(false);
  const name = `${from} → ${to}`;

  const run = async (action: string) => {
    setBusy(true);
    try {
      const { data } = await ask<{ result: keyof typeof words.results; recording?: Recording }>(
        'PUT',
        inAccount('channels', leg.uuid),
        { action: 'metaflow', data: { module: 'record_call', data: { action } } },
      );
      if (data.recording) take({ event: 'recording', recording: data.recording });
      say({ text: `${name}: ${words.results[data.result]}`, isBad: false });
    } catch (error) {
      say({ text: `${name}: ${error instanceof Error ? error.message : String(error)}`, isBad: true });
    }
    setBusy(false);
  };

  return (
    <>
      <span class="parties">
        <strong>{from}</strong> <small>{isBridged ? words.with : words.calling}</small> <strong>{to}</strong>
      </span>
      <span class="time">{durationOf(now.value - fromGregorian(since))}</span>
      <span class={`state ${state}`}>
        {words.states[state]}
        {recording && state === 'masked' && ` ${durationOf(maskedMs(recording, now.value))}`}
      </span>
      {mayWrite.value && (
        <span class="actions">
          {ACTIONS[state].map((action) => (
            <button
              key={action}
              type="button"
              disabled={isBusy}
              aria-label={words.actionOf(words.actions[action], name)}
              onClick={() => void run(action)}
            >
              {words.actions[action]}
            </button>
          ))}
        </span>
      )}
    </>
  );
}
