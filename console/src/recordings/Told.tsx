import { ask, inAccount } from '../api.js';
import { useAsked } from '../parts/asked.js';
import { Loaded } from '../parts/Loaded.js';
import { session } from '../session.js';
import { AttemptTable } from '../webhooks/AttemptTable.js';
import type { Attempt, Webhook } from '../webhooks/webhook.js';
import { WORDS } from '../words.js';
import type { Recording } from './recording.js';

const { told: words } = WORDS;

/** Which webhooks were told of it, and what came of that; nothing where there are none. */
export function Told({ recording }: { recording: Recording }) {
  const { id } = recording;
  const asked = useAsked(async () => {
    // Webhooks are the account's.
    if (session.value?.role === 'user') return undefined;
    const [webhooks, attempts] = await Promise.all([
      ask<Webhook[]>('GET', inAccount('webhooks')),
      ask<Attempt[]>('GET', inAccount('webhooks', 'attempts')),
    ]);
    const names = new Map(webhooks.data.map((webhook) => [webhook.id, webhook.name]));
    return { names, attempts: attempts.data.filter(({ recording_id }) => recording_id === id) };
  }, [recording]);
  if (asked.value === undefined && asked.problem === undefined) return null;
  return (
    <Loaded asked={asked}>
      {(found) =>
        found &&
        found.names.size > 0 && (
          <section class="card" aria-labelledby="told">
            <h2 id="told">{words.title}</h2>
            {found.attempts.length === 0 ? (
              <p>{words.none}</p>
            ) : (
              <AttemptTable label={words.title} {...found} retried={asked.again} />
            )}
            <button type="button" onClick={asked.again}>
              {words.refresh}
            </button>
          </section>
        )
      }
    </Loaded>
  );
}
