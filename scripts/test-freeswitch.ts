/** `npm run test:freeswitch`: the contract tests against a real FreeSWITCH. Exits 2 where there is none. */
import { spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { freeswitchBinary } from '../test/support/lab-freeswitch.js';

const binary = freeswitchBinary();
const version = spawnSync(binary, ['-version'], { encoding: 'utf8' });
if (version.error) {
  console.error(`There is no FreeSWITCH to test against: ${binary} does not run (set FREESWITCH_BIN).`);
  process.exit(2);
}
console.log(version.stdout.trim());

const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
const run = spawn(
  process.execPath,
  [
    mocha,
    '--no-config',
    '--node-option=import=tsx',
    '--timeout=20000',
    '--reporter=spec',
    'test/contract/**/*.test.ts',
  ],
  { stdio: 'inherit', env: { ...process.env, TEST_SWITCH: 'freeswitch' } },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => run.kill(signal));
run.on('exit', (code) => process.exit(code ?? 1));
