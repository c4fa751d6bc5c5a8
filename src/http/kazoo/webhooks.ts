/**
 * `/v2/accounts/{account}/webhooks[/{id}[/attempts[/{event}]|/test]]`, `…/webhooks/attempts`, and what is the same for
 * all accounts: the events there are, and the key that proves signatures.
 */
import type { Router } from 'express';
import type { Audit } from '../../audit/events.js';
import type { Delivery } from '../../delivery/delivery.js';
import { newSecret } from '../../delivery/webhook.js';
import type { WebhookSettings } from '../../generated/webhook.js';
import { validate, validator } from '../../schemas.js';
import type { Attempt, Webhook, WebhookStore } from '../../store/webhooks.js';
import { may } from '../access.js';
import { accountedSettings } from '../accounting.js';
import { described, listOf, READERS, ref, type Operation } from '../openapi/operation.js';
import { badIdentifier, invalid, send } from './answers.js';
import { dataOf } from './body.js';
import { enveloped, KAZOO, type KazooCode } from './dialect.js';
import { merged } from './scoped.js';
import { settingsRefused, type Asked, type Resource } from './resource.js';
import { gregorian } from './time.js';

const PATH = '/accounts/:account/webhooks';

const EXAMPLES = {
  'every recording, as JSON': {
    data: { name: 'archive', uri: 'https://example.com/hook', hook: 'recording', format: 'json' },
  },
};

export function webhookList(webhooks: WebhookStore, audit: Audit): Resource {
  return {
    paths: [PATH],
    name: 'Webhooks',
    says: {
      GET: { summary: 'The webhooks.', roles: ['admin', 'viewer'], answer: listOf(ref('Webhook')) },
      PUT: {
        summary: 'Makes a webhook; a secret that was made is in this answer and nowhere else.',
        roles: ['admin'],
        body: { schema: enveloped(ref('WebhookSettings')), examples: EXAMPLES },
        status: 201,
        answer: ref('Webhook'),
      },
    },
    permits: may,
    refused: (asked) => settingsRefused(audit, 'webhook', asked),
    methods: {
      GET: ({ scope }) => ({ data: webhooks.list(scope.account).map(([id, webhook]) => shown(id, webhook)) }),
      PUT: async ({ principal, scope, body, res }) => {
        const webhook = webhookOf(dataOf(body));
        const id = await webhooks.create(scope.account, webhook);
        const made = { webhook_id: id, after: accountable(webhook) };
        await accountedSettings(audit, 'webhook', principal, scope.account, made);
        res.status(201);
        return { data: { ...shown(id, webhook), secret: webhook.secret } };
      },
    },
  };
}

export function webhook(webhooks: WebhookStore, audit: Audit): Resource {
  const change = async ({ principal, scope, id }: Asked, settings: (current: WebhookSettings) => unknown) => {
    let before = find(webhooks, scope.account, id);
    const after = await webhooks.change(scope.account, id, (current) => {
      before = current;
      return webhookOf(settings(current.settings), current);
    });
    // It may have been deleted meanwhile, and stays so.
    if (!after) throw badIdentifier(id);
    const changed = { webhook_id: id, before: accountable(before), after: accountable(after) };
    await accountedSettings(audit, 'webhook', principal, scope.account, changed);
    if (before.disable_reason !== undefined && after.disable_reason === undefined) {
      await webhooks.changeLog(scope.account, id, (log) => ({ ...log, given_up: 0 }));
    }
    return { data: { ...shown(id, after), ...(after.secret !== before.secret && { secret: after.secret }) } };
  };
  return {
    paths: [`${PATH}/:id`],
    name: 'Webhook',
    says: {
      GET: { summary: 'A webhook.', roles: ['admin', 'viewer'], answer: ref('Webhook') },
      POST: {
        summary: 'Replaces a webhook.',
        roles: ['admin'],
        body: { schema: enveloped(ref('WebhookSettings')), examples: EXAMPLES },
        answer: ref('Webhook'),
      },
      PATCH: {
        summary: 'Changes a webhook: keys are merged, and one that is null goes.',
        roles: ['admin'],
        body: { schema: enveloped({ type: 'object' }), examples: { enable: { data: { enabled: true } } } },
        answer: ref('Webhook'),
      },
      DELETE: { summary: 'Deletes a webhook.', roles: ['admin'], answer: ref('Nothing') },
    },
    permits: may,
    refused: (asked) => settingsRefused(audit, 'webhook', asked),
    methods: {
      GET: ({ scope, id }) => ({ data: shown(id, find(webhooks, scope.account, id)) }),
      POST: (asked) => change(asked, () => dataOf(asked.body)),
      PATCH: (asked) => change(asked, (current) => merged(current, dataOf(asked.body))),
      DELETE: async ({ principal, scope, id }) => {
        const before = accountable(find(webhooks, scope.account, id));
        if (!(await webhooks.delete(scope.account, id))) throw badIdentifier(id);
        await accountedSettings(audit, 'webhook', principal, scope.account, { webhook_id: id, before });
        return { data: {} };
      },
    },
  };
}

/** What was tried of late, the newest first. */
export function webhookAttempts(webhooks: WebhookStore): Resource {
  return {
    paths: [`${PATH}/:id/attempts`],
    name: 'WebhookAttempts',
    says: {
      GET: {
        summary: 'What was tried of late, the newest first, a hundred at most.',
        roles: ['admin', 'viewer'],
        answer: listOf(ref('WebhookAttempt')),
      },
    },
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

/** Of all webhooks of an account; Kazoo's path. */
export function accountAttempts(webhooks: WebhookStore): Resource {
  return {
    paths: [`${PATH}/attempts`],
    name: 'AllWebhookAttempts',
    says: {
      GET: {
        summary: 'What was tried of late with each webhook, the newest first.',
        roles: ['admin', 'viewer'],
        answer: listOf(ref('WebhookAttempt')),
      },
    },
    permits: may,
    methods: {
      GET: async ({ scope: { account } }) => {
        const logs = await Promise.all(
          webhooks.list(account).map(async ([id]) => {
            const { attempts } = await webhooks.log(account, id);
            return attempts.map((attempt) => ({ id, attempt }));
          }),
        );
        const all = logs.flat().sort((a, b) => b.attempt.at - a.attempt.at);
        return { data: all.map(({ id, attempt }) => shownAttempt(id, attempt)), page_size: all.length };
      },
    },
  };
}

/** Tells a webhook an event that it was tried to be told, and answers with what came of it. */
export function webhookAttempt(webhooks: WebhookStore, delivery: Delivery): Resource {
  return {
    paths: [`${PATH}/:id/attempts/:event`],
    name: 'WebhookAttempt',
    says: {
      POST: {
        summary: 'Tells the webhook an event again, once, and answers with what came of it.',
        description:
          'The event is the event_id of one of its attempts. What waits is told as it was; what was given up, or has ' +
          'arrived, with the recording as it is now.',
        roles: ['admin'],
        answer: ref('WebhookAttempt'),
      },
    },
    permits: may,
    methods: {
      POST: async ({ scope: { account }, id, req }) => {
        const { event = '' } = req.params as { event?: string };
        const outcome = await delivery.tellAgain(account, id, find(webhooks, account, id), event);
        const { attempts } = await webhooks.log(account, id);
        const newest = attempts.find(({ event_id }) => event_id === event);
        if (outcome === undefined || !newest) throw badIdentifier(event);
        return { data: shownAttempt(id, newest) };
      },
    },
  };
}

const TEST: Operation<KazooCode> = {
  summary: 'Tells the webhook something, once, and answers with what came of it.',
  roles: ['admin'],
  answer: ref('WebhookAttempt'),
};

/** Tells the webhook, and answers with what came of it. */
export function webhookTest(webhooks: WebhookStore, delivery: Delivery): Resource {
  const test = async ({ scope, id }: Asked) => {
    await delivery.test(scope.account, id, find(webhooks, scope.account, id));
    const [newest] = (await webhooks.log(scope.account, id)).attempts;
    return { data: newest ? shownAttempt(id, newest) : {} };
  };
  return {
    paths: [`${PATH}/:id/test`],
    name: 'WebhookTest',
    says: { POST: TEST, PUT: TEST },
    permits: may,
    methods: { POST: test, PUT: test },
  };
}

/** The events that a webhook can be told, for whoever has a token; the public key, for whoever is told something. */
export const hookList: Resource = {
  paths: ['/webhooks'],
  name: 'Hooks',
  says: {
    GET: { summary: 'The events that webhooks can be told.', roles: READERS, answer: listOf(ref('Hook')) },
  },
  permits: () => true,
  methods: {
    GET: () => {
      const { properties } = validator('webhook').schema as { properties: { hook: { enum: string[] } } };
      return { data: properties.hook.enum.map((id) => ({ id, name: id })) };
    },
  },
};

export function publicKey(router: Router, delivery: Delivery, version: string): void {
  const says = described(KAZOO, 'PublicKey', {
    GET: { summary: 'The key that proves what webhooks are told.', answer: ref('PublicKey') },
  });
  router.get('/webhooks/public-key', says, (_req, res) => {
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

/** What of a webhook is accounted for. */
function accountable({ settings, ...others }: Webhook): object {
  return { ...settings, ...others };
}

function shown(id: string, { settings, disable_reason }: Webhook): object {
  return { id, ...settings, disable_reason };
}

/** Kazoo's keys (crossbar's webhooks.md), and which event it was. */
function shownAttempt(
  hook_id: string,
  { at, event, event_id, recording_id, attempt, result, status, error }: Attempt,
): object {
  return {
    hook_id,
    event,
    event_id,
    recording_id,
    attempt,
    result,
    reason: error,
    response_code: status,
    timestamp: gregorian(at),
  };
}
