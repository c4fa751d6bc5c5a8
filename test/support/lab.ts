import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address } from '../../src/softswitch/softswitch.js';
import { startFreeSwitch } from './lab-freeswitch.js';
import { Phones } from './lab-phones.js';
import { Relay } from './lab-relay.js';
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
  /** Ends the PBX without a farewell; the test's own connections are of no use any more. */
  crash(): Promise<void>;
  /** Starts the PBX again, at the same address. */
  restart(): Promise<void>;
  /** Whether the PBX can write no more to any recording; throws where only a real disk can be full. */
  fillDisk(full: boolean): void;
  close(): Promise<void>;
}

/** Starts the switch that `TEST_SWITCH` names: `freeswitch`, or else the embedded one. */
export async function startLab(): Promise<Lab> {
  const running = await (process.env.TEST_SWITCH === 'freeswitch' ? startFreeSwitch() : startEmbedded());
  const folder = await mkdtemp(join(tmpdir(), 'metaflows-phones-'));
  const socket = await LabSocket.open('pbx', running.pbx);
  const phones = await LabSocket.open('phones', running.phones);
  const relay = new Relay(running.pbx.port);
  const port = await relay.open();
  const lab: Lab = {
    pbx: { ...running.pbx, port },
    domain: DOMAIN,
    recordingsDir: running.recordingsDir,
    socket,
    phones: new Phones(socket, phones, running.carrier, folder),
    crash: () => running.crash(),
    fillDisk: (full) => running.fillDisk(full),
    restart: async () => {
      relay.port = (await running.restart()).pbx.port;
    },
    close: async () => {
      socket.close();
      phones.close();
      await relay.close();
      await running.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return lab;
}
