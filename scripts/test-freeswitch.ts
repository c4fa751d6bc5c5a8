/** `npm run test:freeswitch`: the contract tests against a real FreeSWITCH. Exits 2 where there is none. */
import { spawnSync } from 'node:child_process';
import { freeswitchBinary } from '../test/support/lab-freeswitch.js';
import { runMocha } from './mocha.js';

const binary = freeswitchBinary();
const version = spawnSync(binary, ['-version'], { encoding: 'utf8' });
if (version.error) {
  console.error(`There is no FreeSWITCH to test against: ${binary} does not run (set FREESWITCH_BIN).`);
  process.exit(2);
}
console.log(version.stdout.trim());

runMocha('test/contract/**/*.test.ts', { TEST_SWITCH: 'freeswitch' });
