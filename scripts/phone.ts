/** `npm run phone -- call 1001 1002`: drives the simulated phones of the running service. */
import { addressOf } from '../src/cli/service.js';
import { loadConfig } from '../src/config.js';

const USAGE = `npm run phone -- call 1001 1002       1001 calls 1002
npm run phone -- press 1002 "*71"      1002 presses keys
npm run phone -- transfer 1002 1003    1002 transfers its other party to 1003
npm run phone -- hold 1002             1002 puts its other party on hold; unhold 1002 takes it back
npm run phone -- hangup 1001           1001 hangs up
`;
const ARGUMENTS: Record<string, number> = { call: 2, press: 2, transfer: 2, hold: 1, unhold: 1, hangup: 1 };

function fail(text: string): never {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

const [action = '', ...args] = process.argv.slice(2);
if (ARGUMENTS[action] !== args.length) fail(USAGE.trimEnd());
const loaded = loadConfig(process.env);
if (!loaded.ok) fail(loaded.errors.join('\n'));
const base = addressOf(loaded.config);
const response = await fetch(`${base}/phones/${action}`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ arguments: args }),
}).catch(() => fail(`no service answers at ${base}: is it running, with METAFLOWS_SWITCHES=embedded?`));
const answer = (await response.json().catch(() => ({}))) as { happened?: string; error?: string };
if (response.ok && answer.happened !== undefined) process.stdout.write(`${answer.happened}\n`);
else if (response.status === 404 && answer.error === undefined) {
  fail(`the service at ${base} has no simulated phones: start it with METAFLOWS_SWITCHES=embedded`);
} else fail(answer.error ?? `the service answered with ${response.status}`);
