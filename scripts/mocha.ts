/** Runs some of the tests, each by name, in this process's place: its signals reach them, their exit code is its own. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';

export function runMocha(
  spec: string,
  env: Readonly<Record<string, string>>,
  options: readonly string[] = [],
): void {
  const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
  const args = [
    '--no-config',
    '--node-option=import=tsx',
    '--timeout=20000',
    '--reporter=spec',
    ...options,
    spec,
  ];
  const run = spawn(process.execPath, [mocha, ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => run.kill(signal));
  run.on('exit', (code) => process.exit(code ?? 1));
}
