/** `npm run token -- …`: makes, lists and deletes tokens of the running service. */
import { parseArgs } from 'node:util';
import type { TokenSummary } from '../src/store/tokens.js';
import { main, request } from './api.js';

const USAGE = `usage:
  npm run token -- create --account <account> --role admin|viewer
  npm run token -- create --account <account> --role user --user <user>
  npm run token -- create --all-accounts --role admin|viewer
  npm run token -- list
  npm run token -- delete <id>
METAFLOWS_ADMIN_TOKEN, METAFLOWS_HTTP_HOST and METAFLOWS_HTTP_PORT say which service, and that you may.`;

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      account: { type: 'string' },
      'all-accounts': { type: 'boolean' },
      role: { type: 'string' },
      user: { type: 'string' },
    },
  });
  const [command, id, ...rest] = positionals;
  if (
    command === 'create' &&
    id === undefined &&
    Boolean(values.account) !== Boolean(values['all-accounts'])
  ) {
    const { account = null, role, user } = values;
    const made = (await request('POST', '/v2/tokens', { account, role, user })) as {
      id: string;
      token: string;
    };
    print(`id     ${made.id}`);
    print(`token  ${made.token}`);
    print('It is shown this once.');
  } else if (command === 'list' && id === undefined) {
    for (const token of (await request('GET', '/v2/tokens')) as TokenSummary[]) {
      print([token.id, token.account ?? '(all accounts)', token.role, token.user ?? ''].join('  ').trimEnd());
    }
  } else if (command === 'delete' && id !== undefined && rest.length === 0) {
    await request('DELETE', `/v2/tokens/${encodeURIComponent(id)}`);
    print(`deleted ${id}`);
  } else {
    throw new Error(USAGE);
  }
});

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
