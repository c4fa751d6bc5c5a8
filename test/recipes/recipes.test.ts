import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { Receiver } from '../support/delivery.js';
import { eventually, TestService } from '../support/lab-service.js';
import { startLab, type Lab } from '../support/lab.js';
import { silentSpans } from '../support/tones.js';
import { talk } from '../contract/commands.js';

interface Payment {
  mask: (service: object) => Promise<string>;
  unmask: (service: object, leg: string) => Promise<void>;
}

interface Command {
  method: string;
  path: string;
  data: object;
}

/** What the curl commands of a section of docs/recipes.md ask for. */
async function curls(section: string): Promise<Command[]> {
  const page = await readFile(new URL('../../docs/recipes.md', import.meta.url), 'utf8');
  const [, text = ''] = page.split(`\n## ${section}\n`);
  return [
    ...text
      .split('\n## ')[0]!
      .matchAll(/^curl (.*?)http:\/\/127\.0\.0\.1:8000\/v2(\S+)[\s\\]+-d '([^']+)'$/gms),
  ].map(([, options = '', path = '', body = '']) => ({
    method: /-X (\w+)/.exec(options)?.[1] ?? 'POST',
    path,
    data: (JSON.parse(body) as { data: object }).data,
  }));
}

describe('docs/recipes.md', function () {
  this.timeout(60_000);
  let lab: Lab;
  let service: TestService;
  let archive: Receiver;

  before(async () => {
    lab = await startLab();
    archive = new Receiver();
    await archive.listen();
    service = await TestService.start(lab, { DELIVERY_ALLOW: '127.0.0.1/32' });
  });
  after(async () => {
    await service.close();
    await archive.close();
    await lab.close();
  });
  afterEach(() => lab.phones.hangupAll());

  /** Asks for what a section says, for the lab's account and with the test's own server in the archive's place. */
  async function follow(section: string): Promise<Record<string, unknown>[]> {
    const answers = [];
    for (const { method, path, data } of await curls(section)) {
      const text = JSON.stringify(data)
        .replaceAll('example.com', lab.domain)
        .replace(
          `https://metaflows:password@archive.${lab.domain}`,
          archive.url.replace('//', '//metaflows:password@'),
        )
        .replace(`https://archive.${lab.domain}`, archive.url);
      const answer = await service.ask(
        method,
        path.replace('example.com', lab.domain),
        JSON.parse(text) as object,
      );
      expect(answer.status, `${method} ${path}: ${answer.message}`).to.be.within(200, 201);
      answers.push(answer.data);
    }
    return answers;
  }

  it('card payments: all is recorded, and silent while a code or an application masks', async () => {
    const answers = await follow('Card payments');
    expect(answers).to.have.length(3);
    const token = answers[2]!['token'] as string;
    const { mask, unmask } = (await import(
      new URL('../../docs/recipes/payment.mjs', import.meta.url).href
    )) as Payment;
    const agent = { url: service.url, token, account: lab.domain, user: '1002' };
    const refused: unknown = await mask(agent).catch((error: unknown) => error);
    expect(refused).to.have.property('message', 'the agent is in no call');

    const { caller, callee } = await lab.phones.call('1001', '1002');
    await service.bound(callee, '*72', '*73');
    await eventually('recording', async () => (await service.recordings())[0]);
    await talk(600);
    expect(await service.code(callee, '*72')).to.equal('done');
    await talk(600);
    expect(await service.code(callee, '*73')).to.equal('done');
    await talk(600);
    const leg = await mask(agent);
    expect(leg).to.equal(callee.uuid);
    await talk(600);
    await unmask(agent, leg);
    await talk(600);
    await lab.phones.hangup(caller);
    const doc = await eventually('end', async () =>
      (await service.recordings()).find(({ state }) => state === 'completed'),
    );
    await unmask(agent, leg);

    expect(doc.mask_intervals).to.have.length(2);
    expect(doc.audit.map(({ action, by, user_id }) => [action, by, user_id].join(' '))).to.deep.equal([
      'start service ',
      'mask code 1002',
      'unmask code 1002',
      'mask api 1002',
      'unmask api 1002',
      'stop service ',
    ]);
    const { channels, rate } = await service.audio(doc);
    for (const channel of channels) {
      expect(silentSpans(channel, rate, 200)).to.have.length(2);
    }
  });

  it('uploads: what was recorded arrives', async () => {
    expect(await follow('Uploads')).to.have.length(2);
    const { caller, callee } = await lab.phones.call('1001', '1002');
    await service.bound(callee, '*72', '*73');
    await talk(400);
    await lab.phones.hangup(caller);
    const file = await eventually('file', () => Promise.resolve(archive.received[0]));
    expect(file.method).to.equal('PUT');
    expect(file.url).to.match(/^\/recordings\/call_recording_[\w-]+\.wav\?from=1001&to=1002&/);
    expect(file.headers.authorization).to.equal(
      `Basic ${Buffer.from('metaflows:password').toString('base64')}`,
    );
  });

  it('webhooks: a secret is made', async () => {
    const [hook] = await follow('Webhooks');
    expect(hook!['secret']).to.match(/^whsec_/);
  });
});
