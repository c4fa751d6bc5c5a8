/** What the fuzzing has in common: how long it runs, and the things that break parsers. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { hostile } from '../support/switchStrings.js';

/**
 * For `fc.assert`: as many cases as are usual, or as `npm run fuzz` asks for. A failure prints its seed and path, with
 * which the same case comes first: `npm run fuzz -- --seed S --path P`.
 */
export function cases(usual: number): { numRuns: number; seed?: number; path?: string } {
  const { FUZZ_RUNS: runs, FUZZ_SEED: seed, FUZZ_PATH: path } = process.env;
  return {
    numRuns: runs === undefined ? usual : Number(runs),
    ...(seed !== undefined && { seed: Number(seed) }),
    ...(path !== undefined && { path }),
  };
}

/** Mocha's limit for a test of that, milliseconds. */
export const LIMIT_MS = process.env.FUZZ_RUNS === undefined ? 30_000 : 3_600_000;

/** Names that every object has, or that change what it is. */
export const prototypeKey = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '__defineGetter__',
);

/** Names that would lead out of a folder. */
export const escapingName = fc.constantFrom(
  '..',
  '.',
  '../../../../tmp/escaped',
  '/tmp/escaped',
  '..\\..\\escaped',
  '....//....//escaped',
  '\0/escaped',
  'file:///tmp/escaped',
  '~/escaped',
  'C:\\escaped',
  '%2e%2e%2fescaped',
  '-rf',
);

/** Anything that a person, or a program in a person's name, could write. */
export const text: fc.Arbitrary<string> = fc.oneof(
  hostile,
  escapingName,
  prototypeKey,
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(
    '',
    '\ud800',
    '\udc00x',
    '\u202egnp.exe',
    '\ufeff',
    '=HYPERLINK("http://x","y")',
    '+1;cmd',
    '@SUM(1)',
    '<script>alert(1)</script>',
    ']]><!ENTITY x SYSTEM "file:///etc/passwd">',
    'x\r\nSet-Cookie: a=b',
    "' || '1'=='1",
    '\r\n\r\nbgapi system touch /tmp/escaped',
    '${system(touch /tmp/escaped)}',
    '${escaped}',
    '٣٤٥',
    'ﬃ',
    'İ',
    'a'.repeat(300),
    '9'.repeat(400),
    'é'.repeat(200),
  ),
);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes by which the heap, and what lies outside it, have grown when `work` has been done and all garbage is gone. */
export async function heapAfter(work: () => Promise<void>): Promise<number> {
  const used = async () => {
    // what is closed is let go in the turns after, and buffers by the collection after that
    for (let turn = 0; turn < 5; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      collect();
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = await used();
  await work();
  return (await used()) - before;
}
