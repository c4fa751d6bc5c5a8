/**
 * `/v2/accounts/{account}[/users/{user}|/devices/{device}]/{name}`: what each of them has of one kind. What is answered is
 * what was stored.
 */
import type { Validated } from '../../schemas.js';
import { ref, type Operation, type Role, type Schema } from '../openapi/operation.js';
import type { Scope, ScopedStore } from '../../store/scoped.js';
import { invalid } from './answers.js';
import { dataOf } from './body.js';
import { enveloped, type KazooCode } from './dialect.js';
import type { Asked, Resource } from './resource.js';

/** What is said of one kind. */
export interface Kind {
  /** The last part of its path. */
  path: string;
  /** Its own name in the description of the API, and what people call it. */
  name: string;
  words: string;
  schema: Schema;
  writers: readonly Role[];
  /** What it may be, and what it may be changed by. */
  examples: Record<string, object>;
  patches: Record<string, object>;
}

/** `check` refuses what would fail or silently do nothing. */
export function scoped<T extends object>(
  kind: Kind,
  store: ScopedStore<T>,
  permits: Resource['permits'],
  check: (value: unknown, scope: Scope) => Validated<T>,
): Resource {
  const { path, name } = kind;
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
      `/accounts/:account/${path}`,
      `/accounts/:account/users/:user/${path}`,
      `/accounts/:account/devices/:device/${path}`,
    ],
    name,
    says: saidOf(kind),
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

function saidOf({ words, schema, writers, examples, patches }: Kind): Resource['says'] {
  const asBodies = (each: Record<string, object>) =>
    Object.fromEntries(Object.entries(each).map(([name, data]) => [name, { data }]));
  const replace: Operation<KazooCode> = {
    summary: `Replaces the ${words}.`,
    roles: writers,
    body: { schema: enveloped(schema), examples: asBodies(examples) },
    answer: schema,
  };
  return {
    GET: {
      summary: `The ${words}, as they were stored; {} where there are none.`,
      roles: ['admin', 'owner', 'viewer'],
      answer: schema,
    },
    POST: replace,
    PUT: replace,
    PATCH: {
      summary: `Changes the ${words}: keys are merged, and one that is null goes.`,
      roles: writers,
      body: { schema: enveloped({ type: 'object' }), examples: asBodies(patches) },
      answer: schema,
    },
    DELETE: { summary: `Deletes the ${words}.`, roles: writers, answer: ref('Nothing') },
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
