/**
 * `/v2/accounts/{account}/webhooks[/{id}[/attempts|/test]]`, and what is the same for all accounts: the events there
 * are, and the key that proves signatures.
 */
import type { Router } from 'express';
import type { Delivery } from '../../delivery/delivery.js';
import { newSecret } from '../../delivery/webhook.js';
import type { WebhookSettings } from '../../generated/webhook.js';
import { validate, validator } from '../../schemas.js';
import type { Attempt, Webhook, WebhookStore } from '../../store/webhooks.js';
import { may } from '../access.js';
import { badIdentifier, invalid, send } from './answers.js';
import { dataOf } from './body.js';
import { merged } from './scoped.js';
import type { Asked, Resource } from './resource.js';
import { gregorian } from './time.js';

const PATH = '/accounts/:account/webhooks';

export function webhookList(webhooks: WebhookStore): Resource {
  return {
    paths: [PATH],
    permits: may,
    methods: {
      GET: ({ scope }) => ({ data: webhooks.list(scope.account).map(([id, webhook]) => shown(id, webhook)) }),
      PUT: async ({ scope, body, res }) => {
        const webhook = webhookOf(dataOf(body));
        const id = await webhooks.create(scope.account, webhook);
        res.status(201);
        return { data: { ...shown(id, webhook), secret: webhook.secret } };
      },
    },
  };
}

export function webhook(webhooks: WebhookStore): Resource {
  const change = async ({ scope, id }: Asked, settings: (current: WebhookSettings) => unknown) => {
    const before = find(webhooks, scope.account, id);
    const after = await webhooks.change(scope.account, id, (current) =>
      webhookOf(settings(current.settings), current),
    );
    // It may have been deleted meanwhile, and stays so.
    if (!after) throw badIdentifier(id);
    if (before.disable_reason !== undefined && after.disable_reason === undefined) {
      await webhooks.changeLog(scope.account, id, (log) => ({ ...log, given_up: 0 }));
    }
    return { data: { ...shown(id, after), ...(after.secret !== before.secret && { secret: after.secret }) } };
  };
  return {
    paths: [`${PATH}/:id`],
    permits: may,
    methods: {
      GET: ({ scope, id }) => ({ data: shown(id, find(webhooks, scope.account, id)) }),
      POST: (asked) => change(asked, () => dataOf(asked.body)),
      PATCH: (asked) => change(asked, (current) => merged(current, dataOf(asked.body))),
      DELETE: async ({ scope, id }) => {
        if (!(await webhooks.delete(scope.account, id))) throw badIdentifier(id);
        return { data: {} };
      },
    },
  };
}

/** What was tried of late, the newest first. */
export function webhookAttempts(webhooks: WebhookStore): Resource {
  return {
    paths: [`${PATH}/:id/attempts`],
    permits: may,
    methods: {
      GET: async ({ scope, id }) => {
        find(webhooks, scope.account, id);
        const { attempts } = await webhooks.log(scope.account, id);
        return { data: attempts.map((attempt) => shownAttempt(id, attempt)), page_size: attempts.length };
      },
    },
  };
}

/** Tells the webhook, and answers with what came of it. */
export function webhookTest(webhooks: WebhookStore, delivery: Delivery): Resource {
  const test = async ({ scope, id }: Asked) => {
    await delivery.test(scope.account, id, find(webhooks, scope.account, id));
    const [newest] = (await webhooks.log(scope.account, id)).attempts;
    return { data: newest ? shownAttempt(id, newest) : {} };
  };
  return { paths: [`${PATH}/:id/test`], permits: may, methods: { POST: test, PUT: test } };
}

/** The events that a webhook can be told, for whoever has a token; the public key, for whoever is told something. */
export const hookList: Resource = {
  paths: ['/webhooks'],
  permits: () => true,
  methods: {
    GET: () => {
      const { properties } = validator('webhook').schema as { properties: { hook: { enum: string[] } } };
      return { data: properties.hook.enum.map((id) => ({ id, name: id })) };
    },
  },
};

export function publicKey(router: Router, delivery: Delivery, version: string): void {
  router.get('/webhooks/public-key', (_req, res) => {
    const key = delivery.publicKey();
    const { x = '' } = key.export({ format: 'jwk' });
    send(res, version, {
      data: {
        algorithm: 'ed25519',
        key: `whpk_${Buffer.from(x, 'base64url').toString('base64')}`,
        pem: key.export({ type: 'spki', format: 'pem' }),
      },
    });
  });
}

function find(webhooks: WebhookStore, account: string, id: string): Webhook {
  const found = webhooks.get(account, id);
  if (!found) throw badIdentifier(id);
  return found;
}

/** A webhook as it is to be stored, after `before`; the service's reason to disable it goes when it is enabled. */
function webhookOf(given: unknown, before?: Webhook): Webhook {
  const result = validate<WebhookSettings>('webhook', given);
  if (!result.ok) throw invalid(result.errors);
  const { secret, ...settings } = result.value;
  const reason = settings.enabled === false ? before?.disable_reason : undefined;
  return {
    settings,
    ...(settings.signature === 'hmac-sha256' && { secret: secret ?? before?.secret ?? newSecret() }),
    ...(reason !== undefined && { disable_reason: reason }),
  };
}

function shown(id: string, { settings, disable_reason }: Webhook): object {
  return { id, ...settings, disable_reason };
}

/** Kazoo's keys (crossbar's webhooks.md), and which event it was. */
function shownAttempt(
  hook_id: string,
  { at, event, event_id, attempt, result, status, error }: Attempt,
): object {
  return {
    hook_id,
    event,
    event_id,
    attempt,
    result,
    reason: error,
    response_code: status,
    timestamp: gregorian(at),
  };
}
