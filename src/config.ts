/** The configuration: environment variables over the JSON file that METAFLOWS_CONFIG names, validated by schema. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { isAbsolute, resolve } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import type {
  Configuration,
  DigitSettings,
  GenesysSettings,
  IdentityVariables,
  Limits,
  RecordingSettings,
  Tones,
  TranscriptionSettings,
} from './generated/configuration.js';
import { parseSwitchUrl, type SwitchAddress } from './switch/url.js';

/** What the service runs with, complete and frozen. */
export interface Config {
  /** Event sockets; `embedded` is the built-in softswitch. */
  switches: readonly (SwitchAddress | 'embedded')[];
  httpHost: string;
  /** 0 lets the system choose. */
  httpPort: number;
  /** Where clients reach the API, where that is not the address it listens on. */
  publicUrl?: string;
  adminToken?: string;
  /** A folder or an http(s) URL. */
  database: string;
  /** As FreeSWITCH sees it, absolute. */
  recordingsDir: string;
  /** The same folder as this service sees it. */
  recordingsMount: string;
  /** This service's URL as switches see it, without a slash at its end; where it is missing, their folder is seen. */
  pushUrl?: string;
  flowsDir: string;
  /** Address ranges to which nothing is sent, and those of them to which it is all the same. */
  deliveryDeny: readonly string[];
  deliveryAllow: readonly string[];
  /** Of other sites whose pages may call the API. */
  corsOrigins: readonly string[];
  logLevel: string;
  identity: Required<IdentityVariables>;
  digits: DigitSettings & Required<Pick<DigitSettings, 'capture'>>;
  tones: Required<Tones>;
  recording: Required<RecordingSettings>;
  /** Where text is made of recordings; nowhere where it is missing. */
  transcription?: TranscriptionSettings;
  limits: Required<Limits>;
  genesys: Required<GenesysSettings>;
}

export type LoadedConfig = { ok: true; config: Config } | { ok: false; errors: string[] };

const schema = JSON.parse(
  readFileSync(new URL('../schemas/configuration.json', import.meta.url), 'utf8'),
) as { properties: Record<string, { type?: string }> };
const validate = new Ajv({ allErrors: true, useDefaults: true, strict: true }).compile<Configuration>(schema);
const PREFIX = 'METAFLOWS_';

/** Reads the configuration; `errors` has one clear line for each thing that is wrong with it. Throws nothing. */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): LoadedConfig {
  const errors: string[] = [];
  const raw = { ...readFile(env[`${PREFIX}CONFIG`], errors), ...readEnvironment(env, errors) };
  const values = structuredClone(raw) as Configuration & Record<string, unknown>;
  if (!validate(values)) {
    const faults = validate.errors ?? [];
    errors.push(...faults.map((error) => explain(error, env)));
    // What is wrong beside these is told as well: the others are looked at as if these had not been set.
    for (const key of faults.map(topLevelKey)) Reflect.deleteProperty(values, key);
    validate(values);
  }
  const settings = values as Required<Configuration>;
  const switches = listed(settings.switches)
    .map((text) => {
      if (text === 'embedded') return text;
      const parsed = parseSwitchUrl(text);
      if (typeof parsed === 'string') errors.push(`${PREFIX}SWITCHES: ${parsed}`);
      return parsed;
    })
    .filter((address) => address === 'embedded' || typeof address !== 'string');
  if (settings.switches.trim() === '') errors.push(`${PREFIX}SWITCHES: names no event socket`);
  const ranges = (key: 'delivery_deny' | 'delivery_allow'): string[] => {
    const given = listed(settings[key]);
    for (const range of given.filter((text) => !isRange(text))) {
      errors.push(
        `${PREFIX}${key.toUpperCase()}: ${JSON.stringify(range)} is no address range such as 10.0.0.0/8`,
      );
    }
    return given;
  };
  const [deliveryDeny, deliveryAllow] = [ranges('delivery_deny'), ranges('delivery_allow')];
  const corsOrigins = listed(settings.cors_origins);
  for (const origin of corsOrigins.filter((text) => !isOrigin(text))) {
    errors.push(`${PREFIX}CORS_ORIGINS: ${JSON.stringify(origin)} is no origin such as https://crm.example`);
  }
  if (!isUrl(settings.database) && /^[a-z]+:\/\//.test(settings.database)) {
    errors.push(`${PREFIX}DATABASE: must be a folder, or an http:// or https:// URL`);
  }
  if (values.transcription && !URL.canParse(values.transcription.url)) {
    errors.push('transcription.url: must be an http:// or https:// URL');
  }
  if (settings.recordings_dir.split('/').includes('..') && !isAbsolute(settings.recordings_dir)) {
    errors.push(`${PREFIX}RECORDINGS_DIR: must be absolute where it leaves this folder`);
  }
  if (settings.transport === 'push' && !isBaseUrl(values.push_url ?? '')) {
    errors.push(
      `${PREFIX}PUSH_URL: must be this service's http:// or https:// URL as the switch sees it, without a query, where the transport is push`,
    );
  }
  if (errors.length > 0) return { ok: false, errors };

  const recordingsDir = resolve(settings.recordings_dir);
  const config: Config = {
    switches,
    httpHost: settings.http_host,
    httpPort: settings.http_port,
    ...(values.public_url !== undefined && { publicUrl: values.public_url.replace(/\/+$/, '') }),
    ...(values.admin_token !== undefined && { adminToken: values.admin_token }),
    database: isUrl(settings.database) ? settings.database : resolve(settings.database),
    recordingsDir,
    recordingsMount: resolve(values.recordings_mount ?? recordingsDir),
    ...(settings.transport === 'push' && { pushUrl: settings.push_url.replace(/\/+$/, '') }),
    flowsDir: resolve(settings.flows_dir),
    deliveryDeny,
    deliveryAllow,
    corsOrigins,
    logLevel: settings.log_level,
    identity: settings.identity as Config['identity'],
    digits: settings.digits as Config['digits'],
    tones: settings.tones as Config['tones'],
    recording: settings.recording as Config['recording'],
    ...(values.transcription && { transcription: values.transcription }),
    limits: settings.limits as Config['limits'],
    genesys: settings.genesys as Config['genesys'],
  };
  return { ok: true, config: Object.freeze(config) };
}

/** What is separated by commas. */
function listed(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
}

/** Whether a browser would say so of a page. */
function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

function readFile(path: string | undefined, errors: string[]): object {
  if (!path) return {};
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    errors.push(`${PREFIX}CONFIG: ${path} must hold a JSON object`);
  } catch (error) {
    errors.push(`${PREFIX}CONFIG: ${path} cannot be read: ${(error as Error).message}`);
  }
  return {};
}

/** Every top-level key whose value is a single one can come from the environment; an empty variable counts as none. */
function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  errors: string[],
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  // TOKEN is the command line's, which runs in the same environment.
  const known = new Set([`${PREFIX}CONFIG`, `${PREFIX}TOKEN`]);
  for (const [key, property] of Object.entries(schema.properties)) {
    if (property.type === 'object') continue;
    const name = PREFIX + key.toUpperCase();
    known.add(name);
    const text = env[name];
    if (text === undefined || text === '') continue;
    values[key] = property.type === 'integer' && /^-?\d+$/.test(text) ? Number(text) : text;
  }
  for (const name of Object.keys(env)) {
    if (name.startsWith(PREFIX) && !known.has(name)) errors.push(`${name}: there is no such setting`);
  }
  return values;
}

function explain(error: ErrorObject, env: Readonly<Record<string, string | undefined>>): string {
  const path = error.instancePath.slice(1).replaceAll('/', '.');
  const extra = (error.params as { additionalProperty?: string }).additionalProperty;
  const name = PREFIX + path.toUpperCase();
  const where = env[name] ? name : [path, extra].filter(Boolean).join('.') || 'the configuration';
  if (extra !== undefined) return `${where}: there is no such setting`;
  const allowed = (error.params as { allowedValues?: unknown[] }).allowedValues;
  return `${where}: ${error.message ?? 'is wrong'}${allowed ? `: ${allowed.join(', ')}` : ''}`;
}

function topLevelKey({ instancePath, params }: ErrorObject): string {
  const extra = (params as { additionalProperty?: string }).additionalProperty ?? '';
  return instancePath.split('/')[1] ?? extra;
}

function isRange(text: string): boolean {
  const [address = '', bits = ''] = text.split('/');
  const family = isIP(address);
  return family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
}

function isUrl(text: string): boolean {
  return /^https?:\/\//.test(text);
}

/** Something can be added to its path. */
function isBaseUrl(text: string): boolean {
  return /^https?:\/\/[^\s?#]+$/.test(text) && URL.canParse(text);
}
