/** Loads the JSON Schemas of schemas/ and says what is wrong with a document in Kazoo's words. */
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv, type AnySchemaObject, type ErrorObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';

/** What is wrong with one value, as Kazoo's API words it. */
export interface KazooError {
  message: string;
  target?: unknown;
  cause?: unknown;
  value?: unknown;
  format?: unknown;
}

/** The `data` of Kazoo's validation error: dotted key, then the check that failed. */
export type KazooErrors = Record<string, Record<string, KazooError>>;

/** What validating came to. */
export type Validated<T> = { ok: true; value: T } | { ok: false; errors: KazooErrors };

/** One thing that is wrong: where, which check, and what to say of it. */
export interface Fault {
  path: readonly string[];
  check: string;
  error: KazooError;
}

/**
 * Levels of objects and arrays in a document: eight metaflow nodes below each other need 2 × 8 + 2.
 * Validating and answering recurse, so deeper ones are refused before either.
 */
export const MAX_NESTING = 18;

/**
 * Entries of one object or array: five times what metaflows may have of numbers. More are refused before ajv sees them,
 * which takes time by the square of its faults, 19 s for a megabyte of patterns that are none.
 */
const MAX_ENTRIES = 1000;

/** An answer names so many faults and no more: a megabyte of typos shall not be answered with ten. */
export const MAX_FAULTS = 100;

const folder = new URL('../schemas/', import.meta.url);
// strictRequired would forbid a condition to require what the schema around it defines
const ajv = new Ajv({
  allErrors: true,
  strict: true,
  strictRequired: false,
  discriminator: true,
  verbose: true,
});
addFormats.default(ajv);
ajv.addFormat('client-url', (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol));
for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  // by its file name too: the schemas refer to each other so
  ajv.addSchema(JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as AnySchemaObject, file);
}

/**
 * The validator of the schema whose `$id` is `id`, or of a part of it (`metaflows#/$defs/node`). It throws
 * nothing for values nested less than some thousand levels; {@link validate} is for those from outside.
 */
export function validator<T>(id: string): ValidateFunction<T> {
  const found = ajv.getSchema<T>(id);
  if (found === undefined) throw new TypeError(`there is no schema ${id}`);
  return found as ValidateFunction<T>;
}

/** Validates anything that came from outside; never throws, changes nothing, fills in no defaults. */
export function validate<T>(id: string, value: unknown): Validated<T> {
  const tooLarge = tooMuch(value, MAX_NESTING);
  if (tooLarge) return { ok: false, errors: kazooData([tooLarge]) };
  const check = validator<T>(id);
  return check(value) ? { ok: true, value } : { ok: false, errors: kazooErrors(check.errors ?? []) };
}

/** Ajv's errors as the `data` of Kazoo's 400 answer (kz_json_schema.erl, error_to_jobj). */
export function kazooErrors(errors: readonly ErrorObject[]): KazooErrors {
  return kazooData(errors.map(faultOf).filter((fault) => fault !== undefined));
}

/** Faults as the `data` of Kazoo's 400 answer; a dot within a key is written %2E, as Kazoo does. */
export function kazooData(faults: readonly Fault[]): KazooErrors {
  const data = new Map<string, Map<string, KazooError>>();
  for (const { path, check, error } of faults.slice(0, MAX_FAULTS)) {
    const key = path.map((part) => part.replaceAll('.', '%2E')).join('.');
    data.set(key, (data.get(key) ?? new Map<string, KazooError>()).set(check, error));
  }
  // not by assignment: a key may be __proto__
  return Object.fromEntries([...data].map(([key, checks]) => [key, Object.fromEntries(checks)]));
}

/** The first place deeper than `levels`, or with more than {@link MAX_ENTRIES}. */
function tooMuch(value: unknown, levels: number): Fault | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const fault = (message: string, target: number) => ({
    path: [],
    check: 'invalid',
    error: { message, target },
  });
  if (levels === 0) return fault('Value is nested too deeply', MAX_NESTING);
  const entries = Object.entries(value);
  if (entries.length > MAX_ENTRIES) return fault('Value has too many entries', MAX_ENTRIES);
  for (const [key, child] of entries) {
    const below = tooMuch(child, levels - 1);
    if (below) return { ...below, path: [key, ...below.path] };
  }
  return undefined;
}

/** Kazoo's words for one of ajv's errors; undefined where another error of the same value says it all. */
function faultOf(error: ErrorObject): Fault | undefined {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (error.propertyName !== undefined) path.push(error.propertyName);
  const value: unknown = error.data;
  const limit: unknown = error.schema;
  const fault = (check: string, message: string, rest: Omit<KazooError, 'message'>, at = path): Fault => ({
    path: at,
    check,
    error: { message, ...rest },
  });
  const params = error.params as Record<string, string>;

  switch (error.keyword) {
    case 'required':
      return fault('required', 'Field is required but missing', {}, [...path, params.missingProperty ?? '']);
    case 'additionalProperties': {
      // Kazoo repeats the whole object for each key of it, which grows with their square
      const key = params.additionalProperty ?? '';
      const message = 'Strict checking of data is enabled; only include schema-defined properties';
      const given = (value as Record<string, unknown>)[key];
      return fault('additionalProperties', message, { value: given }, [...path, key]);
    }
    case 'enum':
    case 'const':
      return notListed(path, error.keyword === 'enum' ? limit : [limit], value);
    case 'discriminator':
      return wrongTag(error, path);
    case 'type': {
      const types = [limit].flat().join(', ');
      return fault('type', `Value did not match type(s): ${types}`, { target: types, value });
    }
    case 'minimum':
      return fault('minimum', `Value must be at least ${String(limit)}`, { target: limit, value });
    case 'maximum':
      return fault('maximum', `Value must be at most ${String(limit)}`, { target: limit, value });
    case 'minLength': {
      const message = `String must be at least ${String(limit)} characters`;
      return fault('minLength', message, { target: limit, cause: value, value });
    }
    case 'maxLength': {
      const message = `String must not be more than ${String(limit)} characters`;
      return fault('maxLength', message, { target: limit, cause: value, value });
    }
    case 'minItems':
      return fault('minItems', `The list must have at least ${String(limit)} items`, {
        target: limit,
        value,
      });
    case 'maxItems':
      return fault('maxItems', `The list is more than ${String(limit)} items`, { target: limit, value });
    case 'minProperties':
      return fault('minProperties', `The object must have at least ${String(limit)} keys`, { target: limit });
    case 'maxProperties':
      return fault('maxProperties', `The object must have at most ${String(limit)} keys`, { target: limit });
    case 'pattern':
      return fault('pattern', `Failed to match pattern '${String(limit)}'`, { target: limit, value });
    case 'format':
      return limit === 'client-url'
        ? fault('error', 'invalid client URL', { value })
        : fault('wrong_format', 'Field is not in the correct format', { value, format: limit });
    case 'propertyNames':
    case 'if':
      return undefined;
    default:
      return fault(error.keyword, 'failed to validate', { value });
  }
}

function notListed(path: string[], target: unknown, value: unknown): Fault {
  const message = 'Value not found in enumerated list of values';
  return { path, check: 'enum', error: { message, target, value } };
}

/** A missing or unknown `module` and its like, which Kazoo reports as any other key. */
function wrongTag(error: ErrorObject, path: string[]): Fault {
  const { tag, tagValue } = error.params as { tag: string; tagValue: unknown };
  const at = [...path, tag];
  if (tagValue === undefined) {
    return { path: at, check: 'required', error: { message: 'Field is required but missing' } };
  }
  const { oneOf } = error.parentSchema as { oneOf: { properties: Record<string, { const: string }> }[] };
  return notListed(
    at,
    oneOf.map((branch) => branch.properties[tag]?.const),
    tagValue,
  );
}
