import { ask, inAccount } from '../api.js';
import { ActButton } from '../parts/ActButton.js';
import { Table } from '../parts/Table.js';
import { isAdmin } from '../session.js';
import { dateOf, fromGregorian } from '../time.js';
import { WORDS } from '../words.js';
import type { Attempt } from './webhook.js';

const { webhooks: words } = WORDS;

interface Props {
  label: string;
  /** The newest first. */
  attempts: readonly Attempt[];
  /** What each webhook is called, by its id, where they are of several. */
  names?: ReadonlyMap<string, string>;
  /** A webhook was told again, whatever came of it. */
  retried: () => void;
}

/** The newest attempt of what has not arrived can be made again. */
export function AttemptTable({ label, attempts, names, retried }: Props) {
  const newest = new Map(attempts.map((attempt) => [keyOf(attempt), attempt] as const).reverse());
  return (
    <Table
      label={label}
      columns={[
        words.when,
        names !== undefined && words.name,
        words.event,
        words.attempt,
        words.result,
        isAdmin.value && words.change,
      ]}
      rows={attempts.map((each) => {
        const { hook_id, event, event_id, recording_id, attempt, result, timestamp } = each;
        const isRetriable =
          result === 'failure' && recording_id !== undefined && newest.get(keyOf(each)) === each;
        return {
          key: `${keyOf(each)} ${attempt} ${timestamp}`,
          cells: [
            dateOf(fromGregorian(timestamp)),
            names?.get(hook_id),
            event,
            attempt,
            <>
              <span class={result === 'success' ? 'state completed' : 'state failed'}>
                {words.results[result]}
              </span>{' '}
              {[each.reason, each.response_code].filter(Boolean).join(' ')}
            </>,
            isRetriable && (
              <ActButton
                label={words.changeOf(words.retry, event)}
                act={() => ask('POST', inAccount('webhooks', hook_id, 'attempts', event_id))}
                done={retried}
              >
                {words.retry}
              </ActButton>
            ),
          ],
        };
      })}
    />
  );
}

function keyOf({ hook_id, event_id }: Attempt): string {
  return `${hook_id} ${event_id}`;
}
