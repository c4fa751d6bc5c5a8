import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { loadConfig } from '../../src/config.js';
import type { Notice } from '../../src/delivery/notice.js';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { startService, type Service } from '../../src/service.js';
import { Receiver, type Received } from '../support/delivery.js';
import { capturingLog } from '../support/log.js';

describe('the service, with a destination', () => {
  const TOKEN = 'the admin token';
  let folder: string;
  let service: Service;
  let running: boolean;
  let receiver: Receiver;
  let url: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-service-'));
    receiver = new Receiver();
    url = await receiver.listen();
    const loaded = loadConfig({
      METAFLOWS_SWITCHES: 'embedded',
      METAFLOWS_HTTP_PORT: '0',
      METAFLOWS_ADMIN_TOKEN: TOKEN,
      METAFLOWS_DATABASE: join(folder, 'db'),
      METAFLOWS_RECORDINGS_DIR: join(folder, 'recordings'),
      METAFLOWS_FLOWS_DIR: join(folder, 'flows'),
      METAFLOWS_DELIVERY_ALLOW: '127.0.0.1/32',
    });
    if (!loaded.ok) throw new Error(loaded.errors.join());
    service = await startService(loaded.config, capturingLog().log);
    running = true;
    while (!service.status().ready) await setTimeout(10);
  });
  afterEach(async () => {
    if (running) await service.close();
    await receiver.close();
    await rm(folder, { recursive: true });
  });

  async function ask(method: string, path: string, data?: object): Promise<unknown> {
    const headers = { 'X-Auth-Token': TOKEN };
    const body = data && JSON.stringify({ data });
    const response = await fetch(`${service.url}/v2/accounts/demo${path}`, {
      method,
      headers,
      ...(body && { body }),
    });
    expect(response.ok, `${method} ${path}`).to.equal(true);
    return ((await response.json()) as { data: unknown }).data;
  }

  it('sends what was recorded, and tells webhooks and the live stream of it', async () => {
    const arrived: Received[] = [];
    const all = new Promise<void>((resolve) => {
      receiver.respond((request, response) => {
        response.end();
        // started, stopped, completed, the file, delivered
        if (arrived.push(request) === 5) resolve();
      });
    });
    await ask('PUT', '/webhooks', { name: 'x', uri: `${url}/hook`, hook: 'recording', format: 'json' });
    const data = { module: 'record_call', data: { url: `${url}/files`, method: 'post' } };
    const codes = { '71': data, '74': { module: 'record_call', data: { action: 'stop' } } };
    await ask('POST', '/users/1002/metaflows', { numbers: codes });
    const stream = await fetch(
      `${service.url}/v2/accounts/demo/events?auth_token=${encodeURIComponent(TOKEN)}`,
    );
    const streamed = stream.text();

    const completed = once(service.recordings, 'completed') as Promise<[RecordingDocument]>;
    await service.softswitch!.call('1001', '1002');
    await service.softswitch!.press('1002', '*71');
    await service.softswitch!.press('1002', '*74');
    const [{ id, internal }] = await completed;
    await all;
    await service.softswitch!.hangup('1001');

    const [file, ...more] = arrived.filter((one) => one.url.startsWith('/files/'));
    expect(more).to.deep.equal([]);
    expect(file!.method).to.equal('POST');
    expect(file!.url.startsWith(`/files/call_recording_${id}.wav?`)).to.equal(true);
    expect(file!.body.equals(await readFile(join(folder, 'recordings', internal.file)))).to.equal(true);
    expect(await ask('GET', `/recordings/${id}`)).to.include({ id, delivery: 'delivered' });
    const hooks = arrived
      .filter((one) => one.url === '/hook')
      .map(({ body }) => (JSON.parse(body.toString()) as Notice).event);
    expect(hooks).to.have.members([
      'recording.started',
      'recording.stopped',
      'recording.completed',
      'recording.delivered',
    ]);

    while (((await ask('GET', '/channels')) as unknown[]).length > 0);
    await service.close();
    running = false;
    const told = [...(await streamed).matchAll(/^event: (.*)$/gm)].map(([, event]) => event!);
    expect(told.slice(0, 2)).to.deep.equal(['call.created', 'call.created']);
    expect(told).to.include.members(['call.answered', 'call.bridged', 'call.unbridged']);
    expect(told.filter((event) => event.startsWith('recording.'))).to.deep.equal([
      'recording.started',
      'recording.stopped',
      'recording.completed',
      'recording.delivered',
    ]);
    expect(told.filter((event) => event === 'call.ended')).to.have.length(2);
  });
});
