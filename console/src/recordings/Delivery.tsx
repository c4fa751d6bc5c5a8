import { ask } from '../api.js';
import { ActButton } from '../parts/ActButton.js';
import { useAsked } from '../parts/asked.js';
import { Loaded } from '../parts/Loaded.js';
import { mayWrite } from '../session.js';
import { dateOf, fromGregorian } from '../time.js';
import { WORDS } from '../words.js';
import type { Recording } from './recording.js';

const { delivery: words } = WORDS;

interface State {
  state?: keyof typeof words.states;
  host?: string;
  attempts?: number;
  /** Gregorian seconds. */
  next_attempt?: number;
  last_error?: { reason: string; response_code?: number; timestamp: number };
}

/** What became of sending it to its url. */
export function Delivery({ recording, path }: { recording: Recording; path: string }) {
  const asked = useAsked(
    async () => (await ask<State>('GET', `${path}/delivery`)).data,
    [path, recording.delivery],
  );
  if (recording.delivery === undefined) return null;
  return (
    <section class="card" aria-labelledby="delivery">
      <h2 id="delivery">{words.title}</h2>
      <Loaded asked={asked}>
        {({ state = 'pending', host, attempts = 0, next_attempt, last_error }) => (
          <>
            <p>
              <span class={`state ${state}`}>{words.states[state]}</span> {host} {words.attempts(attempts)}
            </p>
            {next_attempt !== undefined && <p>{words.next(dateOf(fromGregorian(next_attempt)))}</p>}
            {last_error && (
              <p>
                {words.failed(
                  [last_error.reason, last_error.response_code].filter(Boolean).join(' '),
                  dateOf(fromGregorian(last_error.timestamp)),
                )}
              </p>
            )}
            {mayWrite.value && state !== 'delivered' && (
              <ActButton act={() => ask('POST', `${path}/delivery`)} done={asked.again}>
                {words.retry}
              </ActButton>
            )}
          </>
        )}
      </Loaded>
    </section>
  );
}
