/** Refuses metaflows that would fail or silently do nothing, with Kazoo's errors. */
import type { Metaflows } from '../generated/metaflows.js';
import { kazooData, validate, type Fault, type Validated } from '../schemas.js';
import { compilePattern } from './pattern.js';

/** Validates metaflows as posted; never throws, and answers what was given, without defaults. */
export function validateMetaflows(value: unknown): Validated<Metaflows> {
  const valid = validate<Metaflows>('metaflows', value);
  if (!valid.ok) return valid;
  const faults = [...unreachable(valid.value), ...badPattern(valid.value)];
  return faults.length === 0 ? valid : { ok: false, errors: kazooData(faults) };
}

/** Validates a file of METAFLOWS_FLOWS_DIR: `{"data": {…}}`, as one posts it, or the metaflows alone. */
export function parseFlowFile(text: string): Validated<Metaflows> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : 'not JSON';
    return { ok: false, errors: { json: { invalid: { message, target: 'body' } } } };
  }
  if (typeof value === 'object' && value !== null && 'data' in value) value = value.data;
  return validateMetaflows(value);
}

/** Where the binding digit is inherited this cannot be known; such a number then never fires. */
function unreachable({ binding_digit: bindingDigit, numbers = {} }: Metaflows): Fault[] {
  if (bindingDigit === undefined) return [];
  const message = `the binding digit ${bindingDigit} starts a code over, so this one could never fire`;
  return Object.keys(numbers)
    .filter((number) => number.includes(bindingDigit))
    .map((number) => ({ path: ['numbers', number], check: 'error', error: { message, value: number } }));
}

/** The first bad one only: to find that a pattern is too large can take a tenth of a second. */
function badPattern({ patterns = {} }: Metaflows): Fault[] {
  for (const source of Object.keys(patterns)) {
    const pattern = compilePattern(source);
    if ('refused' in pattern) {
      const message = `invalid regular expression: '${source}': ${pattern.refused}`;
      return [{ path: ['patterns', source], check: 'error', error: { message, value: source } }];
    }
  }
  return [];
}
