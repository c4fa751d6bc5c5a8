import { ask, inAccount } from '../api.js';
import { ActButton } from '../parts/ActButton.js';
import { Table } from '../parts/Table.js';
import { isAdmin } from '../session.js';
import { WORDS } from '../words.js';
import type { Webhook } from './webhook.js';

const { webhooks: words } = WORDS;

interface Props {
  webhooks: readonly Webhook[];
  edit: (webhook: Webhook) => void;
  /** At its attempts. */
  look: (webhook: Webhook) => void;
  changed: () => void;
  tested: (webhook: Webhook) => void;
}

export function WebhookTable({ webhooks, edit, look, changed, tested }: Props) {
  if (webhooks.length === 0) return <p class="empty">{words.empty}</p>;
  return (
    <Table
      label={words.title}
      columns={[words.name, words.uri, words.hook, words.state, words.change]}
      naming={words.name}
      rows={webhooks.map((webhook) => {
        const { id, name, uri, hook, enabled: isOn = true } = webhook;
        const path = inAccount('webhooks', id);
        const labelOf = (change: string) => words.changeOf(change, name);
        return {
          key: id,
          cells: [
            name,
            uri,
            hook,
            <span class={isOn ? 'state completed' : 'state failed'}>{stateOf(webhook)}</span>,
            <span class="actions">
              <button type="button" aria-label={labelOf(words.attempts)} onClick={() => look({ ...webhook })}>
                {words.attempts}
              </button>
              {isAdmin.value && (
                <>
                  <ActButton
                    label={labelOf(words.test)}
                    act={() => ask('POST', `${path}/test`)}
                    done={() => tested(webhook)}
                  >
                    {words.test}
                  </ActButton>
                  <button type="button" aria-label={labelOf(words.edit)} onClick={() => edit(webhook)}>
                    {words.edit}
                  </button>
                  <ActButton
                    label={labelOf(isOn ? words.disable : words.enable)}
                    act={() => ask('PATCH', path, { enabled: !isOn })}
                    done={changed}
                  >
                    {isOn ? words.disable : words.enable}
                  </ActButton>
                  <ActButton
                    label={labelOf(words.delete)}
                    question={words.sure(name)}
                    act={() => ask('DELETE', path)}
                    done={changed}
                  >
                    {words.delete}
                  </ActButton>
                </>
              )}
            </span>,
          ],
        };
      })}
    />
  );
}

function stateOf({ enabled = true, disable_reason }: Webhook): string {
  if (enabled) return words.on;
  return disable_reason === undefined ? words.off : words.disabled(disable_reason);
}
