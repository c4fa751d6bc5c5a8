/** `metaflows token`: makes, lists and deletes tokens of the running service. */
import { Command, Option } from 'commander';
import type { TokenSummary } from '../store/tokens.js';
import { print, printJson } from './output.js';
import { ask, type Common } from './service.js';

interface Grant extends Common {
  account?: string;
  allAccounts?: true;
  role: string;
  user?: string;
}

export function token(): Command {
  const command = new Command('token').description('tokens of the service, for its admin');
  command
    .command('create')
    .description('makes a token, which is shown this once')
    .addOption(new Option('--account <account>', 'what it is for').conflicts('allAccounts'))
    .option('--all-accounts', 'it is for every account')
    .addOption(
      new Option('--role <role>', 'what it may do')
        .choices(['admin', 'user', 'viewer'])
        .makeOptionMandatory(),
    )
    .option('--user <user>', 'whose it is, with the role user')
    .action(async (_options: unknown, command: Command) => {
      const grant = command.optsWithGlobals<Grant>();
      if (grant.account === undefined && !grant.allAccounts)
        command.error('error: --account or --all-accounts is needed');
      await create(grant);
    });
  command
    .command('list')
    .description('lists the tokens, without their secrets')
    .action(async (_options: unknown, command: Command) => list(command.optsWithGlobals<Common>()));
  command
    .command('delete')
    .description('deletes a token')
    .argument('<id>')
    .action(async (id: string, _options: unknown, command: Command) => {
      const common = command.optsWithGlobals<Common>();
      await ask(common, 'DELETE', `/v2/tokens/${encodeURIComponent(id)}`);
      if (common.json) printJson({ id });
      else print(`deleted ${id}`);
    });
  return command;
}

async function create(grant: Grant): Promise<void> {
  const { account = null, role, user } = grant;
  const asked = { account, role, user };
  const made = (await ask(grant, 'POST', '/v2/tokens', asked)) as { id: string; token: string };
  if (grant.json) {
    printJson(made);
    return;
  }
  print(`id     ${made.id}`);
  print(`token  ${made.token}`);
  print('It is shown this once.');
}

async function list(common: Common): Promise<void> {
  const tokens = (await ask(common, 'GET', '/v2/tokens')) as TokenSummary[];
  if (common.json) {
    printJson(tokens);
    return;
  }
  for (const { id, account, role, user = '' } of tokens) {
    print([id, account ?? '(all accounts)', role, user].join('  ').trimEnd());
  }
}
