import { createHmac, verify } from 'node:crypto';
import { expect } from 'chai';
import type { Notice } from '../../src/delivery/notice.js';
import { DeliveryWorld } from '../support/delivery-world.js';

const ACCOUNT = 'example.com';

describe('delivery to a webhook', () => {
  let world: DeliveryWorld;

  beforeEach(async () => {
    world = await DeliveryWorld.start();
  });
  afterEach(() => world.close());

  it('tells it what happened, with custom data and without what is the service’s own', async () => {
    await world.store.webhooks.create(ACCOUNT, { settings: world.settings({ custom_data: { mine: 1 } }) });
    await world.store.webhooks.create('other.example', { settings: world.settings() });
    const { internal, ...shown } = await world.happened();
    await world.delivery.idle();
    expect(internal.leg).to.equal('leg-a');
    const [received, ...more] = world.receiver.received;
    expect(more).to.deep.equal([]);
    expect(received).to.deep.include({ method: 'POST', url: '/hook?a=b' });
    expect(received!.headers['content-type']).to.equal('application/json');
    const body = JSON.parse(received!.body.toString()) as Notice;
    expect(body).to.deep.equal({
      event: 'recording.masked',
      id: received!.headers['webhook-id'],
      timestamp: new Date(world.clock.now()).toISOString(),
      account_id: ACCOUNT,
      recording: shown,
      custom_data: { mine: 1 },
    });
    expect(world.told.map(({ id }) => id)).to.deep.equal([body.id]);
    expect(await world.outbox()).to.deep.equal([]);
  });

  it('tells only those who want to know', async () => {
    const paths: Record<string, string> = {};
    for (const hook of ['all', 'recording', 'recording.masked', 'recording.started'] as const) {
      paths[hook] = `/${hook}`;
      await world.store.webhooks.create(ACCOUNT, {
        settings: world.settings({ hook, uri: `${world.url}/${hook}` }),
      });
    }
    await world.store.webhooks.create(ACCOUNT, { settings: world.settings({ enabled: false }) });
    await world.happened('masked');
    await world.delivery.idle();
    expect(world.receiver.received.map(({ url: path }) => path).sort()).to.deep.equal([
      '/all',
      '/recording',
      '/recording.masked',
    ]);
  });

  it('signs with Ed25519, the same id and a new time at each attempt', async () => {
    await world.store.webhooks.create(ACCOUNT, { settings: world.settings() });
    world.receiver.answer(500);
    await world.happened();
    await world.delivery.idle();
    await world.restart();
    world.receiver.answer(200);
    await world.pass(5000);
    const [first, second, ...more] = world.receiver.received;
    expect(more).to.deep.equal([]);
    expect(second!.headers['webhook-id']).to.equal(first!.headers['webhook-id']);
    expect(second!.body.equals(first!.body)).to.equal(true);
    for (const { headers, body } of [first!, second!]) {
      const id = String(headers['webhook-id']);
      const at = String(headers['webhook-timestamp']);
      const [version, signature = ''] = String(headers['webhook-signature']).split(',');
      expect(version).to.equal('v1a');
      const check = (text: string) =>
        verify(null, Buffer.from(text), world.delivery.publicKey(), Buffer.from(signature, 'base64'));
      expect(check(`${id}.${at}.${body.toString()}`)).to.equal(true);
      expect(check(`${id}.${Number(at) + 1}.${body.toString()}`)).to.equal(false);
    }
    const waited = Number(second!.headers['webhook-timestamp']) - Number(first!.headers['webhook-timestamp']);
    expect(waited).to.equal(3);
  });

  it('signs with HMAC-SHA256 where it has a secret', async () => {
    const key = Buffer.from('0123456789abcdef0123456789abcdef');
    const secret = `whsec_${key.toString('base64')}`;
    await world.store.webhooks.create(ACCOUNT, {
      settings: world.settings({ signature: 'hmac-sha256' }),
      secret,
    });
    await world.happened();
    await world.delivery.idle();
    const { headers, body } = world.receiver.received[0]!;
    const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body.toString()}`;
    const expected = createHmac('sha256', key).update(signed).digest('base64');
    expect(headers['webhook-signature']).to.equal(`v1,${expected}`);
  });

  it('speaks Kazoo’s form, in a body or in a query', async () => {
    await world.store.webhooks.create(ACCOUNT, {
      settings: { name: 'form', uri: `${world.url}/form`, hook: 'all', custom_data: { a: [1, { b: true }] } },
    });
    await world.store.webhooks.create(ACCOUNT, {
      settings: world.settings({ http_verb: 'get', uri: `${world.url}/get?x=y` }),
    });
    const recording = await world.happened();
    await world.delivery.idle();
    const of = (path: string) => world.receiver.received.find((one) => one.url.startsWith(path))!;
    const form = of('/form');
    expect(form.headers['content-type']).to.equal('application/x-www-form-urlencoded');
    const fields = new URLSearchParams(form.body.toString());
    expect(fields.get('event')).to.equal('recording.masked');
    expect(fields.get('recording[id]')).to.equal(recording.id);
    expect(fields.get('recording[segments][][call_id]')).to.equal('leg-a');
    expect(fields.get('custom_data[a][]')).to.equal('1');
    expect(fields.get('custom_data[a][][b]')).to.equal('true');
    const get = of('/get');
    expect(get.method).to.equal('GET');
    expect(get.body).to.have.length(0);
    const query = new URL(get.url, world.url).searchParams;
    expect(query.get('x')).to.equal('y');
    expect(query.get('recording[id]')).to.equal(recording.id);
  });
});
