/** `/v2/accounts/{account}[/users/{user}|/devices/{device}]/metaflows`. What is answered is what was stored. */
import type { Metaflows } from '../../generated/metaflows.js';
import { validateMetaflows } from '../../metaflows/validate.js';
import type { MetaflowsStore } from '../../store/metaflows.js';
import { may } from '../access.js';
import { invalid } from './answers.js';
import { dataOf } from './body.js';
import type { Asked, Resource } from './resource.js';

export function metaflows(store: MetaflowsStore): Resource {
  const replace = async ({ scope, body }: Asked) => {
    const given = valid(dataOf(body));
    await store.put(scope, given);
    return { data: given };
  };
  return {
    paths: [
      '/accounts/:account/metaflows',
      '/accounts/:account/users/:user/metaflows',
      '/accounts/:account/devices/:device/metaflows',
    ],
    permits: may,
    methods: {
      GET: ({ scope }) => ({ data: store.get(scope) ?? {} }),
      POST: replace,
      PUT: replace,
      PATCH: async ({ scope, body }) => {
        const patch = dataOf(body);
        return { data: await store.change(scope, (current = {}) => valid(merged(current, patch))) };
      },
      DELETE: async ({ scope }) => {
        await store.delete(scope);
        return { data: {} };
      },
    },
  };
}

function valid(value: unknown): Metaflows {
  const result = validateMetaflows(value);
  if (!result.ok) throw invalid(result.errors);
  return result.value;
}

/** JSON merge patch (RFC 7396): objects are merged key by key, null removes a key, anything else replaces. */
export function merged(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, merged(result.get(key), value));
  }
  return Object.fromEntries(result);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
