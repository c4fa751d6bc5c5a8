/** One pattern of an admin: RE2 syntax, unanchored as in Kazoo, linear in time whatever was written. */
import { RE2JS, RE2JSException } from 're2js';

/** Every digit that DTMF knows. */
export const DIGITS = '0123456789*#ABCD';

/** RE2 instructions that a pattern may take: room for any code, and a bound on the work for each digit. */
const MAX_PROGRAM = 1000;

/** A compiled pattern. */
export interface Pattern {
  /** The groups of the first match anywhere in `collected`, without the whole match; undefined: no match. */
  captures(collected: string): string[] | undefined;
  /** Whether `collected` and one or more further digits of `alphabet` can match. */
  canGrow(collected: string, alphabet: string): boolean;
}

/** Compiles a pattern; where it cannot serve, says why in a few words for whoever wrote it. */
export function compilePattern(source: string): Pattern | { refused: string } {
  let re: RE2JS;
  try {
    re = RE2JS.compile(source);
  } catch (error) {
    return { refused: error instanceof RE2JSException ? error.message : 'cannot be compiled' };
  }
  const program = re.re2().prog as Program;
  if (program.inst.length > MAX_PROGRAM) return { refused: 'the pattern is too large' };
  // a typo such as ^7 1$ would silently do nothing
  if (!canGrow(program, '', DIGITS)) return { refused: 'the pattern matches no digits' };
  return {
    captures(collected) {
      const matcher = re.matcher(collected);
      if (!matcher.find()) return undefined;
      return Array.from({ length: matcher.groupCount() }, (_, group) => matcher.group(group + 1) ?? '');
    },
    canGrow: (collected, alphabet) => canGrow(program, collected, alphabet),
  };
}

/** What RE2JS compiles a pattern to: its `Prog` and `Inst`, which its types leave open. */
interface Program {
  start: number;
  inst: Instruction[];
}

interface Instruction {
  op: number;
  out: number;
  arg: number;
  matchRune(rune: number): boolean;
}

/** `Inst`'s operations in re2js; those from RUNE on, four of them, read a digit. */
const OP = { ALT: 1, ALT_MATCH: 2, CAPTURE: 3, EMPTY_WIDTH: 4, MATCH: 6, NOP: 7, RUNE: 8, LAST_RUNE: 11 };

/** The empty-width assertions, as bits (`EmptyOp` in RE2). */
const BEGIN = 1 | 4;
const END = 2 | 8;
const WORD_BOUNDARY = 16;
const NO_WORD_BOUNDARY = 32;

/** Reading one digit, any of `runes`, where `holds` is asserted before it; at the end there is none to read. */
interface Step {
  runes: number[];
  holds: number;
  next: Step[];
}

const runesOf = (digits: string): number[] => Array.from(digits, (digit) => digit.charCodeAt(0));

const isWord = (digit: string): boolean => /^\w/.test(digit);

function assertions(before: string, after: string): number {
  return (
    (before === '' ? BEGIN : 0) |
    (after === '' ? END : 0) |
    (isWord(before) === isWord(after) ? NO_WORD_BOUNDARY : WORD_BOUNDARY)
  );
}

/**
 * Walks the pattern's NFA along `collected` and then along any digits: a match that is reached with at least
 * one further digit to come or read will do, because a match in the middle stays one whatever follows.
 * Each instruction is visited once for each step, of which there are as many as digits and six more.
 */
function canGrow(program: Program, collected: string, alphabet: string): boolean {
  const free = freeSteps(alphabet);
  let steps = free(collected.at(-1) ?? '');
  for (let at = collected.length - 1; at >= 0; at--) {
    const digits = collected.charAt(at);
    steps = [{ runes: runesOf(digits), holds: assertions(collected.charAt(at - 1), digits), next: steps }];
  }

  const seen = new Map<Step, Set<number>>();
  const pending: [step: Step, pc: number][] = [];
  const enter = (step: Step, pc: number): void => {
    const pcs = seen.get(step) ?? new Set();
    if (pcs.has(pc)) return;
    seen.set(step, pcs.add(pc));
    pending.push([step, pc]);
  };
  // unanchored: a match may begin before any digit
  const begin = (step: Step): void => {
    if (seen.get(step)?.has(program.start)) return;
    enter(step, program.start);
    step.next.forEach(begin);
  };
  steps.forEach(begin);

  for (let top = pending.pop(); top !== undefined; top = pending.pop()) {
    const [step, pc] = top;
    const inst = program.inst[pc];
    if (inst === undefined) continue;
    if (inst.op === OP.MATCH) return true;
    if (inst.op === OP.ALT || inst.op === OP.ALT_MATCH) {
      enter(step, inst.out);
      enter(step, inst.arg);
    } else if (inst.op === OP.CAPTURE || inst.op === OP.NOP) {
      enter(step, inst.out);
    } else if (inst.op === OP.EMPTY_WIDTH) {
      if ((inst.arg & ~step.holds) === 0) enter(step, inst.out);
    } else if (inst.op >= OP.RUNE && inst.op <= OP.LAST_RUNE) {
      if (step.runes.some((rune) => inst.matchRune(rune))) {
        for (const next of step.next) enter(next, inst.out);
      }
    }
  }
  return false;
}

/** The steps after the last digit collected: one or more of `alphabet`, and only then the end. */
function freeSteps(alphabet: string): (last: string) => Step[] {
  // digits differ in what may be asserted beside them only by being a word character or not
  const kinds = [/\W/g, /\w/g]
    .map((others) => alphabet.replace(others, ''))
    .filter((digits) => digits !== '')
    .map((digits) => ({ digits, next: [] as Step[] }));
  const from = (last: string): Step[] =>
    kinds.map(({ digits, next }) => ({ runes: runesOf(digits), holds: assertions(last, digits), next }));
  for (const { digits, next } of kinds) {
    next.push(...from(digits), { runes: [], holds: assertions(digits, ''), next: [] });
  }
  return from;
}
