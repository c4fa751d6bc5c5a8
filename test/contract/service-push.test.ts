import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LabSocket } from '../support/lab-socket.js';
import { TestService } from '../support/lab-service.js';
import { windows } from '../support/tones.js';
import { talk } from './commands.js';
import { useLab } from './shared-lab.js';

/** Where the switch finds the service: what it sends is passed on to `target`, or refused where there is none. */
class Gate {
  target: Promise<string> | undefined;
  answers = 503;
  refused = 0;
  private readonly server = createServer((req, res) => void this.pass(req, res));

  private async pass(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (this.target === undefined) {
      this.refused++;
      res.writeHead(this.answers).end();
      return;
    }
    const { method, headers } = req;
    const onward = request(`${await this.target}${req.url}`, { method, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502);
      answer.pipe(res);
    });
    onward.on('error', () => res.destroy());
    req.pipe(onward);
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

describe('contract: the service, files that the switch sends', function () {
  this.timeout(60_000);
  const lab = useLab();
  let mount: string;
  let gate: Gate;
  let settings: Record<string, string>;
  let service: TestService;

  beforeEach(async () => {
    mount = await mkdtemp(join(tmpdir(), 'metaflows-mount-'));
    gate = new Gate();
    settings = { TRANSPORT: 'push', PUSH_URL: await gate.open(), RECORDINGS_MOUNT: mount };
  });
  afterEach(async () => {
    await lab().phones.hangupAll();
    await service.close();
    await gate.close();
    await rm(mount, { recursive: true });
  });

  it('http_put: +OK and the status, or no such command, whatever went wrong; bgapi answers at once', async () => {
    service = await TestService.start(lab(), settings);
    const file = join(lab().recordingsDir, 'contract-push.txt');
    await writeFile(file, 'sound');
    const put = (where: string) => lab().socket.api(`http_put '${settings.PUSH_URL}/x?a=1&b=2' ${where}`);
    const failed = '-ERR http_put Command not found!';
    expect([await put(file), await put(`${file}.none`)]).to.deep.equal([failed, failed]);
    expect(gate.refused).to.equal(1);
    gate.answers = 204;
    expect(await put(file)).to.equal('+OK 204');
    expect(await lab().socket.api(`bgapi http_put ${settings.PUSH_URL} none`)).to.match(
      /^\+OK Job-UUID: \S+$/,
    );
    expect(await lab().socket.api('module_exists mod_http_cache')).to.equal('true');
  });

  it('all segments come with a link that is good for once and in no log; the switch keeps its files', async () => {
    service = await TestService.start(lab(), settings);
    gate.target = Promise.resolve(service.url);
    await service.flows('1001');
    const jobs = await LabSocket.open('jobs', lab().pbx, 'BACKGROUND_JOB');
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await service.bound(caller);
    expect(await service.code(caller, '*71')).to.equal('done');
    await talk(700);
    const third = await lab().phones.transfer(callee, '1003');
    await talk(700);
    await lab().phones.hangup(third);

    const doc = await service.recording(caller, 'completed');
    expect(doc).to.include({ stop_reason: 'hangup' });
    expect(doc.segments).to.have.lengthOf(2);
    const { channels, rate, ms } = await service.audio(doc);
    expect(Math.abs(doc.duration_ms - ms)).to.be.below(1);
    const [left, right] = channels.map((samples) => windows(samples, rate)) as [string[], string[]];
    expect(left).to.include('440');
    expect(right).to.include.members(['880', '1120']);
    for (const { file } of doc.segments) expect(existsSync(join(lab().recordingsDir, file))).to.equal(true);
    expect(existsSync(join(mount, doc.segments[0]!.file))).to.equal(true);

    const job = await jobs.until('job', (event) => event['Job-Command'] === 'http_put');
    jobs.close();
    const link = /http:[^ ']+/.exec(job['Job-Command-Arg']!)![0];
    expect(link).to.match(/signature=./);
    expect((await fetch(link, { method: 'PUT', body: 'something else' })).status).to.equal(403);
    expect((await service.audio(doc)).ms).to.equal(ms);
    expect(service.lines.join()).not.to.include('signature=');
  });

  it('a stop is not kept waiting for the file; the service killed meanwhile asks for it again', async () => {
    service = await TestService.spawn(lab(), undefined, settings);
    await service.flows('1001');
    const { caller } = await lab().phones.call('1001', '1002');
    await service.bound(caller);
    expect(await service.code(caller, '*71')).to.equal('done');
    await talk(700);
    expect(await service.code(caller, '*74')).to.equal('done');
    expect(await service.recording(caller, 'recording')).to.include({ stop_reason: 'code' });
    await service.kill();
    await talk(700);

    const again = TestService.spawn(lab(), service, settings);
    gate.target = again.then(({ url }) => url);
    service = await again;
    const doc = await service.recording(caller, 'completed');
    expect(gate.refused).to.be.above(0);
    expect(doc.stop_reason).to.equal('code');
    expect(doc.audit.map(({ action, by }) => `${action} ${by}`)).to.deep.equal(['start code', 'stop code']);
    const { channels, rate, ms } = await service.audio(doc);
    expect(ms).to.be.within(600, 1600);
    expect(windows(channels[0]!, rate)).to.include('440');
    expect(windows(channels[1]!, rate)).to.include('880');
  });
});
