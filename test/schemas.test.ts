import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect } from 'chai';
import { kazooErrors, MAX_NESTING, validate, validator } from '../src/schemas.js';

describe('schemas', () => {
  it('compile, every one, strictly', () => {
    const folder = new URL('../schemas/', import.meta.url);
    const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
    expect(files).to.include.members(['metaflows.json', 'record_call.json']);
    for (const file of files) {
      const { $id } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as { $id: string };
      expect(validator($id), file).to.be.a('function');
    }
  });

  it('validate a part of a document by its reference', () => {
    expect(validate('metaflows#/$defs/node', { module: 'hangup' }).ok).to.equal(true);
    expect(validate('metaflows#/$defs/node', { module: 'hold' })).to.have.nested.property(
      'errors.module.enum',
    );
  });

  it('are asked for by a name that exists', () => {
    expect(() => validator('metaflow')).to.throw(TypeError, 'there is no schema metaflow');
  });

  it('refuse nesting before they recurse into it', () => {
    const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
    expect(JSON.stringify(validate('metaflows', nested(MAX_NESTING)))).to.include('did not match type');
    for (const levels of [MAX_NESTING + 1, 200_000]) {
      expect(JSON.stringify(validate('metaflows', nested(levels)))).to.include('nested too deeply');
    }
  });
});

/** kz_json_schema.erl's words for the keywords that no schema of metaflows uses, or only sometimes. */
describe('kazooErrors', () => {
  const ajv = new Ajv({ allErrors: true, strictTypes: false, verbose: true, formats: { slug: /^[a-z]+$/ } });
  const said = (schema: object, value: unknown): unknown => {
    const check = ajv.compile(schema);
    check(value);
    return kazooErrors(check.errors ?? []);
  };

  for (const [schema, value, expected] of [
    [
      { minLength: 2 },
      'x',
      { minLength: { message: 'String must be at least 2 characters', target: 2, cause: 'x', value: 'x' } },
    ],
    [
      { pattern: '^a' },
      'b',
      { pattern: { message: "Failed to match pattern '^a'", target: '^a', value: 'b' } },
    ],
    [
      { minItems: 1 },
      [],
      { minItems: { message: 'The list must have at least 1 items', target: 1, value: [] } },
    ],
    [
      { maxItems: 1 },
      [1, 2],
      { maxItems: { message: 'The list is more than 1 items', target: 1, value: [1, 2] } },
    ],
    [
      { minProperties: 1 },
      {},
      { minProperties: { message: 'The object must have at least 1 keys', target: 1 } },
    ],
    [
      { const: 1 },
      2,
      { enum: { message: 'Value not found in enumerated list of values', target: [1], value: 2 } },
    ],
    [
      { format: 'slug' },
      '1',
      { wrong_format: { message: 'Field is not in the correct format', value: '1', format: 'slug' } },
    ],
    [
      { type: ['string', 'null'] },
      1,
      { type: { message: 'Value did not match type(s): string, null', target: 'string, null', value: 1 } },
    ],
    [{ not: {} }, 1, { not: { message: 'failed to validate', value: 1 } }],
  ] as const) {
    it(`words ${JSON.stringify(schema)}`, () => {
      expect(JSON.stringify(said({ properties: { a: schema } }, { a: value }))).to.equal(
        JSON.stringify({ a: expected }),
      );
    });
  }

  it('joins keys with dots, and writes a dot within one as Kazoo does', () => {
    const schema = { additionalProperties: { properties: { 'b.~/c': { type: 'string' } } } };
    expect(said(schema, { 'a/b': { 'b.~/c': 1 } })).to.have.all.keys('a/b.b%2E~/c');
  });

  it('names a key that is itself wrong, once', () => {
    expect(said({ propertyNames: { maxLength: 1 } }, { ab: 1 })).to.have.all.keys('ab');
    expect(said({ propertyNames: { maxLength: 1 } }, { ab: 1 })).to.have.nested.property('ab.maxLength');
  });

  it('gathers what is wrong with one value under its key', () => {
    expect(said({ properties: { a: { enum: ['x'], maxLength: 1 } } }, { a: 'yy' })).to.have.nested.property(
      'a.enum',
    );
    expect(said({ properties: { a: { enum: ['x'], maxLength: 1 } } }, { a: 'yy' })).to.have.nested.property(
      'a.maxLength',
    );
  });
});
