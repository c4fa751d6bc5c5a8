/** An API on a real socket, with one of everything that a route can name, and a token of every kind. */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { PushInbox } from '../../src/delivery/push.js';
import { consoleRouter } from '../../src/http/console.js';
import { phonesRouter, type Phones } from '../../src/http/phones.js';
import { pushRouter } from '../../src/http/push.js';
import { listen, type HttpServer } from '../../src/http/server.js';
import { uuidOf } from '../../src/http/library.js';
import { uuidDigits } from '../../src/uuid.js';
import type { RecordingDocument } from '../../src/generated/recording.js';
import type { Deps } from '../../src/http/ports.js';
import type { Grant } from '../../src/store/tokens.js';
import { ADMIN_TOKEN, startApi, type Api } from './api.js';
import { channel } from './channels.js';
import { finished } from './finished.js';
import { recordingDocument } from './recordings.js';
import { routesOf, type Route } from './routes.js';

const HOUR_MS = 3_600_000;
export const ACCOUNT = 'example.com';
export const USER = '1001';
/** The leg of {@link USER}, which is being recorded. */
const LEG = 'leg-a';
/** Whose token, and the account whose, may be deleted. */
const VICTIM = 'victim';
const MADE = 'made.com';
const EVENT = uuidDigits(Date.UTC(2026, 0, 1));
const HOOK = { name: 'a hook', uri: 'http://127.0.0.1:1/', hook: 'all' } as const;

/** Whose tokens there are, beside the dead ones. */
const GRANTS = {
  'site viewer': { account: null, role: 'viewer' },
  admin: { account: ACCOUNT, role: 'admin' },
  viewer: { account: ACCOUNT, role: 'viewer' },
  'user 1001': { account: ACCOUNT, role: 'user', user: '1001' },
  'user 1002': { account: ACCOUNT, role: 'user', user: '1002' },
  'other admin': { account: 'other.com', role: 'admin' },
  'other viewer': { account: 'other.com', role: 'viewer' },
  'other user 1001': { account: 'other.com', role: 'user', user: '1001' },
} as const satisfies Record<string, Grant>;

/** `deleted` was a token of the account's admin, `expired` a session of one. */
export const HOLDERS = ['nobody', 'deleted', 'expired', 'site admin', ...Object.keys(GRANTS)] as const;

export interface Asked {
  status: number;
  type: string;
  headers: Headers;
  text: string;
}

const PHONES: Phones = {
  call: () => Promise.resolve('called'),
  press: () => Promise.resolve('pressed'),
  transfer: () => Promise.resolve('transferred'),
  hold: () => Promise.resolve('held'),
  unhold: () => Promise.resolve('unheld'),
  hangup: () => Promise.resolve('hung up'),
};

/** What stands for the console that is built. */
const PAGE = fileURLToPath(new URL('page', import.meta.url));

export class World {
  readonly tokens = new Map<string, string | undefined>();
  /** What stands for the parameters of a path. */
  names: Record<string, string> = {};
  /** Of {@link USER}, as the leg is: one that has ended, what is always the same of it, and one that runs. */
  private readonly recording: Pick<RecordingDocument, 'id' | 'internal' | 'segments' | 'transcription'>;
  private readonly running: RecordingDocument;

  private constructor(
    readonly api: Api,
    readonly server: HttpServer,
    readonly routes: readonly Route[],
  ) {
    const transcription = { status: 'completed', text: 'said', locale: 'en-US' } as const;
    const { id, internal, segments } = recordingDocument({ startedAt: Date.UTC(2026, 0, 1) });
    this.recording = { id, internal, segments, transcription };
    this.running = { ...recordingDocument({ startedAt: Date.UTC(2026, 0, 2) }), call_id: LEG };
  }

  static async start(overrides: Partial<Deps> = {}): Promise<World> {
    const inbox = new PushInbox({ mount: '/nowhere', url: 'http://push.test' });
    const api = await startApi({
      console: consoleRouter(PAGE),
      phones: phonesRouter(PHONES, { find: () => undefined }),
      push: pushRouter(inbox),
      ...overrides,
    });
    const world = new World(api, await listen(api.app, '127.0.0.1', 0), await routesOf(api.app));
    const { tokens } = api.store;
    for (const [holder, grant] of Object.entries(GRANTS)) {
      world.tokens.set(holder, (await tokens.create(grant)).token);
    }
    world.tokens.set('site admin', ADMIN_TOKEN);
    const deleted = await tokens.create(GRANTS.admin);
    world.tokens.set('deleted', deleted.token);
    const admin = tokens.find(world.tokens.get('admin')!)!;
    world.tokens.set('expired', await tokens.session(admin, Date.now() - HOUR_MS - 1));
    await tokens.delete(deleted.id);
    await world.restore();
    return world;
  }

  get url(): string {
    return `http://127.0.0.1:${this.server.port}`;
  }

  /** Makes everything again that a request may have changed. */
  async restore(): Promise<void> {
    const { store, calls } = this.api;
    calls.legs.splice(0);
    calls.legs.push(channel(LEG, { device: 'desk', recording: 'recording' }));
    calls.ran.length = 0;
    calls.outcome = () => ({ result: 'started', recording: this.running });
    const scopes = [{}, { user: USER }, { device: 'desk' }].map((of) => ({ account: ACCOUNT, ...of }));
    const hooks = [ACCOUNT, 'other.com'].flatMap((account) =>
      store.webhooks.list(account).map(([id]) => store.webhooks.delete(account, id)),
    );
    const made = store.tokens.list().filter(({ user, account }) => user === VICTIM || account === MADE);
    const [hook, victim] = await Promise.all([
      store.webhooks.create(ACCOUNT, { settings: HOOK }),
      store.tokens.create({ account: ACCOUNT, role: 'user', user: VICTIM }),
      store.recordings.save(this.running),
      finished(this.api, 0, this.recording),
      store.retention.put(ACCOUNT, { days: 7 }),
      ...scopes.map((scope) => store.metaflows.put(scope, { numbers: { 71: { module: 'record_call' } } })),
      ...scopes.map((scope) => store.callRecording.put(scope, {})),
      ...hooks,
      ...made.map(({ id }) => store.tokens.delete(id)),
    ]);
    const tried = { event: 'recording.completed', event_id: EVENT, recording_id: this.recording.id };
    await store.webhooks.changeLog(ACCOUNT, hook, (log) => ({
      ...log,
      attempts: [{ ...tried, at: 0, attempt: 1, result: 'failure' }],
    }));
    this.names = {
      account: ACCOUNT,
      workspace: ACCOUNT,
      user: USER,
      device: 'desk',
      call: LEG,
      type: 'handshake',
      channel: 'any',
      action: 'hangup',
      extension: 'wav',
      recording: uuidOf(this.running),
      'recordings/:id': this.recording.id,
      'uuid of recordings/:id': uuidOf(this.recording),
      'transcriptions/:id': uuidOf(this.recording),
      'media/:account/:id': this.recording.id,
      'channels/:id': LEG,
      'calls/:id': LEG,
      'webhooks/:id': hook,
      'attempts/:event': EVENT,
      'tokens/:id': victim.id,
      'push/:id': this.recording.id,
    };
  }

  /** A route's path with the names of things that there are; `parts` say what becomes of the first ones. */
  fill(path: string, parts: readonly ((name: string) => string)[] = []): string {
    const isUuid = /^\/(v2\/recordings|workspaces)/.test(path);
    const given = parts.values() as Iterator<(name: string) => string, undefined>;
    return path.replace(/:(\w+)/g, (_, name: string, at: number) => {
      const kind = /([^/]+\/(?::account\/)?)$/.exec(path.slice(0, at))?.[1] ?? '';
      const key = `${kind}:${name}`;
      const found =
        (isUuid ? this.names[`uuid of ${key}`] : undefined) ?? this.names[key] ?? this.names[name];
      if (found === undefined) throw new Error(`nothing stands for :${name} in ${path}`);
      const { value: change } = given.next();
      return change ? change(encodeURIComponent(found)) : encodeURIComponent(found);
    });
  }

  /** What a request carries for `token` where this route is of a system with its own way. */
  async ask(
    method: string,
    path: string,
    token: string | undefined,
    body?: string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<Asked> {
    const aborting = new AbortController();
    const { url, headers: credentials } = this.credentials(path, token);
    const answer = await fetch(this.url + url, {
      method,
      headers: { ...credentials, ...headers },
      redirect: 'manual',
      signal: aborting.signal,
      ...(body !== undefined && { body }),
    });
    const type = answer.headers.get('content-type') ?? '';
    const isStream = type.startsWith('text/event-stream') && method !== 'HEAD';
    const text = isStream ? '' : await answer.text();
    if (isStream) aborting.abort();
    return { status: answer.status, type, headers: answer.headers, text };
  }

  /** All that can be changed over HTTP; the audit, which keeps what was refused too, is no part of it. */
  async state(): Promise<string> {
    const { store, calls } = this.api;
    const recordings = [];
    for (const account of [ACCOUNT, 'other.com']) {
      recordings.push(await store.recordings.list(account, { limit: 100 }));
    }
    const scopes = [{}, { user: USER }, { user: '1002' }, { device: 'desk' }];
    return JSON.stringify([
      recordings,
      [ACCOUNT, 'other.com'].map((account) => [
        scopes.map((scope) => store.metaflows.get({ account, ...scope })),
        scopes.map((scope) => store.callRecording.get({ account, ...scope })),
        store.retention.get(account),
        store.webhooks.list(account),
      ]),
      store.tokens.list(),
      calls.ran,
    ]);
  }

  async close(): Promise<void> {
    this.api.feed.close();
    await this.server.close();
    await this.api.close();
  }

  credentials(path: string, token: string | undefined): { url: string; headers: Record<string, string> } {
    const name = `${USER}@${ACCOUNT}`;
    if (token === undefined) return { url: path, headers: {} };
    if (/^\/api($|\?)/.test(path)) {
      const login = new URLSearchParams({ Username: name, Password: token }).toString();
      return { url: `${path}${path.includes('?') ? '&' : '?'}${login}`, headers: {} };
    }
    if (/^\/(api\/|notifications)/.test(path)) {
      const Authorization = `Basic ${Buffer.from(`${name}:${token}`).toString('base64')}`;
      return { url: path, headers: { Authorization } };
    }
    if (path.startsWith('/workspaces'))
      return { url: path, headers: { Authorization: `AccessKey ${token}` } };
    return { url: path, headers: { 'X-Auth-Token': token } };
  }
}

/** The body with which a request of each kind is granted, where it has one. */
export function bodyFor(method: string, path: string, token = ''): string | undefined {
  const found = BODIES.find(([methods, pattern]) => methods.includes(method) && pattern.test(path));
  const body = found?.[2];
  return typeof body === 'function' ? JSON.stringify(body(token)) : body && JSON.stringify(body);
}

const WRITES = ['POST', 'PUT', 'PATCH'];

const BODIES: [methods: string[], path: RegExp, body: object | ((token: string) => object)][] = [
  [WRITES, /\/(metaflows|call_recording)$/, { data: {} }],
  [WRITES, /^\/v2\/accounts\/.*\/channels\//, { action: 'metaflow', data: { module: 'hangup' } }],
  [WRITES, /\/retention$/, { data: { days: 3 } }],
  [WRITES, /\/(webhooks\/[^/]+|webhooks)$/, { data: HOOK }],
  [WRITES, /\/tokens$/, { data: { account: MADE, role: 'viewer' } }],
  [WRITES, /\/api_auth$/, (token) => ({ data: { api_key: token } })],
  [
    WRITES,
    /\/user_auth$/,
    (token) => ({
      data: {
        account_name: ACCOUNT,
        credentials: createHash('md5').update(`1001:${token}`).digest('hex'),
      },
    }),
  ],
  [WRITES, /record_start$/, { format: 'wav', channels: 'single' }],
  [WRITES, /^\/v2\/calls|\/(record|recordings\/[^/]+)$/, {}],
  [WRITES, /^\/workspaces\/.*\/transcriptions$/, { locale: 'en-US' }],
  [WRITES, /^\/api\/v2/, { operationName: 'StopCallRecording' }],
  [
    WRITES,
    /^\/notifications/,
    { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'] },
  ],
  [WRITES, /^\/phones/, { arguments: ['1001'] }],
  [WRITES, /\/(hold|delivery|transcription|test)$/, { data: {} }],
];
