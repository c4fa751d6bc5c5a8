/** What the doctor looks at: the recordings folder, and each switch over its event socket. It changes nothing but a file of its own. */
import { randomUUID } from 'node:crypto';
import { access, constants, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import type { Logger } from 'winston';
import type { Config } from '../../config.js';
import { isMetaflowsError, type ErrorCode } from '../../errors.js';
import { dump, isUuid, parseRows, type ApiCommand } from '../../switch/commands.js';
import { Connection } from '../../switch/connection.js';
import type { LegData } from '../../switch/events.js';
import { legOfDump } from '../../switch/parse.js';
import type { SwitchAddress } from '../../switch/url.js';

/** A SIP profile's parameters, by name. */
export interface Profile {
  name: string;
  params: Readonly<Record<string, string>>;
}

export interface SwitchFacts {
  /** `host:port` */
  id: string;
  version: string;
  modules: Readonly<Record<string, boolean>>;
  /** Whether it sees what the service writes into the recordings folder; missing where that could not be tried. */
  seesFolder?: boolean;
  /** Whether it may write there; missing where it does not say. */
  writesFolder?: boolean;
  legs: readonly LegData[];
  /** Missing where it does not show them. */
  profiles?: readonly Profile[];
  /** The realms in which its dialplan binds digits, as far as it is in files; missing where it shows none. */
  realms?: readonly string[];
  /** What answers for its dialplan before the files do: its configuration files. */
  dialplanFrom: readonly string[];
  /** Whether what it logs at the level `info` is written anywhere, as configured; missing where it does not show that. */
  logsInfo?: boolean;
}

/** A switch that could not be asked, and why. */
export interface Unreachable {
  id: string;
  code: ErrorCode;
  message: string;
}

export interface FolderFacts {
  /** Why it cannot be written to; missing where it can. */
  failure?: string;
  /** Bytes; missing where it is not there. */
  free?: number;
}

/** mod_shout and mod_http_cache are needed for some things only. */
export const MODULES = [
  'mod_commands',
  'mod_dptools',
  'mod_hash',
  'mod_sndfile',
  'mod_tone_stream',
  'mod_shout',
  'mod_http_cache',
];

const PARSER = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  isArray: (_name, _path, _isLeaf, isAttribute) => !isAttribute,
});

export async function folderFacts({ recordingsMount }: Config): Promise<FolderFacts> {
  const facts: FolderFacts = {};
  try {
    const { bavail, bsize } = await statfs(recordingsMount);
    facts.free = bavail * bsize;
    await access(recordingsMount, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    facts.failure = (error as NodeJS.ErrnoException).code ?? String(error);
  }
  return facts;
}

/** Never rejects. */
export async function switchFacts(
  address: SwitchAddress,
  config: Config,
  log: Logger,
): Promise<SwitchFacts | Unreachable> {
  const id = `${address.host}:${address.port}`;
  const connection = new Connection({ ...address, log });
  try {
    await connection.open();
    return await asked(id, config, async ({ command, args }) => {
      const { body } = await connection.command(`api ${command} ${args}`.trimEnd());
      return body.trim();
    });
  } catch (error) {
    if (!isMetaflowsError(error)) throw error;
    return { id, code: error.code, message: error.message };
  } finally {
    connection.close();
  }
}

type Ask = (command: ApiCommand) => Promise<string>;

async function asked(id: string, config: Config, ask: Ask): Promise<SwitchFacts> {
  const api = (command: string, args = '') => ask({ command, args });
  const modules: Record<string, boolean> = {};
  for (const module of MODULES) modules[module] = (await api('module_exists', module)) === 'true';
  const legs: LegData[] = [];
  for (const { uuid } of parseRows(await api('show', 'channels as json'))) {
    const dumped = isUuid(uuid) ? legOfDump(await ask(dump(uuid))) : undefined;
    if (dumped) legs.push(dumped.leg);
  }
  const file = (name: string) => api('xml_locate', `configuration configuration name ${name}`);
  const seesFolder = config.pushUrl === undefined ? await sees(config, api) : undefined;
  const writesFolder = await writes(config, api);
  const profiles = profilesOf(await file('sofia.conf'));
  const realms = realmsOf(await api('xml_locate', 'dialplan'));
  const info = logsInfo(await file('switch.conf'), await file('console.conf'), await file('logfile.conf'));
  return {
    id,
    version: (await api('version')).split('\n', 1)[0] ?? '',
    modules,
    ...(seesFolder !== undefined && { seesFolder }),
    ...(writesFolder !== undefined && { writesFolder }),
    legs,
    ...(profiles && { profiles }),
    ...(realms && { realms }),
    dialplanFrom: dialplanFrom(await file('lua.conf'), await file('xml_curl.conf')),
    ...(info !== undefined && { logsInfo: info }),
  };
}

/** Puts a file into the folder and asks the switch for it, under the name that the switch has for the folder. */
async function sees(
  { recordingsDir, recordingsMount }: Config,
  api: (command: string, args: string) => Promise<string>,
): Promise<boolean | undefined> {
  const name = `.doctor-${randomUUID()}`;
  const mark = join(recordingsMount, name);
  try {
    await writeFile(mark, '', { flag: 'wx' });
  } catch {
    return undefined;
  }
  try {
    return (await api('file_exists', `${recordingsDir}/${name}`)) === 'true';
  } finally {
    await rm(mark, { force: true });
  }
}

/**
 * Asks the shell of the switch's own user (mod_commands, system_function; a site may not have it), which only looks. A
 * folder that is not there yet is made by the recorder (switch_ivr_record_session).
 */
async function writes(
  { recordingsDir }: Config,
  api: (command: string, args: string) => Promise<string>,
): Promise<boolean | undefined> {
  // Nothing in single quotes is read by a shell but their end.
  if (/['\p{Cc}]/u.test(recordingsDir)) return undefined;
  const folder = `'${recordingsDir}'`;
  const script = `if test -w ${folder}; then echo writable; elif test -e ${folder}; then echo closed; fi`;
  const said = await api('system', script);
  return said === 'writable' ? true : said === 'closed' ? false : undefined;
}

/** Every element is a list; attributes are texts beside them. */
type Element = Record<string, Element[] | string>;

function elementsOf(element: Element | undefined, name: string): Element[] {
  const found = element?.[name];
  return typeof found === 'string' || found === undefined ? [] : found;
}

function text(element: Element, name: string): string {
  const found = element[name];
  return typeof found === 'string' ? found : '';
}

/** Where there is none, the switch says so in words. */
function isXml(answer: string): boolean {
  return answer.startsWith('<');
}

/** The profiles of sofia.conf; `undefined` where the switch does not say. */
export function profilesOf(xml: string): Profile[] | undefined {
  if (!isXml(xml)) return undefined;
  const [configuration] = elementsOf(PARSER.parse(xml) as Element, 'configuration');
  return elementsOf(configuration, 'profiles')
    .flatMap((profiles) => elementsOf(profiles, 'profile'))
    .map((profile) => ({
      name: text(profile, 'name'),
      params: Object.fromEntries(
        elementsOf(profile, 'settings')
          .flatMap((settings) => elementsOf(settings, 'param'))
          .map((param) => [text(param, 'name'), text(param, 'value')]),
      ),
    }));
}

/**
 * Of `<action application="bind_digit_action" data="realm,digits,…"/>`, wherever it stands, and of legs that it is run on;
 * `undefined` where the switch does not say.
 */
export function realmsOf(xml: string): string[] | undefined {
  if (!isXml(xml)) return undefined;
  const bound = xml.matchAll(/application="bind_digit_action"\s+data="([\w.-]+),/g);
  return [...new Set([...bound].map(([, realm = '']) => realm))];
}

/** Whether scripts (lua.conf) or a web server (xml_curl.conf) are asked for the dialplan first, as FusionPBX has it. */
export function dialplanFrom(lua: string, curl: string): string[] {
  return [
    ...(/<param name="xml-handler-bindings" value="[^"]*\bdialplan\b/.test(lua) ? ['lua.conf'] : []),
    ...(/<param name="gateway-url" [^>]*bindings="[^"]*\bdialplan\b/.test(curl) ? ['xml_curl.conf'] : []),
  ];
}

/**
 * Whether what is logged at the level `info` is written anywhere, from switch.conf, console.conf and logfile.conf;
 * `undefined` where the switch does not say. They are read because `fsctl loglevel` does not only tell: without a level it switches the log off (switch_core.c,
 * SCSC_LOGLEVEL).
 */
export function logsInfo(core: string, console: string, logfile: string): boolean | undefined {
  if (!isXml(core)) return undefined;
  const isMapped = (sink: string) => /<map [^>]*value="[^"]*\b(info|all)\b/i.test(sink);
  return !isCut(core) && ((isMapped(console) && !isCut(console)) || isMapped(logfile));
}

/** Where nothing is said of a level, everything is logged. */
function isCut(xml: string): boolean {
  const [, level = 'debug'] = /<param name="loglevel" value="(\w+)"/.exec(xml) ?? [];
  return !/^(info|debug|[6-9])$/i.test(level);
}
