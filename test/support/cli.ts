import { execFile } from 'node:child_process';

/** What a command of the command line came to. */
export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `metaflows` as a process; `settings` are environment variables without their prefix. */
export function metaflows(args: string[], settings: Record<string, string> = {}): Promise<Ran> {
  const env = Object.entries(settings).map(([name, value]) => [`METAFLOWS_${name}`, value] as const);
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', 'src/cli/main.ts', ...args],
      { env: { PATH: process.env.PATH, ...Object.fromEntries(env) } },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}
