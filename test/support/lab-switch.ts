import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Softswitch, type Address } from '../../src/softswitch/softswitch.js';
import { capturingLog } from './log.js';

/** The domain of the users, on both switches. */
export const DOMAIN = 'pbx.test';

/** A PBX and its phones, whichever they are: two event sockets and a folder. */
export interface RunningSwitch {
  pbx: Address;
  phones: Address;
  /** Where the outside world sends its calls to. */
  carrier: string;
  recordingsDir: string;
  /** Ends the PBX without a farewell, as a crash does. */
  crash(): Promise<void>;
  /** Starts the PBX again; resolves when its telephones can call, `pbx`, `phones` and `carrier` being where they are now. */
  restart(): Promise<RunningSwitch>;
  /** Whether the PBX can write no more to any recording; throws where only a real disk can be full. */
  fillDisk(full: boolean): void;
  close(): Promise<void>;
}

/** Starts the embedded softswitch, with a folder of its own for recordings. */
export async function startEmbedded(): Promise<RunningSwitch> {
  const recordingsDir = await mkdtemp(join(tmpdir(), 'metaflows-lab-'));
  const { log } = capturingLog();
  const password = randomUUID();
  let softswitch = new Softswitch({ domain: DOMAIN, recordingsDir, password, log });
  const { pbx, phones } = await softswitch.start();
  const running: RunningSwitch = {
    pbx,
    phones,
    carrier: `${pbx.host}:${pbx.port}`,
    recordingsDir,
    crash: () => softswitch.crash(),
    restart: async () => {
      await softswitch.close();
      softswitch = new Softswitch({ domain: DOMAIN, recordingsDir, password, log });
      const { pbx, phones } = await softswitch.start();
      return Object.assign(running, { pbx, phones, carrier: `${pbx.host}:${pbx.port}` });
    },
    fillDisk: (full) => {
      softswitch.pbx.diskFull = full;
    },
    close: async () => {
      await softswitch.close();
      await rm(recordingsDir, { recursive: true, force: true });
    },
  };
  return running;
}
