/** The parameters of a request, and what they ask of the recorder. Pure. */
import { resolve, sep } from 'node:path';
import type { OzekiRecord } from '../../generated/ozeki-record.js';
import type { RecordCallData } from '../../generated/record_call.js';
import { validate, validator } from '../../schemas.js';
import { OzekiError } from './answers.js';

const { properties } = validator('ozeki-record').schema as { properties: Record<string, { type?: string }> };

/** Ozeki's own spelling of each parameter of Record, by its name in lower case. */
const NAMES = new Map(Object.keys(properties).map((name) => [name.toLowerCase(), name]));

/**
 * Parameters by their names in lower case; one that is empty counts as none. Throws where one is given twice, since
 * nobody could say which one counts.
 */
export function parametersOf(...texts: string[]): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of texts.flatMap((text) => [...new URLSearchParams(text)])) {
    const key = name.toLowerCase();
    if (parameters.has(key)) throw new OzekiError(300, `${name} is given twice`);
    parameters.set(key, value);
  }
  return new Map([...parameters].filter(([, value]) => value !== ''));
}

/** What Record is asked to do; throws where a parameter is missing, wrong or unknown. `folder` is absolute. */
export function recordOf(
  parameters: ReadonlyMap<string, string>,
  command: string,
  folder: string,
): OzekiRecord {
  const given = [...parameters].map(([key, value]): [string, string | number] => {
    const name = NAMES.get(key) ?? key;
    const isNumber = properties[name]?.type === 'integer' && /^\d{1,9}$/.test(value);
    return [name, isNumber ? Number(value) : name === 'Format' ? value.toLowerCase() : value];
  });
  // not by assignment: a parameter may be called __proto__, and is to be refused like any other
  const checked = validate<OzekiRecord>('ozeki-record', Object.fromEntries(given));
  if (!checked.ok) throw new OzekiError(302, Object.keys(checked.errors)[0] ?? '', command);
  const { RecordPath } = checked.value;
  if (RecordPath !== undefined && !isWithin(folder, RecordPath)) {
    throw new OzekiError(302, 'RecordPath', command);
  }
  return checked.value;
}

/** The data of record_call; `base_url` is what the client calls this service. */
export function recordCallOf(
  { Duration, FinishDigits, FinishedUrl, Format = 'mp3', Inactivity }: OzekiRecord,
  base_url: string,
): RecordCallData {
  return {
    action: 'start',
    origin: 'ozeki',
    format: Format,
    ...(Duration !== undefined && { time_limit: Duration }),
    ...(FinishDigits !== undefined && { end_key: FinishDigits }),
    ...(Inactivity !== undefined && { silence_timeout: Inactivity }),
    ...(FinishedUrl !== undefined && { callback: { system: 'ozeki', url: FinishedUrl, base_url } }),
  };
}

/** Whether `path`, seen from `folder`, is that folder or lies below it; a drive of another system does not. */
function isWithin(folder: string, path: string): boolean {
  const resolved = resolve(folder, path);
  return !/^[A-Za-z]:/.test(path) && (resolved === folder || resolved.startsWith(folder + sep));
}
