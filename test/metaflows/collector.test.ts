import { expect } from 'chai';
import fc from 'fast-check';
import { compile, type CompiledMetaflows } from '../../src/metaflows/compile.js';
import {
  absorbed,
  expire,
  press,
  UNARMED,
  type CollectorState,
  type Step,
} from '../../src/metaflows/collector.js';
import type { MetaflowNode, Metaflows } from '../../src/generated/metaflows.js';

/** A node that says which code it belongs to. */
const node = (label: string): MetaflowNode => ({ module: 'record_call', data: { label } });
const numbers = (...codes: string[]): Record<string, MetaflowNode> =>
  Object.fromEntries(codes.map((code) => [code, node(code)]));
const labels = (fired: Step['fired']): string[] =>
  fired.map((match) => (match.node.module === 'record_call' ? (match.node.data?.label ?? '') : ''));

interface Press {
  digit: string;
  at: number;
}
interface Fired {
  label: string;
  at: number;
}

/** Presses each digit, with the timer running out on time or, as on a busy machine, only with the next digit. */
function play(compiled: CompiledMetaflows, presses: Press[], timely = true): Fired[] {
  let state: CollectorState = UNARMED;
  const fired: Fired[] = [];
  const take = (step: Step, at: number): void => {
    state = step.state;
    fired.push(...labels(step.fired).map((label) => ({ label, at })));
  };
  const wake = (before: number): void => {
    if (state.armed && state.until <= before) take(expire(state, compiled, state.until), state.until);
  };
  for (const { digit, at } of presses) {
    if (timely) wake(at);
    take(press(state, compiled, digit, at), at);
  }
  wake(Infinity);
  return fired;
}

/** Presses of `digits`, 100 ms apart. */
const keys = (digits: string, from = 0): Press[] =>
  Array.from(digits, (digit, index) => ({ digit, at: from + index * 100 }));

describe('collector', () => {
  const seed = compile({ numbers: numbers('71', '72', '73', '74') });

  it('fires an unambiguous code on its last digit', () => {
    expect(play(seed, keys('*71'))).to.deep.equal([{ label: '71', at: 200 }]);
  });

  it('ignores digits without the binding digit', () => {
    expect(play(seed, keys('71#9999'))).to.deep.equal([]);
  });

  it('starts over at a binding digit while armed', () => {
    expect(play(seed, keys('**71'))).to.deep.equal([{ label: '71', at: 300 }]);
    expect(play(seed, keys('*7*72'))).to.deep.equal([{ label: '72', at: 400 }]);
  });

  it('is unarmed after a miss, and armed by the next binding digit', () => {
    expect(play(seed, keys('*971'))).to.deep.equal([]);
    expect(play(seed, keys('*9*71'))).to.deep.equal([{ label: '71', at: 400 }]);
  });

  it('is unarmed after a code', () => {
    expect(play(seed, keys('*7172'))).to.deep.equal([{ label: '71', at: 200 }]);
  });

  it('forgets a code that is not finished within the digit timeout, which each digit begins anew', () => {
    const slow = (gap: number): Press[] =>
      keys('*71').map(({ digit }, index) => ({ digit, at: index * gap }));
    expect(play(seed, slow(2999))).to.deep.equal([{ label: '71', at: 5998 }]);
    expect(play(seed, slow(3000))).to.deep.equal([]);
  });

  describe('with an ambiguous code', () => {
    const compiled = compile({ digit_timeout: 1000, numbers: numbers('7', '71', '9', '912') });

    it('fires the short one at the timeout and the long one at once', () => {
      expect(play(compiled, keys('*7'))).to.deep.equal([{ label: '7', at: 1100 }]);
      expect(play(compiled, keys('*71'))).to.deep.equal([{ label: '71', at: 200 }]);
    });

    it('misses with all that was collected, as Kazoo does', () => {
      expect(play(compiled, keys('*75'))).to.deep.equal([]);
      expect(play(compiled, keys('*91'))).to.deep.equal([]);
    });

    it('fires once where the timeout comes late, and then takes the digit for itself', () => {
      const late = [...keys('*7'), ...keys('1', 2000), ...keys('*71', 2100)];
      expect(play(compiled, late, false).map(({ label }) => label)).to.deep.equal(['7', '71']);
    });

    it('does nothing before its time', () => {
      const { state } = press(press(UNARMED, compiled, '*', 0).state, compiled, '7', 100);
      expect(expire(state, compiled, 1099)).to.deep.equal({ state, fired: [] });
      expect(labels(expire(state, compiled, 1100).fired)).to.deep.equal(['7']);
    });
  });

  it('gives a pattern what was collected and its groups, on the last digit where it is anchored', () => {
    const compiled = compile({ patterns: { '^5(\\d)(\\d)$': node('5xx') } });
    let state: CollectorState = UNARMED;
    for (const digit of '*54') ({ state } = press(state, compiled, digit, 0));
    expect(press(state, compiled, '2', 0)).to.deep.equal({
      state: UNARMED,
      fired: [{ node: node('5xx'), collected: '542', captures: ['4', '2'] }],
    });
  });

  it('goes on with changed metaflows in the middle of a code', () => {
    let { state } = press(UNARMED, seed, '*', 0);
    ({ state } = press(state, seed, '7', 100));
    expect(labels(press(state, compile({ numbers: numbers('75') }), '5', 200).fired)).to.deep.equal(['75']);
    expect(press(state, compile({}), '1', 200)).to.deep.equal({ state: UNARMED, fired: [] });
  });

  describe('absorbed', () => {
    const compiled = compile({
      digit_timeout: 3000,
      numbers: numbers('7', '71', '8'),
      patterns: { '^8\\d\\d$': node('8xx') },
    });

    it('fires a whole code once, whatever was begun before', () => {
      for (const before of ['', '*', '*7', '*71', '*9']) {
        let state: CollectorState = UNARMED;
        for (const digit of before) ({ state } = press(state, compiled, digit, 0));
        const step = absorbed(state, compiled, '*71', 100);
        expect(labels(step.fired), before).to.deep.equal(['71']);
        expect(step.state).to.deep.equal(UNARMED);
      }
    });

    it('waits on for an ambiguous one less what the switch has waited', () => {
      const step = absorbed(UNARMED, compiled, '*7', 1000);
      expect(step.fired).to.deep.equal([]);
      expect(step.state).to.deep.equal({ armed: true, collected: '7', until: 3200 });
      expect(labels(press(step.state, compiled, '1', 1500).fired)).to.deep.equal(['71']);
    });

    it('waits in full where only a pattern makes it ambiguous: the switch knows none', () => {
      expect(absorbed(UNARMED, compiled, '*8', 1000).state).to.include({ until: 4000 });
    });

    it('fires an ambiguous one at once where the switch has waited long enough', () => {
      const quick = compile({ digit_timeout: 800, numbers: numbers('7', '71') });
      expect(labels(absorbed(UNARMED, quick, '*7', 1000).fired)).to.deep.equal(['7']);
    });

    it('loses no code whose timeout had passed before', () => {
      const { state } = absorbed(UNARMED, compiled, '*7', 1000);
      expect(labels(absorbed(state, compiled, '*71', 3200).fired)).to.deep.equal(['7', '71']);
    });

    it('fires nothing for a code that is no longer one', () => {
      expect(absorbed(UNARMED, seed, '*75', 0)).to.deep.equal({ state: UNARMED, fired: [] });
    });
  });
});

describe('collector, any digits, codes and times', () => {
  // JavaScript's expressions are the reference for RE2's: these few mean the same in both
  const PATTERNS = ['^5\\d\\d$', '^6\\d{1,2}$', '^1[12#]$', '12', '^2', '6$', '^#+$', '^\\d?5$'];
  const DIGITS = '0123456789*#ABCD';

  const flows = fc.record({
    binding: fc.constantFrom('*' as const, '#' as const, '1' as const),
    timeout: fc.constantFrom(100, 1000),
    numbers: fc.uniqueArray(
      fc.string({ unit: fc.constantFrom('1', '2', '5', '#'), minLength: 1, maxLength: 4 }),
      {
        maxLength: 6,
      },
    ),
    off: fc.uniqueArray(fc.string({ unit: fc.constantFrom('1', '2', '5'), minLength: 1, maxLength: 3 }), {
      maxLength: 2,
    }),
    patterns: fc.uniqueArray(fc.constantFrom(...PATTERNS), { maxLength: 2 }),
  });
  type Flows = typeof flows extends fc.Arbitrary<infer T> ? T : never;

  const presses = fc
    .array(
      fc.record({
        digit: fc.constantFrom('1', '2', '5', '6', '#', '*', '*', 'A'),
        gap: fc.constantFrom(0, 50, 99, 100, 101, 999, 1000, 5000),
      }),
      { maxLength: 25 },
    )
    .map((gaps) => {
      let at = 0;
      return gaps.map(({ digit, gap }) => ({ digit, at: (at += gap) }));
    });

  const metaflows = (given: Flows): Metaflows => ({
    binding_digit: given.binding,
    digit_timeout: given.timeout,
    numbers: {
      ...numbers(...given.numbers),
      ...Object.fromEntries(given.off.map((code) => [code, { module: 'none' as const }])),
    },
    patterns: Object.fromEntries(given.patterns.map((source) => [source, node(source)])),
  });

  /** What fires when, told not by states but by looking, for each binding digit pressed, at what follows it. */
  function reference(given: Flows, stream: Press[]): Fired[] {
    const live = given.numbers.filter((number) => !given.off.includes(number));
    const meaning = (digits: string): string | undefined => {
      if (digits === '' || given.off.includes(digits)) return undefined;
      if (live.includes(digits)) return digits;
      return given.patterns.find((source) => new RegExp(source).test(digits));
    };
    const others = DIGITS.replace(given.binding, '').split('');
    const two = others.flatMap((first) => others.map((second) => first + second));
    const mayBecomeMore = (digits: string): boolean =>
      live.some(
        (number) => number.startsWith(digits) && number !== digits && !number.includes(given.binding),
      ) ||
      // no pattern here needs more than two further digits
      [...others, ...two].some((more) =>
        given.patterns.some((source) => new RegExp(source).test(digits + more)),
      );

    return stream.flatMap((first, index) => {
      if (first.digit !== given.binding) return [];
      let collected = '';
      let at = first.at;
      let waiting = true;
      for (const next of stream.slice(index + 1)) {
        if (next.at >= at + given.timeout) break;
        if (next.digit === given.binding) return [];
        collected += next.digit;
        at = next.at;
        waiting = mayBecomeMore(collected);
        if (!waiting) break;
      }
      const label = meaning(collected);
      return label === undefined ? [] : [{ label, at: waiting ? at + given.timeout : at }];
    });
  }

  it('fires a code exactly when the naive model says so, and once', () => {
    fc.assert(
      fc.property(flows, presses, (given, stream) => {
        expect(play(compile(metaflows(given)), stream)).to.deep.equal(reference(given, stream));
      }),
      { numRuns: 2000 },
    );
  });

  it('fires the same codes where timers come late', () => {
    fc.assert(
      fc.property(flows, presses, (given, stream) => {
        const fired = play(compile(metaflows(given)), stream, false).map(({ label }) => label);
        expect(fired).to.deep.equal(reference(given, stream).map(({ label }) => label));
      }),
      { numRuns: 1000 },
    );
  });

  it('runs an absorbed code as if its digits had been pressed', () => {
    fc.assert(
      fc.property(flows, presses, fc.nat(5), (given, stream, choice) => {
        const compiled = compile(metaflows(given));
        const code = compiled.codes[choice % Math.max(1, compiled.codes.length)];
        fc.pre(code !== undefined);
        const from = (stream.at(-1)?.at ?? 0) + 10_000;
        const { fired, state } = absorbed(UNARMED, compiled, code, from);
        const later = state.armed ? expire(state, compiled, state.until).fired : [];
        expect(labels([...fired, ...later])).to.deep.equal([code.slice(1)]);
      }),
    );
  });
});
