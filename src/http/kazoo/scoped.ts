/**
 * `/v2/accounts/{account}[/users/{user}|/devices/{device}]/{name}`: what each of them has of one kind. What is answered is
 * what was stored.
 */
import type { Validated } from '../../schemas.js';
import type { Scope, ScopedStore } from '../../store/scoped.js';
import { invalid } from './answers.js';
import { dataOf } from './body.js';
import type { Asked, Resource } from './resource.js';

/** `check` refuses what would fail or silently do nothing. */
export function scoped<T extends object>(
  name: string,
  store: ScopedStore<T>,
  permits: Resource['permits'],
  check: (value: unknown, scope: Scope) => Validated<T>,
): Resource {
  const valid = (value: unknown, scope: Scope): T => {
    const result = check(value, scope);
    if (!result.ok) throw invalid(result.errors);
    return result.value;
  };
  const replace = async ({ scope, body }: Asked) => {
    const given = valid(dataOf(body), scope);
    await store.put(scope, given);
    return { data: given };
  };
  return {
    paths: [
      `/accounts/:account/${name}`,
      `/accounts/:account/users/:user/${name}`,
      `/accounts/:account/devices/:device/${name}`,
    ],
    permits,
    methods: {
      GET: ({ scope }) => ({ data: store.get(scope) ?? {} }),
      POST: replace,
      PUT: replace,
      PATCH: async ({ scope, body }) => {
        const patch = dataOf(body);
        return { data: await store.change(scope, (current) => valid(merged(current ?? {}, patch), scope)) };
      },
      DELETE: async ({ scope }) => {
        await store.delete(scope);
        return { data: {} };
      },
    },
  };
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
