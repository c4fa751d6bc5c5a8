/** Ready again after a kill, beside the commands that must be asked of the switch before anybody can know what it has. */
import { BareClient } from './client.js';
import { Presses } from './codes.js';
import type { BenchService } from './service.js';
import type { BareSwitch } from './switch.js';

/**
 * Milliseconds that `show` of a FreeSWITCH is behind its calls (SHOW_LAG_MS of `src/switch/switch.ts`): whoever asks it
 * right after subscribing has to wait, the bare commands too. The bare switch itself is never behind.
 */
export const SHOW_LAG_MS = 500;
/** As the service asks: over three connections, 24 at a time. */
const CONNECTIONS = 3;
const PARALLEL = 24;
/** Recordings that are started at a time. */
const BATCH = 20;

/** Starts a recording by code on so many of the live calls, a few at a time; resolves when all are stored. */
export async function startRecordings(bare: BareSwitch, count: number): Promise<void> {
  const presses = new Presses(bare);
  for (let from = 0; from < count; from += BATCH) {
    for (const { caller, callee } of bare.calls.slice(from, Math.min(count, from + BATCH))) {
      for (const digit of ['*', '7', '1']) presses.press(callee, digit);
      presses.expect(caller, () => undefined);
    }
    await presses.answered();
  }
  presses.close();
  await bare.quiet();
}

/** Milliseconds from the start of the process that follows one that was killed, until it says that it is ready. */
export async function restartRound(bare: BareSwitch, service: BenchService): Promise<number> {
  await bare.quiet();
  await service.stop('SIGKILL');
  const began = performance.now();
  await service.run();
  return performance.now() - began;
}

/** Milliseconds for the bare commands: which legs there are, who talks with whom, what each leg is and what records it. */
export async function bareRound(bare: BareSwitch): Promise<number> {
  const began = performance.now();
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => BareClient.connect(bare.port)));
  const [first] = clients;
  const channels = JSON.parse((await first?.api('show channels as json')) ?? '') as {
    rows: { uuid: string }[];
  };
  JSON.parse((await first?.api('show calls as json')) ?? '');
  const left = channels.rows.values();
  const worker = async (_: unknown, index: number) => {
    const client = clients[index % CONNECTIONS];
    for (const { uuid } of left) {
      JSON.parse((await client?.api(`uuid_dump ${uuid} json`)) ?? '');
      await client?.api(`uuid_buglist ${uuid}`);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  for (const client of clients) client.close();
  return performance.now() - began + SHOW_LAG_MS;
}
