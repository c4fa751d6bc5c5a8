import { useState } from 'preact/hooks';
import { ask, inAccount } from '../api.js';
import type { Schemas } from '../parts/components.js';
import { Problem } from '../parts/Problem.js';
import { SchemaForm } from '../parts/SchemaForm.js';
import { WORDS } from '../words.js';
import type { Webhook } from './webhook.js';

const { webhooks: words } = WORDS;

interface Props {
  /** A new one has no id. */
  webhook: Partial<Webhook>;
  schema: Schemas['WebhookSettings'];
  saved: (webhook: Webhook) => void;
  cancel: () => void;
}

export function WebhookEditor({ webhook, schema, saved, cancel }: Props) {
  const { id, disable_reason, ...settings } = webhook;
  const [values, setValues] = useState<Record<string, unknown>>(settings);
  const [problem, setProblem] = useState<unknown>();
  const save = async () => {
    try {
      const { data } =
        id === undefined
          ? await ask<Webhook>('PUT', inAccount('webhooks'), values)
          : await ask<Webhook>('POST', inAccount('webhooks', id), values);
      saved(data);
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <form
      class="card"
      aria-label={words.editor}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <h2>{words.editor}</h2>
      <SchemaForm {...schema} values={values} isReadOnly={false} onChange={setValues} />
      {problem !== undefined && <Problem of={problem} />}
      <div class="actions">
        <button type="submit" class="primary">
          {words.save}
        </button>
        <button type="button" onClick={cancel}>
          {words.cancel}
        </button>
      </div>
    </form>
  );
}
