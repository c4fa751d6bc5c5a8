import { useState } from 'preact/hooks';
import { ask, inAccount } from '../api.js';
import type { Schemas } from '../parts/components.js';
import { EditorForm } from '../parts/EditorForm.js';
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
    <EditorForm title={words.editor} apply={words.save} done={() => void save()} cancel={cancel}>
      <SchemaForm {...schema} values={values} isReadOnly={false} onChange={setValues} />
      {problem !== undefined && <Problem of={problem} />}
    </EditorForm>
  );
}
