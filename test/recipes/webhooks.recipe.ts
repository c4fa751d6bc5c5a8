import { spawn, type ChildProcess } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { newSecret } from '../../src/delivery/webhook.js';
import { Receiver, type Received } from '../support/delivery.js';
import { eventually, TestService } from '../support/lab-service.js';
import { startLab, type Lab } from '../support/lab.js';

const [SECRET, ANOTHER] = [newSecret(), newSecret()];
const file = (name: string) => fileURLToPath(new URL(`../../docs/recipes/${name}`, import.meta.url));

const RECEIVERS: Record<string, [command: string, ...args: string[]]> = {
  'Node.js': [process.execPath, file('webhook.mjs')],
  Python: ['python3', file('webhook.py')],
  PHP: ['php', '-S', '127.0.0.1:0', file('webhook.php')],
};

describe('the receivers of webhooks in docs/recipes', function () {
  this.timeout(60_000);
  let lab: Lab;
  let service: TestService;
  let middle: Receiver;
  /** What the service has really sent. */
  let sent: Received;

  before(async () => {
    lab = await startLab();
    service = await TestService.start(lab, { DELIVERY_ALLOW: '127.0.0.1/32' });
    await service.flows('1002');
    middle = new Receiver();
    await hook(await middle.listen(), SECRET, 'recording.started');
    const { caller, callee } = await lab.phones.call('1001', '1002');
    await service.bound(callee);
    expect(await service.code(callee, '*71')).to.equal('done');
    sent = await eventually('webhook', () => Promise.resolve(middle.received[0]));
    await lab.phones.hangup(caller);
  });
  after(async () => {
    await service.close();
    await middle.close();
    await lab.close();
  });

  async function hook(uri: string, secret: string, hook = 'recording.delivered'): Promise<string> {
    const settings = { name: 'recipe', uri, hook, format: 'json', signature: 'hmac-sha256', secret };
    const { status, data } = await service.ask('PUT', `/accounts/${lab.domain}/webhooks`, settings);
    expect(status).to.equal(201);
    return data['id'] as string;
  }

  /** What a webhook of this secret is answered when the service calls `uri`. */
  async function told(uri: string, secret: string): Promise<unknown> {
    const id = await hook(uri, secret);
    const { data } = await service.ask('POST', `/accounts/${lab.domain}/webhooks/${id}/test`);
    return data['response_code'];
  }

  for (const [language, [command, ...args]] of Object.entries(RECEIVERS)) {
    describe(`in ${language}`, () => {
      let receiver: ChildProcess;
      let url: string;

      before(async () => {
        const env = { PATH: process.env.PATH, WEBHOOK_SECRET: SECRET, PORT: '0' };
        receiver = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
        await once(receiver, 'spawn');
        url = await listening(receiver);
      });
      after(async () => {
        const exit = once(receiver, 'exit');
        receiver.kill();
        await exit;
      });

      /** The status that is answered to what was sent, with what `changes` it. */
      async function post(changes: { body?: Buffer; headers?: Record<string, string> }): Promise<number> {
        const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature', 'content-type'];
        const headers = Object.fromEntries(names.map((name) => [name, sent.headers[name] as string]));
        const body = new Uint8Array(changes.body ?? sent.body);
        const answer = await fetch(url, {
          method: 'POST',
          headers: { ...headers, ...changes.headers },
          body,
        });
        return answer.status;
      }

      it('takes what the service sends', async () => {
        expect(await told(url, SECRET)).to.equal(204);
        expect(await post({})).to.equal(204);
      });

      it('refuses another secret’s', async () => {
        expect(await told(url, ANOTHER)).to.equal(401);
      });

      it('refuses a body in which one byte was changed', async () => {
        const body = Buffer.from(sent.body.toString().replace('started', 'stopped'));
        expect(body.equals(sent.body)).to.equal(false);
        expect(await post({ body })).to.equal(401);
      });

      it('refuses what was signed ten minutes ago, or is to be in ten', async () => {
        for (const minutes of [-10, 10]) {
          expect(await post({ headers: signedAt(Math.floor(Date.now() / 1000) + minutes * 60) })).to.equal(
            401,
          );
        }
        expect(await post({ headers: signedAt(Math.floor(Date.now() / 1000)) }), 'now').to.equal(204);
      });

      it('refuses what is not signed, or by a time that is none', async () => {
        expect(await post({ headers: { 'webhook-signature': '' } })).to.equal(401);
        expect(await post({ headers: { 'webhook-signature': 'v1,AAAA' } })).to.equal(401);
        expect(await post({ headers: { 'webhook-timestamp': 'now' } })).to.equal(401);
      });
    });
  }

  /** The headers of what was sent, as whoever has the secret would have made them then. */
  function signedAt(timestamp: number): Record<string, string> {
    const hmac = createHmac('sha256', Buffer.from(SECRET.slice('whsec_'.length), 'base64'));
    hmac.update(`${sent.headers['webhook-id'] as string}.${timestamp}.`).update(sent.body);
    return {
      'webhook-timestamp': String(timestamp),
      'webhook-signature': `v1,${hmac.digest('base64')}`,
    };
  }
});

/** Resolves with the URL that it says it listens at. */
function listening({ stdout, stderr }: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    for (const output of [stdout, stderr] as Readable[]) {
      const lines = createInterface(output);
      lines.on('line', (line) => {
        const url = /http:\/\/127\.0\.0\.1:[1-9]\d*/.exec(line)?.[0];
        if (url !== undefined) resolve(url);
      });
      lines.on('close', () => reject(new Error('the receiver ended')));
    }
  });
}
