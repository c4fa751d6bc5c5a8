import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { parseFlowFile, validateMetaflows } from '../../src/metaflows/validate.js';
import type { KazooErrors } from '../../src/schemas.js';

/** What is refused of `value`, as it goes into the answer. */
function errors(value: unknown): KazooErrors {
  const result = validateMetaflows(value);
  return result.ok ? {} : result.errors;
}
const ofData = (data: unknown): KazooErrors => errors({ numbers: { '71': { module: 'record_call', data } } });
const accepts = (value: unknown): void => {
  expect(errors(value)).to.deep.equal({});
};

const SEED = `{"data": {
    "binding_digit": "*",
    "numbers": {
        "71": {"module": "record_call", "data": {"action": "start"}},
        "72": {"module":"record_call", "data": {"action":"mask"}},
        "73": {"module":"record_call", "data": {"action":"unmask"}},
        "74": {"module":"record_call", "data": {"action":"stop"}}
    }
}}`;

describe('validateMetaflows', () => {
  it('answers what was given, the same object, without defaults', () => {
    for (const value of [{}, { numbers: {} }, { numbers: { '71': { module: 'record_call', data: {} } } }]) {
      const before = JSON.stringify(value);
      const result = validateMetaflows(value);
      expect(result).to.deep.equal({ ok: true, value });
      expect(result.ok && result.value).to.equal(value);
      expect(JSON.stringify(value)).to.equal(before);
    }
  });

  it('words its errors byte for byte as kazoo.md has them', () => {
    expect(JSON.stringify(errors({ binding_digit: 'A' }))).to.equal(
      '{"binding_digit":{"enum":{"message":"Value not found in enumerated list of values","target":["1","2","3","4","5","6","7","8","9","0","*","#"],"value":"A"}}}',
    );
    expect(JSON.stringify(errors({ numbers: { '71': {} } }))).to.equal(
      '{"numbers.71.module":{"required":{"message":"Field is required but missing"}}}',
    );
  });

  it('refuses unknown modules as Kazoo refuses any value not listed', () => {
    expect(errors({ numbers: { '71': { module: 'hold' } } })).to.deep.equal({
      'numbers.71.module': {
        enum: {
          message: 'Value not found in enumerated list of values',
          target: ['record_call', 'hangup', 'none'],
          value: 'hold',
        },
      },
    });
    expect(errors({ numbers: { '71': { module: 5 } } })).to.have.nested.property(
      'numbers\\.71\\.module.enum',
    );
  });

  it('refuses every key in which a typo would silently do nothing', () => {
    const strict = 'Strict checking of data is enabled; only include schema-defined properties';
    const call = { module: 'record_call' };
    for (const [value, key, given] of [
      [{ number: {} }, 'number', {}],
      [{ numbers: { '7a': call } }, 'numbers.7a', call],
      [{ numbers: { ['7'.repeat(17)]: call } }, `numbers.${'7'.repeat(17)}`, call],
      [{ numbers: { '': call } }, 'numbers.', call],
      [{ numbers: { '71': { ...call, dat: 1 } } }, 'numbers.71.dat', 1],
      [{ numbers: { '71': { ...call, data: { actoin: 'stop' } } } }, 'numbers.71.data.actoin', 'stop'],
      [{ numbers: { '71': { ...call, children: { '1': call } } } }, 'numbers.71.children.1', call],
      [{ numbers: { '71': { module: 'hangup', data: { x: 1 } } } }, 'numbers.71.data.x', 1],
      [{ numbers: { '71': { module: 'hangup', children: { _: call } } } }, 'numbers.71.children._', call],
      [{ numbers: { '71': { module: 'none', data: { x: 1 } } } }, 'numbers.71.data.x', 1],
    ] as const) {
      expect(errors(value), key).to.deep.equal({
        [key]: { additionalProperties: { message: strict, value: given } },
      });
    }
  });

  it('takes every key of record_call in the values that it knows', () => {
    accepts({
      digit_timeout: 100,
      listen_on: 'both',
      numbers: {
        '*#0': {
          module: 'record_call',
          data: {
            action: 'toggle',
            dtmf_leg: 'x',
            format: 'mp3',
            label: '../ü',
            media_name: '/etc/passwd',
            method: 'post',
            origin: 'x',
            record_min_sec: 0,
            record_on_answer: true,
            record_on_bridge: false,
            record_sample_rate: 48000,
            time_limit: 0,
            url: 'https://example.com/a?b=c',
          },
          children: { _: { module: 'hangup', data: {}, children: {} } },
        },
      },
    });
  });

  it('refuses the others, each with its reason', () => {
    const message = (value: unknown): string[] =>
      Object.entries(value as KazooErrors).flatMap(([key, checks]) =>
        Object.entries(checks).map(([check, { message: text }]) => `${key} ${check}: ${text}`),
      );
    const listed = 'enum: Value not found in enumerated list of values';
    expect(message(ofData({ action: 'pause' }))).to.deep.equal([`numbers.71.data.action ${listed}`]);
    expect(message(ofData({ format: 'ogg' }))).to.deep.equal([`numbers.71.data.format ${listed}`]);
    expect(message(ofData({ method: 'PUT' }))).to.deep.equal([`numbers.71.data.method ${listed}`]);
    expect(message(ofData({ record_sample_rate: 44000 }))).to.deep.equal([
      `numbers.71.data.record_sample_rate ${listed}`,
    ]);
    expect(message(ofData({ time_limit: -1, record_min_sec: -1 }))).to.deep.equal([
      'numbers.71.data.record_min_sec minimum: Value must be at least 0',
      'numbers.71.data.time_limit minimum: Value must be at least 0',
    ]);
    expect(message(ofData({ time_limit: 1e300 }))).to.deep.equal([
      'numbers.71.data.time_limit maximum: Value must be at most 604800',
    ]);
    expect(message(ofData({ record_on_answer: 'true' }))).to.deep.equal([
      'numbers.71.data.record_on_answer type: Value did not match type(s): boolean',
    ]);
    expect(message(ofData({ label: 'x'.repeat(257) }))).to.deep.equal([
      'numbers.71.data.label maxLength: String must not be more than 256 characters',
    ]);
    for (const url of ['ftp://example.com/', 'file:///etc/passwd', 'example.com', 'javascript:1', '']) {
      expect(ofData({ url }), url).to.deep.equal({
        'numbers.71.data.url': { error: { message: 'invalid client URL', value: url } },
      });
    }
    expect(message(errors({ digit_timeout: 99 }))).to.deep.equal([
      'digit_timeout minimum: Value must be at least 100',
    ]);
    expect(message(errors({ digit_timeout: 100.5 }))).to.deep.equal([
      'digit_timeout type: Value did not match type(s): integer',
    ]);
    expect(message(errors({ listen_on: 'a' }))).to.deep.equal([`listen_on ${listed}`]);
    expect(message(errors([]))).to.deep.equal([' type: Value did not match type(s): object']);
  });

  it('refuses too many codes and patterns', () => {
    const codes = (count: number, name: (n: number) => string): object =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [name(n), { module: 'hangup' }]));
    accepts({ numbers: codes(200, String), patterns: codes(50, (n) => `^1${n}$`) });
    expect(errors({ numbers: codes(201, String) })).to.have.nested.property('numbers.maxProperties');
    expect(errors({ patterns: codes(51, (n) => `^1${n}$`) })).to.have.nested.property(
      'patterns.maxProperties',
    );
  });

  it('takes eight nodes below each other, and refuses nine and thousands', () => {
    const nodes = (depth: number): object =>
      JSON.parse(
        '{"module":"record_call","children":{"_":'.repeat(depth - 1) +
          '{"module":"record_call","data":{"action":"stop"}}' +
          '}}'.repeat(depth - 1),
      ) as object;
    accepts({ numbers: { '1': nodes(8) } });
    for (const depth of [9, 20_000]) {
      const found = Object.entries(errors({ numbers: { '1': nodes(depth) } }));
      expect(found).to.have.lengthOf(1);
      expect(found[0]?.[0]).to.match(/^numbers\.1\.children\._\./);
      expect(found[0]?.[1]).to.deep.equal({ invalid: { message: 'Value is nested too deeply', target: 18 } });
    }
  });

  it('refuses patterns that do not compile, under their own key with its dots as Kazoo writes them', () => {
    expect(errors({ patterns: { '^5.(': { module: 'hangup' } } })).to.deep.equal({
      'patterns.^5%2E(': {
        error: {
          message: "invalid regular expression: '^5.(': error parsing regexp: missing closing ): `^5.(`",
          value: '^5.(',
        },
      },
    });
    expect(errors({ patterns: { '': { module: 'hangup' } } })).to.have.nested.property(
      'patterns\\..minLength',
    );
    expect(errors({ patterns: { ['1'.repeat(257)]: { module: 'hangup' } } })).to.have.nested.property(
      `patterns\\.${'1'.repeat(257)}.maxLength`,
    );
  });

  it('refuses a number that the binding digit of the same document makes impossible', () => {
    const numbers = { '7*1': { module: 'hangup' } };
    expect(errors({ binding_digit: '*', numbers })).to.deep.equal({
      'numbers.7*1': {
        error: {
          message: 'the binding digit * starts a code over, so this one could never fire',
          value: '7*1',
        },
      },
    });
    accepts({ binding_digit: '#', numbers });
    accepts({ numbers });
  });

  it('takes keys that objects have by themselves for unknown ones', () => {
    const body = '{"__proto__":1,"constructor":2,"numbers":{"__proto__":{"module":"hangup"}}}';
    const refused = errors(JSON.parse(body));
    expect(Object.keys(refused)).to.have.members(['__proto__', 'constructor', 'numbers.__proto__']);
    expect(JSON.stringify(refused)).to.include('"__proto__":{"additionalProperties"');
    expect(errors(JSON.parse('{"patterns":{"__proto__":{"module":"hangup"}}}'))).to.have.property(
      'patterns.__proto__',
    );
    const inherited: unknown = JSON.parse('{"__proto__":{"module":"hangup"}}');
    expect(errors({ numbers: { '71': inherited } })).to.have.property('numbers.71.module');
  });

  it('answers a thousand typos with a few', () => {
    const typos = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`n${n}`, 1]));
    expect(Object.keys(errors(typos))).to.have.lengthOf(100);
  });

  it('looks no further at more entries than anything valid has: ajv would look for 19 seconds', () => {
    const typos = Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`n${n}`, 1]));
    expect(validateMetaflows({ patterns: typos })).to.deep.equal({
      ok: false,
      errors: { patterns: { invalid: { message: 'Value has too many entries', target: 1000 } } },
    });
  });

  it('never throws, and answers what JSON can say', () => {
    const key = fc.oneof(
      fc.constantFrom(
        'numbers',
        'patterns',
        'module',
        'data',
        'children',
        '_',
        '71',
        '^5$',
        '(',
        '__proto__',
      ),
      fc.constantFrom('binding_digit', 'digit_timeout', 'constructor', 'toString', 'hasOwnProperty', 'url'),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'large' },
        fc.jsonValue(),
        fc.constantFrom('record_call', 'hangup', 'none', '*', -0, 1e308),
        fc.array(fc.tuple(key, tie('tree'))).map((entries) => Object.fromEntries(entries) as unknown),
      ),
    }));
    fc.assert(
      fc.property(fc.oneof(tree, fc.anything()), (value) => {
        const result = validateMetaflows(value);
        if (!result.ok) expect(Object.keys(result.errors)).not.to.deep.equal([]);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('parseFlowFile', () => {
  it('takes what one posts, and the metaflows alone', () => {
    const posted = parseFlowFile(SEED);
    expect(posted.ok && Object.keys(posted.value.numbers ?? {})).to.deep.equal(['71', '72', '73', '74']);
    const bare = JSON.stringify((JSON.parse(SEED) as { data: unknown }).data);
    expect(parseFlowFile(bare)).to.deep.equal(posted);
  });

  it('says what is wrong with what is no JSON, and with what is', () => {
    const broken = parseFlowFile('{"data": ');
    expect(broken.ok ? {} : broken.errors).to.have.nested.include({ 'json.invalid.target': 'body' });
    expect(JSON.stringify(parseFlowFile('5'))).to.include('did not match type');
    expect(parseFlowFile('{"data":{"binding_digit":"A"}}')).to.have.nested.property(
      'errors.binding_digit.enum',
    );
  });

  it('finds the samples of this project valid, and the codes of the seed in them', () => {
    const folder = new URL('../../metaflows/demo/', import.meta.url);
    const files = readdirSync(folder);
    expect(files).to.include.members(['1001.json', '1002.json', '1003.json']);
    for (const file of files) {
      expect(parseFlowFile(readFileSync(new URL(file, folder), 'utf8')), file).to.deep.equal(
        parseFlowFile(SEED),
      );
    }
  });
});
