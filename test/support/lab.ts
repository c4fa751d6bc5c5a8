import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address } from '../../src/softswitch/softswitch.js';
import { startFreeSwitch } from './lab-freeswitch.js';
import { Phones } from './lab-phones.js';
import { LabSocket } from './lab-socket.js';
import { DOMAIN, startEmbedded } from './lab-switch.js';

/** A PBX with twenty phones, and the test's own connections to both. */
export interface Lab {
  /** Where the service connects to. */
  pbx: Address;
  domain: string;
  /** Where the PBX records to. */
  recordingsDir: string;
  /** The test's own event socket into the PBX. */
  socket: LabSocket;
  phones: Phones;
  /** Ends the PBX without a farewell. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the switch that `TEST_SWITCH` names: `freeswitch`, or else the embedded one. */
export async function startLab(): Promise<Lab> {
  const running = await (process.env.TEST_SWITCH === 'freeswitch' ? startFreeSwitch() : startEmbedded());
  const folder = await mkdtemp(join(tmpdir(), 'metaflows-phones-'));
  const socket = await LabSocket.open('pbx', running.pbx);
  const phones = await LabSocket.open('phones', running.phones);
  return {
    pbx: running.pbx,
    domain: DOMAIN,
    recordingsDir: running.recordingsDir,
    socket,
    phones: new Phones(socket, phones, running.carrier, folder),
    crash: () => running.crash(),
    close: async () => {
      socket.close();
      phones.close();
      await running.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
