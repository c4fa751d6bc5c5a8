import { useState } from 'preact/hooks';
import { ask, inAccount } from '../api.js';
import { useAsked } from '../parts/asked.js';
import { components } from '../parts/components.js';
import { Loaded } from '../parts/Loaded.js';
import { isAdmin } from '../session.js';
import { WORDS } from '../words.js';
import { Attempts } from './Attempts.js';
import type { Webhook } from './webhook.js';
import { WebhookEditor } from './WebhookEditor.js';
import { WebhookTable } from './WebhookTable.js';

const { webhooks: words } = WORDS;

export function Webhooks() {
  const asked = useAsked(async () => {
    const [{ data }, { schemas }] = await Promise.all([
      ask<Webhook[]>('GET', inAccount('webhooks')),
      components(),
    ]);
    return { webhooks: data, schema: schemas.WebhookSettings };
  });
  const [edited, setEdited] = useState<Partial<Webhook>>();
  const [looked, setLooked] = useState<Webhook>();
  const [secret, setSecret] = useState<string>();
  /** What was tried since. */
  const [tries, setTries] = useState(0);
  return (
    <>
      <h1>{words.title}</h1>
      {secret !== undefined && (
        <p class="note good" role="status">
          {words.secret(secret)}
        </p>
      )}
      <Loaded asked={asked}>
        {({ webhooks, schema }) => (
          <>
            <WebhookTable
              webhooks={webhooks}
              edit={setEdited}
              look={setLooked}
              changed={asked.again}
              tested={(webhook) => {
                setLooked(webhook);
                setTries((before) => before + 1);
              }}
            />
            {isAdmin.value && !edited && (
              <p>
                <button type="button" onClick={() => setEdited({})}>
                  {words.add}
                </button>
              </p>
            )}
            {edited && (
              <WebhookEditor
                key={edited.id}
                webhook={edited}
                schema={schema}
                saved={(made) => {
                  setEdited(undefined);
                  setSecret(made.secret);
                  asked.again();
                }}
                cancel={() => setEdited(undefined)}
              />
            )}
          </>
        )}
      </Loaded>
      {looked && <Attempts webhook={looked} tries={tries} />}
    </>
  );
}
