import { ask, inAccount } from '../api.js';
import { useAsked } from '../parts/asked.js';
import { Loaded } from '../parts/Loaded.js';
import { Table } from '../parts/Table.js';
import { dateOf, fromGregorian } from '../time.js';
import { WORDS } from '../words.js';
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
            <Table
              label={words.attemptsOf(name)}
              columns={[words.when, words.event, words.attempt, words.result]}
            >
              {attempts.map(({ event, event_id, attempt, result, reason, response_code, timestamp }) => (
                <tr key={`${event_id} ${attempt}`}>
                  <td>{dateOf(fromGregorian(timestamp))}</td>
                  <td>{event}</td>
                  <td>{attempt}</td>
                  <td>{[words.results[result], reason, response_code].filter(Boolean).join(' ')}</td>
                </tr>
              ))}
            </Table>
          )
        }
      </Loaded>
    </section>
  );
}
