import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { XMLParser } from 'fast-xml-parser';
import { loadConfig } from '../../src/config.js';
import type { Document, DocumentedOperation } from '../../src/http/openapi/document.js';
import { startService } from '../../src/service.js';
import { Receiver } from '../support/delivery.js';
import { eventually } from '../support/lab-service.js';
import { capturingLog } from '../support/log.js';
import { operationsOf, responseOf, schemasOf, type Checks } from '../support/openapi.js';
import { ACCOUNT, idOf, situation, TOKEN, USER, World } from '../support/situations.js';

describe('the examples of the API’s description', () => {
  let folder: string;
  let receiver: Receiver;
  let world: World;
  let document: Document;
  let checks: Checks;
  const tried = new Set<string>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-openapi-'));
    receiver = new Receiver();
    receiver.respond(({ url }, response) => {
      if (url.startsWith('/refuse')) response.writeHead(400);
      response.end(
        JSON.stringify({ text: 'hello', language: 'en', segments: [{ start: 0, end: 0.1, text: 'hello' }] }),
      );
    });
    const url = await receiver.listen();
    const file = join(folder, 'configuration.json');
    const settings = {
      identity: { device: ['user_name', 'dialed_user'] },
      transcription: { url: `${url}/v1/audio/transcriptions`, model: 'whisper-1' },
    };
    await writeFile(file, JSON.stringify(settings));
    const loaded = loadConfig({
      METAFLOWS_CONFIG: file,
      METAFLOWS_SWITCHES: 'embedded',
      METAFLOWS_HTTP_PORT: '0',
      METAFLOWS_ADMIN_TOKEN: TOKEN,
      METAFLOWS_DATABASE: join(folder, 'db'),
      METAFLOWS_RECORDINGS_DIR: join(folder, 'recordings'),
      METAFLOWS_FLOWS_DIR: join(folder, 'none'),
      METAFLOWS_DELIVERY_ALLOW: '127.0.0.1/32',
    });
    if (!loaded.ok) throw new Error(loaded.errors.join());
    const service = await startService(loaded.config, capturingLog().log);
    world = new World(service, url);
    await eventually('readiness', () => Promise.resolve(service.status().ready || undefined));
    document = (await (await fetch(`${service.url}/openapi.json`)).json()) as Document;
    checks = schemasOf(document);
  });
  after(async () => {
    await world.service.close();
    await receiver.close();
    await rm(folder, { recursive: true });
  });

  for (const tag of ['Health', 'Service', 'Telnyx', 'Bird', 'Ozeki', 'Genesys', 'Kazoo']) {
    it(`are answered as it says: ${tag}`, async function () {
      this.timeout(60_000);
      for (const { path, method, operation } of operationsOf(document)) {
        if (operation.tags[0] !== tag) continue;
        for (const [name, example] of examplesOf(operation)) {
          await run(path, method, operation, name, example);
        }
        await world.service.softswitch!.hangup(USER).catch(() => undefined);
        tried.add(operation.operationId);
      }
    });
  }

  it('are all of them', () => {
    const all = operationsOf(document).map(({ operation }) => operation.operationId);
    expect([...tried]).to.have.members(all);
  });

  it('are refused as it says, without credentials', async () => {
    for (const { path, method, operation } of operationsOf(document)) {
      if (operation.security.length === 0) continue;
      const [[name, example] = ['', undefined]] = examplesOf(operation);
      const what = `${operation.operationId} ${name}`;
      const [type] = Object.keys(operation.requestBody?.content ?? {});
      const { target, body } = requestOf(path, operation, example, { call: 'none' });
      const response = await fetch(world.service.url + target, {
        method,
        ...(body !== undefined && { body, headers: { 'Content-Type': type! } }),
      });
      expect(response.status, what).to.equal(operation.tags[0] === 'Ozeki' ? 200 : 401);
      await fits(operation, response, what);
    }
  });

  async function run(
    path: string,
    method: string,
    operation: DocumentedOperation,
    name: string,
    example: unknown,
  ): Promise<void> {
    const what = `${operation.operationId} ${name}`;
    const known = await situation(world, path, JSON.stringify(example ?? ''));
    const { target, body } = requestOf(path, operation, example, known);
    const content = Object.entries(operation.requestBody?.content ?? {});
    if (body !== undefined && typeof example === 'object') {
      for (const [, { schema }] of content) checks.valid(schema, JSON.parse(real(example, known)), what);
    }
    const url = new URL(world.service.url + target);
    const headers = credentials(operation, url);
    const stop = new AbortController();
    const response = await fetch(url, {
      method,
      signal: stop.signal,
      headers: { ...headers, ...(body !== undefined && { 'Content-Type': content[0]![0] }) },
      ...(body !== undefined && { body }),
    });
    if (!response.ok) expect.fail(`${what}: ${response.status} ${await response.text()}`);
    if (response.headers.get('content-type')?.startsWith('text/event-stream')) stop.abort();
    else await fits(operation, response, what);
  }

  /** The status and the type are described, and the headers and the body are as they are described. */
  async function fits(operation: DocumentedOperation, response: Response, what: string): Promise<void> {
    const described = responseOf(document, operation, response.status);
    expect(described, `${what}: ${response.status}`).to.be.an('object');
    for (const name of Object.keys(described!.headers ?? {})) {
      const { schema } = (document.components['headers'] as Record<string, { schema: { type: string } }>)[
        name
      ]!;
      const value = response.headers.get(name);
      checks.valid(schema, schema.type === 'integer' ? Number(value) : value, `${what}: ${name}`);
    }
    const text = await response.text();
    const type = response.headers.get('content-type')?.split(';')[0] ?? '';
    if (!described!.content) {
      expect(text, what).to.equal('');
      return;
    }
    const media = described!.content[type];
    expect(media, `${what}: ${type}`).to.be.an('object');
    checks.valid(media!.schema, parsed(type, text), what);
  }

  function requestOf(
    path: string,
    operation: DocumentedOperation,
    example: unknown,
    known: Record<string, string>,
  ): { target: string; body?: string } {
    const values: Record<string, string | undefined> = {
      ...known,
      account: ACCOUNT,
      workspace: ACCOUNT,
      user: USER,
      device: USER,
      id: idOf(path, known),
    };
    const valueOf = ({ name, example: given }: { name: string; example?: unknown }) =>
      values[name] ?? (given === undefined ? undefined : real(given, known).replace(/^"|"$/g, ''));
    const { parameters } = operation;
    const target = parameters
      .filter((parameter) => parameter.in === 'path')
      .reduce((text, each) => text.replace(`{${each.name}}`, encodeURIComponent(valueOf(each) ?? 'x')), path);
    const query = new URLSearchParams();
    for (const parameter of parameters.filter((each) => each.in === 'query')) {
      const value = valueOf(parameter);
      if (value !== undefined && (parameter.name in known || 'example' in parameter)) {
        query.set(parameter.name, value);
      }
    }
    const search = query.size > 0 ? `?${query.toString()}` : '';
    if (example === undefined) return { target: target + search };
    const isForm = operation.requestBody?.content['application/x-www-form-urlencoded'] !== undefined;
    const text = real(example, known);
    const form = isForm && new URLSearchParams(JSON.parse(text) as Record<string, string>).toString();
    return { target: target + search, body: form === false ? text : form };
  }

  /** An example as JSON, with what nobody can know who writes one. */
  function real(example: unknown, { call = '' }: Record<string, string>): string {
    return JSON.stringify(example)
      .replaceAll('2f0a5a0e-5b0b-4f6e-9d5c-1f9c2f0a7d11', call)
      .replaceAll('https://example.com/hook', world.receiver)
      .replaceAll('{token}', TOKEN)
      .replaceAll('{MD5 of name:token}', createHash('md5').update(`admin:${TOKEN}`).digest('hex'));
  }

  /** Those of one of the ways that are described, each in its turn. */
  function credentials({ security }: DocumentedOperation, url: URL): Record<string, string> {
    const schemes = Object.keys(security[tried.size % security.length] ?? {});
    const name = `${USER}@${ACCOUNT}`;
    const headers: Record<string, string> = {};
    for (const scheme of schemes) {
      if (scheme === 'AuthToken') headers['X-Auth-Token'] = TOKEN;
      else if (scheme === 'Bearer') headers.Authorization = `Bearer ${TOKEN}`;
      else if (scheme === 'AccessKey') headers.Authorization = `AccessKey ${TOKEN}`;
      else if (scheme === 'Login') headers.Authorization = `Basic ${btoa(`${name}:${TOKEN}`)}`;
      else url.searchParams.set(...QUERY_SCHEMES[scheme]!);
    }
    return headers;
  }
});

const QUERY_SCHEMES: Record<string, [name: string, value: string]> = {
  QueryToken: ['auth_token', TOKEN],
  Username: ['Username', `${USER}@${ACCOUNT}`],
  Password: ['Password', TOKEN],
};

/** Those of the body; one that is nothing where there is no body. */
function examplesOf({ requestBody }: DocumentedOperation): [name: string, example: unknown][] {
  const [{ examples = {} } = {}] = Object.values(requestBody?.content ?? {});
  const named = Object.entries(examples).map(([name, { value }]): [string, unknown] => [name, value]);
  return named.length > 0 ? named : [['', undefined]];
}

function parsed(type: string, text: string): unknown {
  if (type === 'application/json') return JSON.parse(text);
  if (type !== 'application/xml') return text;
  return (new XMLParser().parse(text) as { Response: unknown }).Response;
}
