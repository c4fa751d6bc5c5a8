/** The real HTTP app on a real database in a folder of its own, with a call registry that a test fills. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { inspect } from 'node:util';
import type { Express } from 'express';
import { expect } from 'chai';
import request from 'supertest';
import winston from 'winston';
import type { Delivery, DeliveryOptions } from '../../src/delivery/delivery.js';
import { Feed } from '../../src/delivery/feed.js';
import { createApp } from '../../src/http/app.js';
import { Links } from '../../src/http/links.js';
import type { Actor, CallsPort, Channel, Deps, RunOutcome } from '../../src/http/ports.js';
import type { MetaflowNode } from '../../src/generated/metaflows.js';
import type { RecordCallData } from '../../src/generated/record_call.js';
import { Metrics } from '../../src/metrics.js';
import { RecordingFiles } from '../../src/recording/files.js';
import { Removal } from '../../src/recording/removal.js';
import { openStore, type Store } from '../../src/store/store.js';
import { testDelivery } from './delivery.js';

export const ADMIN_TOKEN = "the admin's own words";

/** Live legs as a test puts them there; `outcome` answers for whatever is run. */
export class FakeCalls implements CallsPort {
  readonly legs: Channel[] = [];
  /** The accounts of legs that have ended. */
  readonly ended = new Map<string, string[]>();
  readonly ran: { uuid: string; node: MetaflowNode; actor: Actor }[] = [];
  outcome: () => RunOutcome = () => ({ result: 'done' });

  /** What record_call was told by the only command that there was. */
  get data(): RecordCallData {
    const [run, ...others] = this.ran;
    if (run?.node.module !== 'record_call' || others.length > 0) throw new Error('not one record_call');
    return run.node.data ?? {};
  }

  channels(account: string, of: { user?: string; device?: string }): Channel[] {
    return this.legs.filter(
      (leg) =>
        leg.account === account &&
        (of.user === undefined || leg.user === of.user) &&
        (of.device === undefined || leg.device === of.device),
    );
  }

  channel(account: string, uuid: string): Channel | undefined {
    const leg = this.legs.find((each) => each.uuid === uuid);
    const other = this.legs.find((each) => each.uuid === leg?.otherLeg);
    return leg?.account === account || other?.account === account ? leg : undefined;
  }

  accountsOf(uuid: string): string[] {
    const leg = this.legs.find((each) => each.uuid === uuid);
    const other = this.legs.find((each) => each.uuid === leg?.otherLeg);
    return [leg?.account, other?.account].filter((account) => account !== undefined);
  }

  accountsOfEnded(uuid: string): string[] {
    return this.ended.get(uuid) ?? [];
  }

  async run(uuid: string, node: MetaflowNode, actor: Actor): Promise<RunOutcome> {
    this.ran.push({ uuid, node, actor });
    return Promise.resolve().then(this.outcome);
  }
}

/** A logger of every level, and what it wrote, errors with all that they hold. */
export function capturingLog(): { log: winston.Logger; lines: string[] } {
  const lines: string[] = [];
  const log = winston.createLogger({ level: 'silly' });
  log.pipe(
    new Writable({
      objectMode: true,
      write(info: unknown, _encoding, done) {
        lines.push(inspect(info, { depth: 10 }));
        done();
      },
    }),
  );
  return { log, lines };
}

/** What deletes recordings of a store, and their files below `mount`. */
export function testRemoval(store: Store, mount: string): Removal {
  return new Removal({
    recordings: store.recordings,
    files: new RecordingFiles(mount),
    audit: (event) => store.audit.append(event),
  });
}

export interface Api {
  app: Express;
  store: Store;
  calls: FakeCalls;
  delivery: Delivery;
  feed: Feed;
  metrics: Metrics;
  recordingsMount: string;
  lines: string[];
  close(): Promise<void>;
}

export async function startApi(
  overrides: Partial<Deps> = {},
  ofDelivery: Partial<DeliveryOptions> = {},
  database?: string,
): Promise<Api> {
  const folder = await mkdtemp(join(tmpdir(), 'metaflows-http-'));
  const { log, lines } = capturingLog();
  const store = await openStore(database ?? join(folder, 'db'), log);
  await store.tokens.ensureAdminToken(ADMIN_TOKEN);
  const calls = new FakeCalls();
  const metrics = new Metrics();
  const recordingsMount = join(folder, 'recordings');
  const feed = new Feed();
  const delivery = await testDelivery(store, {
    mount: recordingsMount,
    publish: (notice, users) => feed.publish(notice, users),
    log,
    ...ofDelivery,
  });
  const app = createApp({
    store,
    calls,
    delivery,
    feed,
    links: new Links(await store.webhooks.signingKey(), () => 'http://api.test'),
    removal: testRemoval(store, recordingsMount),
    recordingsMount,
    playsFiles: false,
    status: () => ({ ready: true }),
    system: () => Promise.resolve({ switches: [], outbox: 0, freeBytes: undefined }),
    metrics,
    log,
    version: '1.2.3',
    requestsPerMinute: 100_000,
    corsOrigins: [],
    notificationsPath: '/notifications',
    ...overrides,
  });
  return {
    app,
    store,
    calls,
    delivery,
    feed,
    metrics,
    recordingsMount,
    lines,
    async close() {
      await delivery.close();
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** An answer of Kazoo's API. */
export interface Answer {
  status: number;
  type: string;
  headers: Record<string, string>;
  body: Envelope;
}

export interface Envelope {
  data: Record<string, unknown>;
  message?: string;
  request_id: string;
  revision: string;
}

export type Ask = (method: string, path: string, body?: unknown) => Promise<Answer>;

/** Asks as the holder of `token`, of nobody where there is none; a body that is a string is sent as it is. */
export function asking(api: Api, token?: string): Ask {
  return async (method, path, body) => {
    const asked = request(api.app)[method.toLowerCase() as 'get'](path);
    if (token !== undefined) void asked.set('X-Auth-Token', token);
    if (body === undefined) return asked;
    // What curl calls a body when nobody tells it otherwise.
    return asked.type('form').send(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** Checks the part of Kazoo's envelope that differs from answer to answer, and returns the rest. */
export function unwrapped(body: Envelope, token?: string): object {
  const { request_id, node, timestamp, version, revision, auth_token, ...rest } = body as Envelope &
    Record<string, unknown>;
  expect(request_id).to.match(/^[0-9a-f]{32}$/);
  expect(node).to.match(/^[\w-]{22}$/);
  expect(timestamp).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(version).to.equal('1.2.3');
  expect(revision).to.match(/^[\w-]{32}$/);
  expect(auth_token).to.equal(token);
  return rest;
}
