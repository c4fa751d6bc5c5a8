/**
 * `npm run fuzz -- [--runs N] [--seed S] [--path P] [--grep WORDS]`: the tests of `test/fuzz` with N cases for each property
 * (10,000 where none is given). A failure prints its seed and path: given both, the same case comes first.
 */
import { parseArgs } from 'node:util';
import { runMocha } from './mocha.js';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    path: { type: 'string' },
    grep: { type: 'string' },
  },
});
const { runs, seed, path, grep } = values;
runMocha(
  'test/fuzz/*.test.ts',
  {
    FUZZ_RUNS: runs,
    ...(seed !== undefined && { FUZZ_SEED: seed }),
    ...(path !== undefined && { FUZZ_PATH: path }),
  },
  grep === undefined ? [] : ['--grep', grep],
);
