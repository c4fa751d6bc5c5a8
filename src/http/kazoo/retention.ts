/** `/v2/accounts/{account}/retention`: for how many days an account keeps its recordings; none: for ever. */
import type { RetentionSettings } from '../../generated/retention.js';
import { validate } from '../../schemas.js';
import type { RetentionStore } from '../../store/retention.js';
import { may } from '../access.js';
import { invalid } from './answers.js';
import { dataOf } from './body.js';
import type { Asked, Resource } from './resource.js';

export function retention(store: RetentionStore): Resource {
  const replace = async ({ scope, body }: Asked) => {
    const settings = validate<RetentionSettings>('retention', dataOf(body));
    if (!settings.ok) throw invalid(settings.errors);
    await store.put(scope.account, settings.value);
    return { data: settings.value };
  };
  return {
    paths: ['/accounts/:account/retention'],
    permits: may,
    methods: {
      GET: ({ scope }) => ({ data: store.get(scope.account) ?? {} }),
      POST: replace,
      PUT: replace,
      DELETE: async ({ scope }) => {
        await store.delete(scope.account);
        return { data: {} };
      },
    },
  };
}
