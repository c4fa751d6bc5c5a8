import { expect } from 'chai';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { compile, MAX_COLLECTED } from '../../src/metaflows/compile.js';
import { DIGITS } from '../../src/metaflows/pattern.js';
import { parseFlowFile, validateMetaflows } from '../../src/metaflows/validate.js';
import { cases, LIMIT_MS, prototypeKey, text } from './cases.js';

/** RE2's instructions: its engine and the look-ahead both ask them whether a digit is theirs. */
interface Instruction {
  matchRune(this: Instruction, rune: number): boolean;
}

/** Counts how often any instruction looks at a digit, until it is ended. */
class Looks {
  count = 0;
  readonly end: () => void;

  constructor() {
    const [first] = (RE2JS.compile('1').re2().prog as { inst: Instruction[] }).inst;
    const shared = Object.getPrototypeOf(first) as Instruction;
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
    const { matchRune } = shared;
    const count = () => this.count++;
    shared.matchRune = function (rune) {
      count();
      return matchRune.call(this, rune);
    };
    this.end = () => (shared.matchRune = matchRune);
  }
}

const digit = fc.constantFrom(...Array.from(DIGITS));
/** Patterns that a backtracking matcher tries in as many ways as there are. */
const { evil } = fc.letrec<{ evil: string }>((tie) => ({
  evil: fc.oneof(
    { depthSize: 'medium' },
    fc.constantFrom('1', '\\d', '.', '[12]', '(1|11)', '(1|1)', '', '$', '^', '\\b'),
    fc
      .tuple(tie('evil'), fc.constantFrom('+', '*', '?', '{0,9}', '{3,}', '+?', '*?'))
      .map(([inner, times]) => `(${inner})${times}`),
    fc.tuple(tie('evil'), tie('evil')).map(([a, b]) => `(?:${a}|${b})`),
    fc.tuple(tie('evil'), tie('evil')).map(([a, b]) => a + b),
  ),
}));
const pressed = fc
  .oneof(
    fc.array(digit, { maxLength: MAX_COLLECTED }),
    fc.array(fc.constant('1'), { maxLength: MAX_COLLECTED }),
  )
  .map((digits) => digits.join(''));

describe('fuzzing metaflows', function () {
  this.timeout(LIMIT_MS);

  it('bounds the steps of every pattern that it takes, for every digit', () => {
    const looks = new Looks();
    try {
      fc.assert(
        fc.property(fc.oneof(evil, text), pressed, (source, digits) => {
          const patterns = { [source.slice(0, 256)]: { module: 'hangup' } };
          const valid = validateMetaflows({ patterns });
          if (!valid.ok) return;
          const compiled = compile(valid.value);
          looks.count = 0;
          compiled.match(digits);
          compiled.canGrow(digits);
          // each of 1000 instructions once for each digit, of which look-ahead tries 16 behind the last one, and twice over
          expect(looks.count).to.be.below(1000 * (MAX_COLLECTED + 2 * DIGITS.length) * 2);
        }),
        cases(2000),
      );
    } finally {
      looks.end();
    }
  });

  it('says what is wrong with any JSON, and takes nothing over from a prototype', () => {
    const name = fc.oneof(
      prototypeKey,
      text,
      fc.constantFrom('numbers', 'patterns', 'binding_digit', '71', '^7', 'data', 'module', 'children', '_'),
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        fc.oneof(
          text,
          fc.double(),
          fc.integer(),
          fc.boolean(),
          fc.constantFrom(null, 'record_call', 'none', '*', 1e308),
        ),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.array(fc.tuple(name, tie('value')), { maxLength: 5 }).map((pairs) => Object.fromEntries(pairs)),
      ),
    }));
    fc.assert(
      fc.property(value, (given) => {
        const before = JSON.stringify(given);
        const valid = parseFlowFile(before);
        expect(JSON.stringify(given)).to.equal(before);
        expect(({} as Record<string, unknown>).module).to.equal(undefined);
        if (valid.ok) compile(valid.value).match('71');
        else expect(Object.keys(valid.errors)).not.to.deep.equal([]);
      }),
      cases(3000),
    );
  });

  it('is told of what is deep, wide or huge in an answer of no such size', () => {
    const node = (levels: number): object =>
      levels === 0 ? { module: 'none' } : { module: 'record_call', children: { _: node(levels - 1) } };
    const wide = Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`k${n}`, n]));
    for (const given of [
      { numbers: { 71: node(2000) } },
      wide,
      { numbers: wide },
      { patterns: wide },
      { patterns: { ['('.repeat(100_000)]: {} } },
    ]) {
      const size = JSON.stringify(given).length;
      const valid = validateMetaflows(given);
      expect(valid.ok).to.equal(false);
      expect(JSON.stringify(valid).length).to.be.below(4 * size + 100_000);
    }
  });
});
