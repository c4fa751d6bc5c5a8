/**
 * `npm run latency`: from the moment that a phone begins to press a code to its RECORD_START, through the service, beside
 * FreeSWITCH's own `bind_digit_action` and `record_session`, turn by turn on one real FreeSWITCH (FREESWITCH_BIN).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import winston from 'winston';
import { loadConfig } from '../src/config.js';
import { startService } from '../src/service.js';
import { startLab } from '../test/support/lab.js';
import type { Leg } from '../test/support/lab-phones.js';
import type { LabEvent } from '../test/support/lab-socket.js';

const ROUNDS = Number(process.argv[2] ?? 15);
const CODE = '*71';

process.env.TEST_SWITCH = 'freeswitch';
const lab = await startLab();
const folder = await mkdtemp(join(tmpdir(), 'metaflows-latency-'));
const loaded = loadConfig({
  METAFLOWS_SWITCHES: `esl://:${lab.pbx.password}@${lab.pbx.host}:${lab.pbx.port}`,
  METAFLOWS_DATABASE: join(folder, 'db'),
  METAFLOWS_RECORDINGS_DIR: lab.recordingsDir,
  METAFLOWS_FLOWS_DIR: join(folder, 'none'),
  METAFLOWS_HTTP_PORT: '0',
  METAFLOWS_ADMIN_TOKEN: 'latency-admin',
});
if (!loaded.ok) throw new Error(loaded.errors.join('\n'));
const service = await startService(loaded.config, winston.createLogger({ silent: true }));
while (!service.status().ready) await new Promise((resolve) => setTimeout(resolve, 20));
await fetch(`${service.url}/v2/accounts/${lab.domain}/users/1002/metaflows`, {
  method: 'POST',
  headers: { 'X-Auth-Token': 'latency-admin', 'Content-Type': 'application/json' },
  body: JSON.stringify({ data: { numbers: { 71: { module: 'record_call' } } } }),
});

/** Presses the code on a leg's phone and measures to the RECORD_START of either leg, milliseconds. */
async function measure(presser: Leg, far: Leg): Promise<number> {
  const mark = lab.socket.mark();
  const began = performance.now();
  await lab.phones.press(presser, CODE);
  await lab.socket.until(
    'RECORD_START',
    (event) =>
      event['Event-Name'] === 'RECORD_START' && [presser.uuid, far.uuid].includes(event['Unique-ID'] ?? ''),
    mark,
  );
  return performance.now() - began;
}

/** Waits until a code is bound on a leg. */
function bound(leg: Leg, mark: number): Promise<unknown> {
  const isBinding = (event: LabEvent) =>
    event['Event-Name'] === 'CHANNEL_EXECUTE' &&
    event['Application'] === 'bind_digit_action' &&
    event['Unique-ID'] === leg.uuid;
  return lab.socket.until('bound code', isBinding, mark);
}

/** 1002 has the code from the service. */
async function throughService(): Promise<number> {
  const mark = lab.socket.mark();
  const { caller, callee } = await lab.phones.call('1001', '1002');
  await bound(callee, mark);
  const ms = await measure(callee, caller);
  await lab.phones.hangup(caller);
  return ms;
}

/** 1004, who has no metaflows, has the same code as a binding of the switch's own. */
async function inSwitch(round: number): Promise<number> {
  const { caller, callee } = await lab.phones.call('1003', '1004');
  const file = join(lab.recordingsDir, `bound-${round}.wav`);
  const mark = lab.socket.mark();
  await lab.socket.execute(
    callee.uuid,
    'bind_digit_action',
    `^^;bench;${CODE};exec[i]:record_session;${file}`,
  );
  await bound(callee, mark);
  const ms = await measure(callee, caller);
  await lab.phones.hangup(caller);
  return ms;
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
const service_: number[] = [];
const switch_: number[] = [];
try {
  for (let round = 0; round < ROUNDS; round++) {
    service_.push(await throughService());
    switch_.push(await inSwitch(round));
  }
  const [ours, theirs] = [median(service_), median(switch_)];
  process.stdout.write(`key press of ${CODE} to RECORD_START, median of ${ROUNDS} rounds turn by turn:\n`);
  process.stdout.write(`  through the service         ${ours.toFixed(1)} ms\n`);
  process.stdout.write(`  bind_digit_action itself    ${theirs.toFixed(1)} ms\n`);
  process.stdout.write(`  ratio                       ${(ours / theirs).toFixed(3)}\n`);
} finally {
  await service.close();
  await lab.close();
  await rm(folder, { recursive: true, force: true });
}
