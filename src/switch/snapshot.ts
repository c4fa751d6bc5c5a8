/** Asks a switch for all that it has. */
import { dump, isUuid, parseRows, type ApiCommand } from './commands.js';
import type { LegData, Snapshot } from './events.js';
import { legOfDump } from './parse.js';

/**
 * Legs that are asked about together, and how many such questions are under way at once: few system calls and a switch
 * that is never idle, while a command that comes in between waits for some milliseconds at most.
 */
const TOGETHER = 16;
const PARALLEL = 12;

interface Asked {
  /** Commands of different keys go over different connections. */
  apis(key: string, commands: ApiCommand[]): Promise<string[]>;
}

/** What of a switch is needed. */
export interface AskedSwitch extends Asked {
  /** The switch said that it is so late: epoch, milliseconds. */
  heard(at: number): void;
  /** Resolves when `show` knows all that was before the events; missing where it does by now. */
  caughtUp?: Promise<void> | undefined;
}

/**
 * All legs and bridges; a leg that ends meanwhile is left out. While `show` is behind, those that it knows are asked for,
 * and afterwards those that it did not. Rejects as the switch's `apis` does, and with `switch_refused`.
 */
export async function snapshotOf(asked: AskedSwitch): Promise<Snapshot> {
  const show = async (what: string) => {
    const [reply = ''] = await asked.apis('', [{ command: 'show', args: `${what} as json` }]);
    return parseRows(reply);
  };
  const seen = new Set<string>();
  const legs: LegData[] = [];
  const look = async () => {
    const uuids = (await show('channels')).map(({ uuid }) => uuid).filter(isUuid);
    const left = uuids.filter((uuid) => !seen.has(uuid));
    for (const uuid of left) seen.add(uuid);
    await askAbout(asked, left, dump, (_uuid, answer) => {
      const dumped = legOfDump(answer);
      if (dumped?.at !== undefined) asked.heard(dumped.at);
      if (dumped?.leg) legs.push(dumped.leg);
    });
  };
  await look();
  if (asked.caughtUp) {
    await asked.caughtUp;
    await look();
  }
  const bridges = (await show('calls'))
    .map(({ uuid, b_uuid }) => [uuid, b_uuid] as const)
    .filter((pair): pair is [string, string] => pair.every(isUuid));
  return { legs, bridges };
}

/** Asks the same about each leg, and hands over each answer. Rejects as the switch's `apis` does. */
export async function askAbout(
  asked: Asked,
  uuids: readonly string[],
  question: (uuid: string) => ApiCommand,
  take: (uuid: string, answer: string) => void,
): Promise<void> {
  let next = 0;
  const worker = async (_: unknown, index: number) => {
    while (next < uuids.length) {
      const some = uuids.slice(next, (next += TOGETHER));
      const answers = await asked.apis(`legs ${index}`, some.map(question));
      some.forEach((uuid, at) => take(uuid, answers[at] ?? ''));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}
