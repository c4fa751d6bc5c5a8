/** `metaflows doctor`: looks at the configuration, the folder and the switches as the service would, and says what to change. */
import { Command } from 'commander';
import winston from 'winston';
import { loadConfig, type Config } from '../../config.js';
import { print, printJson, Progress } from '../output.js';
import type { Common } from '../service.js';
import { folderFacts, switchFacts } from './facts.js';
import { ofConfiguration, ofFolder, ofSwitch, ofUnreachable, type Finding } from './findings.js';

export function doctor(): Command {
  return new Command('doctor')
    .description('says what is wrong with the configuration and the switches, and what to change')
    .action(async (_options: unknown, command: Command) => {
      const { json } = command.optsWithGlobals<Common>();
      const loaded = loadConfig(process.env);
      const findings = loaded.ok
        ? [...ofConfiguration([]), ...(await examined(loaded.config))]
        : ofConfiguration(loaded.errors);
      if (json) printJson(findings);
      else findings.forEach(show);
      const problems = findings.filter(({ level }) => level === 'problem');
      if (problems.length > 0) throw new Error(`${problems.length} of these keep it from working.`);
    });
}

async function examined(config: Config): Promise<Finding[]> {
  const findings = ofFolder(await folderFacts(config), config);
  const progress = new Progress('asking', config.switches.length);
  const log = winston.createLogger({ silent: true });
  for (const address of config.switches) {
    if (address === 'embedded') {
      const says = 'the embedded softswitch is a part of the service: there is nothing to look at';
      findings.push({ level: 'note', check: 'switch', says });
      continue;
    }
    const facts = await switchFacts(address, config, log);
    findings.push(...('code' in facts ? ofUnreachable(facts) : ofSwitch(facts, config)));
    progress.advance(1);
  }
  progress.end();
  return findings;
}

function show({ level, check, says, change }: Finding): void {
  print(`${level.padEnd(7)}  ${check.padEnd(13)}  ${says}`);
  if (change !== undefined) print(`${' '.repeat(26)}${change}`);
}
