/** The description of the API, as tests read it. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'chai';
import type { Document, DocumentedOperation } from '../../src/http/openapi/document.js';
import type { Response } from '../../src/http/openapi/responses.js';
import type { Schema } from '../../src/http/openapi/operation.js';

/** Every operation, its method in upper case. */
export function operationsOf({
  paths,
}: Document): { path: string; method: string; operation: DocumentedOperation }[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
}

/** What is said of an answer with this status. */
export function responseOf(
  { components }: Document,
  { responses }: DocumentedOperation,
  status: number,
): Response | undefined {
  const found = responses[status] ?? responses[`${Math.floor(status / 100)}XX`];
  return found && '$ref' in found ? components.responses[found.$ref.split('/').at(-1)!] : found;
}

export interface Checks {
  /** Throws where a schema is none of JSON Schema 2020-12. */
  compile(schema: Schema): ValidateFunction;
  /** Fails where a value is not what a schema of the document says, `what` saying whose. */
  valid(schema: Schema, value: unknown, what: string): void;
}

export function schemasOf({ components }: Document): Checks {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addFormat('client-url', true);
  ajv.addSchema({ $id: 'https://metaflows.test/', components });
  const compile = (schema: Schema) => {
    const text = JSON.stringify(schema).replaceAll('"#/components', '"https://metaflows.test/#/components');
    return ajv.compile(JSON.parse(text) as Schema);
  };
  return {
    compile,
    valid(schema, value, what) {
      const check = compile(schema);
      check(value);
      expect(check.errors ?? [], `${what}: ${JSON.stringify(value).slice(0, 1000)}`).to.deep.equal([]);
    },
  };
}
