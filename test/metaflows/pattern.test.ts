import { expect } from 'chai';
import fc from 'fast-check';
import { compilePattern, DIGITS, type Pattern } from '../../src/metaflows/pattern.js';

function compiled(source: string): Pattern {
  const pattern = compilePattern(source);
  if ('refused' in pattern) throw new Error(pattern.refused);
  return pattern;
}

const refusal = (source: string): string => {
  const pattern = compilePattern(source);
  return 'refused' in pattern ? pattern.refused : 'accepted';
};

describe('pattern', () => {
  it('matches anywhere, and gives the groups without the whole match', () => {
    expect(compiled('5(\\d)(\\d)?').captures('954')).to.deep.equal(['4', '']);
    expect(compiled('^5').captures('954')).to.equal(undefined);
    expect(compiled('^5$').captures('5')).to.deep.equal([]);
  });

  it('refuses what RE2 cannot compile, what is too large and what no digits match', () => {
    expect(refusal('^(5')).to.include('missing closing )');
    expect(refusal('(?=5)')).to.include('Perl syntax');
    expect(refusal('(\\d)\\1')).to.include('invalid escape');
    expect(refusal('\\d{1000}\\d{1000}')).to.equal('the pattern is too large');
    expect(refusal('^7 1$')).to.equal('the pattern matches no digits');
    expect(refusal('^$')).to.equal('the pattern matches no digits');
    expect(refusal('__proto__')).to.equal('the pattern matches no digits');
  });

  it('is linear where backtracking would take for ever', () => {
    const evil = compiled('^(1+)+(1+)+(1?){30}$');
    const digits = '1'.repeat(31) + '2';
    const began = performance.now();
    expect(evil.captures(digits)).to.equal(undefined);
    expect(evil.canGrow(digits, DIGITS)).to.equal(false);
    expect(performance.now() - began).to.be.below(500);
  });

  for (const [source, grows, ends] of [
    ['^5\\d\\d$', ['', '5', '51'], ['512', '6', '5*']],
    ['^5\\d{1,2}$', ['5', '51'], ['512']],
    ['5\\d\\d$', ['9', '512'], []],
    ['^7', ['7', '71'], ['8']],
    ['^[A-D]$', [''], ['1', 'A']],
    ['^(1|23)$', ['2'], ['1', '23', '3']],
    ['^1\\b#$', ['1'], ['1#', '2']],
    ['^1\\B2$', ['1'], ['12']],
    ['^1(?:^2|3)$', ['1'], ['13']],
  ] as const) {
    it(`knows what can become a match of ${source}`, () => {
      for (const digits of grows) expect(compiled(source).canGrow(digits, DIGITS), digits).to.equal(true);
      for (const digits of ends) expect(compiled(source).canGrow(digits, DIGITS), digits).to.equal(false);
    });
  }

  it('grows by the digits of the alphabet only', () => {
    expect(compiled('^5#$').canGrow('5', DIGITS)).to.equal(true);
    expect(compiled('^5#$').canGrow('5', DIGITS.replace('#', ''))).to.equal(false);
  });

  it('agrees with trying every longer string', () => {
    const alphabet = '12#';
    const strings = (length: number): string[] =>
      length === 0 ? [''] : strings(length - 1).flatMap((string) => Array.from(alphabet, (c) => string + c));
    const longer = [1, 2, 3, 4, 5, 6].flatMap(strings);
    const atom = fc.constantFrom('1', '2', '#', '\\d', '.', '[^1]', '[12]', '^', '$', '\\b', '\\B', '');
    const piece = fc
      .tuple(atom, fc.constantFrom('', '?', '*', '{2}'))
      .map(([what, times]) => (/^(\^|\$|\\b|\\B|)$/.test(what) ? what : what + times));
    const branch = fc.array(piece, { maxLength: 3 }).map((pieces) => pieces.join(''));
    const source = fc.array(branch, { minLength: 1, maxLength: 2 }).map((branches) => branches.join('|'));
    fc.assert(
      fc.property(
        source,
        fc.constantFrom('', ...strings(1), ...strings(2), ...strings(3)),
        (text, digits) => {
          const pattern = compilePattern(text);
          // a JavaScript expression of this little syntax means the same
          const expected = longer.some((more) => new RegExp(text).test(digits + more));
          if ('refused' in pattern)
            expect(longer.some((more) => new RegExp(text).test(more))).to.equal(false);
          else expect(pattern.canGrow(digits, alphabet)).to.equal(expected);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
