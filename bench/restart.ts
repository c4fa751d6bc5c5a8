/** Ready again after a kill, beside the commands that must be asked of the switch before anybody can know what it has. */
import { BareClient } from './client.js';
import { dtmf } from './legs.js';
import type { BenchService } from './service.js';
import { framesOf, type BareSwitch } from './switch.js';

/**
 * Milliseconds that `show` of a FreeSWITCH is behind its calls (SHOW_LAG_MS of `src/switch/switch.ts`): whoever asks it
 * right after subscribing has to wait, the bare commands too. The bare switch itself is never behind.
 */
export const SHOW_LAG_MS = 500;
/** As the service asks: over three connections, 24 at a time. */
const CONNECTIONS = 3;
const PARALLEL = 24;

/** Starts a recording by code on so many of the live calls. */
export async function startRecordings(bare: BareSwitch, count: number): Promise<void> {
  let started = 0;
  bare.onCommand = (_command, args) => {
    if (args.includes(' start /')) started++;
  };
  for (const { callee } of bare.calls.slice(0, count)) {
    bare.send(framesOf(Array.from('*71', (digit) => dtmf(callee, digit))));
  }
  await bare.quiet();
  bare.onCommand = undefined;
  if (started < count) throw new Error(`${started} of ${count} recordings were started`);
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
