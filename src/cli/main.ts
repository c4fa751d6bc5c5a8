#!/usr/bin/env node
/** `metaflows`: the command line. Exit codes: 0 done; 1 refused, failed, or something is wrong; 2 cannot be understood. */
import { Command, CommanderError } from 'commander';
import { audit } from './audit.js';
import { codes } from './codes.js';
import { doctor } from './doctor/doctor.js';
import { recordings } from './recordings.js';
import { token } from './token.js';

const MISUNDERSTOOD = 2;

const program = new Command('metaflows')
  .description('Metaflows from the command line. METAFLOWS_TOKEN, or METAFLOWS_ADMIN_TOKEN, is the token.')
  .option('--url <url>', 'where the service is; as configured in this environment where it is not given')
  .option('--json', 'print JSON')
  .addCommand(doctor())
  .addCommand(codes())
  .addCommand(recordings())
  .addCommand(token())
  .addCommand(audit());

for (const command of everyCommand(program)) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : MISUNDERSTOOD;
  else {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

function* everyCommand(command: Command): Generator<Command> {
  yield command;
  for (const below of command.commands) yield* everyCommand(below);
}
