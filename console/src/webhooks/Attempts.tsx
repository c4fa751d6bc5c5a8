import { ask, inAccount } from '../api.js';
import { useAsked } from '../parts/asked.js';
import { Loaded } from '../parts/Loaded.js';
import { WORDS } from '../words.js';
import { AttemptTable } from './AttemptTable.js';
import type { Attempt, Webhook } from './webhook.js';

const { webhooks: words } = WORDS;

/** What a webhook was told of late; asked for anew after each of `tries`. */
export function Attempts({ webhook: { id, name }, tries }: { webhook: Webhook; tries: number }) {
  const asked = useAsked(
    async () => (await ask<Attempt[]>('GET', inAccount('webhooks', id, 'attempts'))).data,
    [id, tries],
  );
  return (
    <section class="card" aria-labelledby="attempts">
      <h2 id="attempts">{words.attemptsOf(name)}</h2>
      <Loaded asked={asked}>
        {(attempts) =>
          attempts.length === 0 ? (
            <p>{words.noAttempts}</p>
          ) : (
            <AttemptTable label={words.attemptsOf(name)} attempts={attempts} retried={asked.again} />
          )
        }
      </Loaded>
    </section>
  );
}
