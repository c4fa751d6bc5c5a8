/**
 * CouchDB's protocol over real HTTP: PouchDB's own server, or the CouchDB that `TEST_COUCHDB` names with an admin's name
 * and password, behind a relay that can be cut and silenced.
 */
import { randomBytes } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import expressPouchdb from 'express-pouchdb';
import PouchDB from 'pouchdb';
import { Relay } from './lab-relay.js';

const NAME = 'metaflows';
export const PASSWORD = 'the/password of the database';

/** Reads the first line of every request that it passes on: bodies are JSON, of one line. */
class CountingRelay extends Relay {
  readonly requests: string[] = [];

  protected override pass(client: Socket, target: Socket): void {
    client.on('data', (chunk: Buffer) => {
      for (const [, request = ''] of chunk.toString().matchAll(/^([A-Z]+ \/\S*) HTTP\/1\.1\r$/gm))
        this.requests.push(request);
    });
    super.pass(client, target);
  }
}

export class Couch {
  private readonly relay: CountingRelay;
  private database = newName();
  private port = 0;

  private constructor(
    private readonly target: URL,
    private readonly server?: Server,
    private readonly folder?: string,
  ) {
    this.relay = new CountingRelay(Number(target.port));
  }

  /** The requests that have come, as `GET /database/…`. */
  get requests(): string[] {
    return this.relay.requests;
  }

  static async start(): Promise<Couch> {
    const real = process.env.TEST_COUCHDB;
    const couch = real === undefined ? await Couch.pouch() : new Couch(new URL(real));
    await couch.back();
    return couch;
  }

  /** The URL of the database, which nobody has made yet. */
  url(password = decodeURIComponent(this.target.password)): string {
    return `http://${this.target.username}:${encodeURIComponent(password)}@127.0.0.1:${this.port}/${this.database}`;
  }

  /** The same, not through the relay. */
  direct(): string {
    return `${this.target.origin.replace('//', `//${this.target.username}:${this.target.password}@`)}/${this.database}`;
  }

  /** Cuts every connection, and refuses others. */
  away(): Promise<void> {
    return this.relay.close();
  }

  /** Takes connections again, at the same port. */
  async back(): Promise<void> {
    this.port = await this.relay.open(this.port);
  }

  /** Takes whatever is said, and answers nothing. */
  silence(): void {
    this.relay.silent = true;
  }

  /** Cuts every connection, and answers on new ones. */
  cut(): void {
    this.relay.silent = false;
    this.relay.cut();
  }

  /** Deletes the database; the next one has another name. */
  async forget(): Promise<void> {
    this.cut();
    await new PouchDB(this.url()).destroy();
    this.database = newName();
  }

  async close(): Promise<void> {
    await this.forget();
    await this.away();
    this.server?.close();
    this.server?.closeAllConnections();
    if (this.folder !== undefined) await rm(this.folder, { recursive: true });
  }

  private static async pouch(): Promise<Couch> {
    const folder = await mkdtemp(join(tmpdir(), 'metaflows-couch-'));
    const databases = PouchDB.defaults({ prefix: `${folder}/` });
    // It listens for each database that there ever was.
    (PouchDB as unknown as EventEmitter).setMaxListeners(0);
    const app = expressPouchdb(databases, {
      mode: 'minimumForPouchDB',
      // It would keep the heartbeat of feeds to itself; CouchDB compresses nothing.
      overrideMode: { exclude: ['compression'] },
    });
    const expected = `Basic ${Buffer.from(`${NAME}:${PASSWORD}`).toString('base64')}`;
    const server = createServer((request, response) => {
      if (request.headers.authorization === expected) {
        app(request, response);
        return;
      }
      response.writeHead(401, { 'Content-Type': 'application/json' });
      response.end('{"error":"unauthorized","reason":"Name or password is incorrect."}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const target = new URL(`http://${NAME}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`);
    return new Couch(target, server, folder);
  }
}

function newName(): string {
  return `metaflows-${randomBytes(6).toString('hex')}`;
}
