import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { expect } from 'chai';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config.js';

const FOLDER = new URL('../../deploy/compose/', import.meta.url);

interface Container {
  build: string | { context?: string; dockerfile_inline?: string };
  environment: Record<string, string>;
  ports?: string[];
  volumes: string[];
  networks?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
}

interface Compose {
  services: Record<'metaflows' | 'freeswitch' | 'couchdb', Container>;
  networks: Record<string, unknown>;
  volumes: Record<string, unknown>;
}

function read(path: string): Promise<string> {
  return readFile(new URL(path, FOLDER), 'utf8');
}

describe('the compose file', () => {
  let text: string;
  let compose: Compose;
  let example: Record<string, string>;
  before(async () => {
    text = await read('compose.yaml');
    compose = parse(text, { strict: true }) as Compose;
    example = parseEnv(await read('.env.example')) as Record<string, string>;
  });

  it('asks for what .env.example has, and stops without it', () => {
    const asked = [...text.matchAll(/\$\{(\w+)(:[?-])\}/g)].map(([, name, how]) => [name, how]);
    expect([...new Set(asked.map(([name]) => name))].sort()).to.deep.equal(Object.keys(example).sort());
    expect(asked.filter(([, how]) => how !== ':?')).to.deep.equal([['METAFLOWS_PUBLIC_URL', ':-']]);
    expect(text.replace(/\$\{\w+:[?-]\}/g, '')).not.to.include('$');
  });

  it('configures the service with settings that there are', () => {
    const { environment } = compose.services.metaflows;
    const filled = Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [
        name,
        value.replace(/\$\{(\w+):[?-]\}/g, (_whole, key: string) =>
          key === 'METAFLOWS_PUBLIC_URL' ? '' : `a-${key.toLowerCase()}`,
        ),
      ]),
    );
    const loaded = loadConfig(filled);
    expect(loaded.ok ? [] : loaded.errors).to.deep.equal([]);
    if (!loaded.ok) return;
    expect(loaded.config.switches).to.deep.equal([
      { host: 'freeswitch', port: 8021, password: 'a-esl_password' },
    ]);
    expect(loaded.config.database).to.equal('http://metaflows:a-couchdb_password@couchdb:5984/metaflows');
    expect(loaded.config.adminToken).to.equal('a-metaflows_admin_token');
  });

  it('names networks, volumes and services that it has, and folders that there are', () => {
    for (const [name, container] of Object.entries(compose.services)) {
      for (const network of container.networks ?? []) {
        if (network !== 'default') expect(compose.networks, name).to.have.property(network);
      }
      for (const volume of container.volumes) {
        expect(compose.volumes, name).to.have.property(volume.split(':')[0] ?? '');
      }
      for (const other of Object.keys(container.depends_on ?? {}))
        expect(compose.services).to.have.property(other);
      const folder = typeof container.build === 'string' ? container.build : container.build.context;
      if (folder === undefined) continue;
      expect(existsSync(fileURLToPath(new URL(`${folder}/Dockerfile`, FOLDER))), folder).to.equal(true);
    }
  });

  it('lets service and switch see one folder of recordings as one path and one uid', async () => {
    const { metaflows, freeswitch } = compose.services;
    expect(freeswitch.volumes).to.deep.equal(metaflows.volumes);
    const path = metaflows.volumes[0]?.split(':')[1] ?? '';
    expect(await read('../../Dockerfile'))
      .to.include(`METAFLOWS_RECORDINGS_DIR=${path}\n`)
      .and.to.include('USER node');
    // node's, in the official image
    expect(await read('freeswitch/Dockerfile'))
      .to.include(`USER 1000:1000`)
      .and.to.include(`mkdir -p ${path} `);
  });

  it('publishes neither the event socket nor the database, and HTTP to this machine alone', () => {
    const { metaflows, freeswitch, couchdb } = compose.services;
    expect(couchdb).not.to.have.property('ports');
    expect(couchdb.networks).to.deep.equal(['database']);
    expect(compose.networks.database).to.deep.equal({ internal: true });
    expect(freeswitch.ports?.join()).not.to.include('8021');
    expect(metaflows.ports).to.deep.equal(['127.0.0.1:8000:8000']);
  });

  it('starts the service when its database answers', async () => {
    const { couchdb, metaflows } = compose.services;
    expect(metaflows.depends_on).to.deep.equal({ couchdb: { condition: 'service_healthy' } });
    const [how, command = '', ...args] = couchdb.healthcheck?.test ?? [];
    expect(how).to.equal('CMD');
    for (const [status, code] of [
      [200, 0],
      [404, 1],
    ]) {
      const asked: (string | undefined)[] = [];
      const server = createServer(({ url }, res) => {
        asked.push(url);
        res.writeHead(status ?? 0).end();
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const port = String((server.address() as AddressInfo).port);
      const check = spawn(
        command,
        args.map((arg) => arg.replace('5984', port)),
      );
      expect((await once(check, 'exit'))[0]).to.equal(code);
      expect(asked).to.deep.equal(['/_up']);
      server.close();
    }
  });

  it('gives FreeSWITCH the settings that its configuration takes from the environment', async () => {
    const { environment, ports } = compose.services.freeswitch;
    const [dockerfile, eventSocket] = await Promise.all([
      read('freeswitch/Dockerfile'),
      read('freeswitch/event_socket.conf.xml'),
    ]);
    const taken = [...`${dockerfile}${eventSocket}`.matchAll(/env-set.*?=\$(\w+)/g)].map(([, name]) => name);
    expect([...new Set(taken)].sort()).to.deep.equal(Object.keys(environment).sort());
    const [first, last] = ['start', 'end'].map(
      (end) => new RegExp(`rtp-${end}-port.*\\\\1(\\d+)"`).exec(dockerfile)?.[1],
    );
    expect(ports).to.include(`${first}-${last}:${first}-${last}/udp`);
    for (const [, sources = ''] of dockerfile.matchAll(/^COPY (?!--)(.*) \S+$/gm)) {
      for (const name of sources.split(' ')) expect(await read(`freeswitch/${name}`)).not.to.equal('');
    }
  });
});
