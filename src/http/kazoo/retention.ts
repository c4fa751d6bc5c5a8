/** `/v2/accounts/{account}/retention`: for how many days an account keeps its recordings; none: for ever. */
import type { Audit } from '../../audit/events.js';
import type { RetentionSettings } from '../../generated/retention.js';
import { validate } from '../../schemas.js';
import type { RetentionStore } from '../../store/retention.js';
import { may } from '../access.js';
import { accountedSettings } from '../accounting.js';
import { ref, type Operation } from '../openapi/operation.js';
import { invalid } from './answers.js';
import { dataOf } from './body.js';
import { enveloped, type KazooCode } from './dialect.js';
import { settingsRefused, type Asked, type Resource } from './resource.js';

const REPLACE: Operation<KazooCode> = {
  summary: 'Says for how long recordings are kept.',
  roles: ['admin'],
  body: { schema: enveloped(ref('RetentionSettings')), examples: { 'a year': { data: { days: 365 } } } },
  answer: ref('RetentionSettings'),
};

export function retention(store: RetentionStore, audit: Audit): Resource {
  const replace = async ({ principal, scope, body }: Asked) => {
    const settings = validate<RetentionSettings>('retention', dataOf(body));
    if (!settings.ok) throw invalid(settings.errors);
    const before = await store.put(scope.account, settings.value);
    await accountedSettings(audit, 'retention', principal, scope.account, { before, after: settings.value });
    return { data: settings.value };
  };
  return {
    paths: ['/accounts/:account/retention'],
    name: 'Retention',
    says: {
      GET: {
        summary: 'For how long recordings are kept; {}: for ever.',
        roles: ['admin', 'viewer'],
        answer: { oneOf: [ref('RetentionSettings'), ref('Nothing')] },
      },
      POST: REPLACE,
      PUT: REPLACE,
      DELETE: { summary: 'Keeps recordings for ever.', roles: ['admin'], answer: ref('Nothing') },
    },
    permits: may,
    refused: (asked) => settingsRefused(audit, 'retention', asked),
    methods: {
      GET: ({ scope }) => ({ data: store.get(scope.account) ?? {} }),
      POST: replace,
      PUT: replace,
      DELETE: async ({ principal, scope }) => {
        const before = store.get(scope.account);
        await store.delete(scope.account);
        await accountedSettings(audit, 'retention', principal, scope.account, { before });
        return { data: {} };
      },
    },
  };
}
