/** Asks a switch for all that it has. */
import { dump, isUuid, parseRows, type ApiCommand } from './commands.js';
import type { LegData, Snapshot } from './events.js';
import { legOfDump } from './parse.js';

/** `uuid_dump`s under way at once: keeps the sockets busy without piling up replies of several KiB each. */
const SNAPSHOT_PARALLEL = 24;

/** What of a switch is needed. */
export interface AskedSwitch {
  api(key: string, command: ApiCommand): Promise<string>;
  /** The switch said that it is so late: epoch, milliseconds. */
  heard(at: number): void;
}

/** All legs and bridges; a leg that ends meanwhile is left out. Rejects as the switch's `api` does, and with `switch_refused`. */
export async function snapshotOf(asked: AskedSwitch): Promise<Snapshot> {
  const show = async (what: string) =>
    parseRows(await asked.api('', { command: 'show', args: `${what} as json` }));
  const channels = await show('channels');
  const calls = await show('calls');
  const left = channels
    .map(({ uuid }) => uuid)
    .filter(isUuid)
    .values();
  const legs: LegData[] = [];
  const worker = async () => {
    for (const uuid of left) {
      const dumped = legOfDump(await asked.api(uuid, dump(uuid)));
      if (dumped?.at !== undefined) asked.heard(dumped.at);
      if (dumped?.leg) legs.push(dumped.leg);
    }
  };
  await Promise.all(Array.from({ length: SNAPSHOT_PARALLEL }, worker));
  const bridges = calls
    .map(({ uuid, b_uuid }) => [uuid, b_uuid] as const)
    .filter((pair): pair is [string, string] => pair.every(isUuid));
  return { legs, bridges };
}
