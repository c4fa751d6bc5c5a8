/** `npm run demo`: the service on its embedded softswitch, a call in which the codes are pressed, then yours to try. */
import { once } from 'node:events';
import { loadConfig } from '../src/config.js';
import { createLog } from '../src/log.js';
import type { RecordingDocument } from '../src/generated/recording.js';
import { startService } from '../src/service.js';

const say = (text = '') => process.stdout.write(`${text}\n`);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** Long enough that each part can be heard in the recording. */
const TALK_MS = 1500;

const loaded = loadConfig({ METAFLOWS_LOG_LEVEL: 'error', ...process.env, METAFLOWS_SWITCHES: 'embedded' });
if (!loaded.ok) {
  for (const line of loaded.errors) process.stderr.write(`${line}\n`);
  process.exit(1);
}
const service = await startService(loaded.config, createLog(loaded.config.logLevel)).catch(
  (error: unknown) => {
    process.stderr.write(
      `the demo cannot start: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    process.exit(1);
  },
);
const { softswitch, url } = service;
if (!softswitch) throw new Error('the demo runs on the embedded softswitch');
while (!service.status().ready) await pause(20);

say(`The service listens at ${url}, on its embedded softswitch.`);
say('1002 has these codes (metaflows/demo/1002.json): *71 record, *72 mask, *73 unmask, *74 stop.');
say();
say(await softswitch.call('1001', '1002'));
const ended = once(service.recordings, 'completed') as Promise<[RecordingDocument]>;
const steps = [
  ['*71', 'the call is recorded from here on'],
  ['*72', '1001 reads out a card number: from here on the recording is silent'],
  ['*73', 'done: in clear again'],
  ['*74', 'the recording ends'],
] as const;
for (const [code, meaning] of steps) {
  say(`${code}: ${meaning}`);
  say(`     ${await softswitch.press('1002', code)}`);
  await pause(TALK_MS);
}
const [recording] = await ended;
say(await softswitch.hangup('1001'));
say();
say(
  `The recording, ${recording.duration_ms} ms: ${loaded.config.recordingsMount}/${recording.internal.file}`,
);
for (const { start_ms, end_ms } of recording.mask_intervals) {
  say(
    `Exact silence from ${start_ms} ms to ${end_ms ?? recording.duration_ms} ms. Left is 1001, right is 1002.`,
  );
}
say();
say(`The service goes on until Ctrl-C. Its console: ${url}/ (account demo)`);
say('In another terminal:');
say('  npm run phone -- call 1001 1002');
say('  npm run phone -- press 1002 "*71"');
say('  npm run phone -- transfer 1002 1003');
say('  npm run phone -- hangup 1001');
if (service.madeToken !== undefined) {
  say();
  say(`The admin token, shown this once: ${service.madeToken}`);
  say(`  curl -H 'X-Auth-Token: ${service.madeToken}' ${url}/v2/accounts/demo/recordings`);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void service.close().then(() => process.exit(0)));
}
