/**
 * From the first key of a code to RECORD_START through the whole service, beside the same code bound to the switch's own
 * `bind_digit_action` and `record_session`, on one real FreeSWITCH (FREESWITCH_BIN).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import winston from 'winston';
import { loadConfig } from '../src/config.js';
import { startService } from '../src/service.js';
import { startLab, type Lab } from '../test/support/lab.js';
import type { Leg } from '../test/support/lab-phones.js';
import type { LabEvent } from '../test/support/lab-socket.js';

const CODE = '*71';
const TOKEN = 'bench-admin';

/** Milliseconds, one of each for every round, turn by turn. */
export async function keyPress(rounds: number): Promise<{ service: number[]; binding: number[] }> {
  process.env['TEST_SWITCH'] = 'freeswitch';
  const lab = await startLab();
  const folder = await mkdtemp(join(tmpdir(), 'metaflows-bench-'));
  const loaded = loadConfig({
    METAFLOWS_SWITCHES: `esl://:${lab.pbx.password}@${lab.pbx.host}:${lab.pbx.port}`,
    METAFLOWS_DATABASE: join(folder, 'db'),
    METAFLOWS_RECORDINGS_DIR: lab.recordingsDir,
    METAFLOWS_FLOWS_DIR: join(folder, 'none'),
    METAFLOWS_HTTP_PORT: '0',
    METAFLOWS_ADMIN_TOKEN: TOKEN,
  });
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'));
  const service = await startService(loaded.config, winston.createLogger({ silent: true }));
  try {
    while (!service.status().ready) await new Promise((resolve) => setTimeout(resolve, 20));
    await fetch(`${service.url}/v2/accounts/${lab.domain}/users/1002/metaflows`, {
      method: 'POST',
      headers: { 'X-Auth-Token': TOKEN },
      body: JSON.stringify({ data: { numbers: { 71: { module: 'record_call' } } } }),
    });
    const measured = { service: [] as number[], binding: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      measured.service.push(await throughService(lab));
      measured.binding.push(await inSwitch(lab, round));
    }
    return measured;
  } finally {
    await service.close();
    await lab.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** 1002 has the code from the service. */
async function throughService(lab: Lab): Promise<number> {
  const mark = lab.socket.mark();
  const { caller, callee } = await lab.phones.call('1001', '1002');
  await bound(lab, callee, mark);
  const ms = await pressed(lab, callee, caller);
  await lab.phones.hangup(caller);
  return ms;
}

/** 1004, who has no metaflows, has the same code as a binding of the switch's own. */
async function inSwitch(lab: Lab, round: number): Promise<number> {
  const { caller, callee } = await lab.phones.call('1003', '1004');
  const file = join(lab.recordingsDir, `bound-${round}.wav`);
  const mark = lab.socket.mark();
  await lab.socket.execute(
    callee.uuid,
    'bind_digit_action',
    `^^;bench;${CODE};exec[i]:record_session;${file}`,
  );
  await bound(lab, callee, mark);
  const ms = await pressed(lab, callee, caller);
  await lab.phones.hangup(caller);
  return ms;
}

/** Presses the code on a leg's phone and measures to the RECORD_START of either leg, milliseconds. */
async function pressed(lab: Lab, presser: Leg, far: Leg): Promise<number> {
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
function bound(lab: Lab, leg: Leg, mark: number): Promise<unknown> {
  const isBinding = (event: LabEvent) =>
    event['Event-Name'] === 'CHANNEL_EXECUTE' &&
    event['Application'] === 'bind_digit_action' &&
    event['Unique-ID'] === leg.uuid;
  return lab.socket.until('bound code', isBinding, mark);
}
