import type { Metaflows } from '../../../src/generated/metaflows.js';

/** What a text says, or what is wrong with it; it may stand in `data`, as one POSTs it. */
export function parsed(
  text: string,
  faultsOf: (value: unknown) => string[],
): { value?: Metaflows; faults: string[] } {
  try {
    let value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'data' in value) value = value.data;
    const faults = faultsOf(value);
    return faults.length > 0 ? { faults } : { value: value as Metaflows, faults };
  } catch (error) {
    return { faults: [error instanceof Error ? error.message : String(error)] };
  }
}
