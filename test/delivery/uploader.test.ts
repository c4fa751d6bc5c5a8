import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { WebhookSettings } from '../../src/generated/webhook.js';
import { happening } from '../../src/recording/events.js';
import { DeliveryWorld } from '../support/delivery-world.js';

const ACCOUNT = 'example.com';
const MINUTE = 60_000;

describe('delivery of a recording', () => {
  let world: DeliveryWorld;

  beforeEach(async () => {
    world = await DeliveryWorld.start();
  });
  afterEach(() => world.close());

  it('sends the file as Kazoo does, named by the recording, with a digest and an idempotency key', async () => {
    const text = 'a sound of some length';
    const doc = await world.completed(`${world.url}/store/?key=a%2Fb~`, text);
    await world.delivery.idle();
    const [received, ...more] = world.receiver.received;
    expect(more).to.deep.equal([]);
    const to = new URL(received!.url, world.url);
    expect(received!.method).to.equal('PUT');
    expect(to.pathname).to.equal(`/store/call_recording_${doc.id}.wav`);
    expect(to.search.startsWith('?key=a%2Fb~&from=')).to.equal(true);
    expect(Object.fromEntries(to.searchParams)).to.deep.equal({
      key: 'a/b~',
      from: doc.from,
      to: doc.to,
      caller_id_name: doc.caller_id_name,
      caller_id_number: doc.caller_id_number,
      call_id: doc.call_id,
      cdr_id: '',
      interaction_id: 'leg-a',
      account_id: ACCOUNT,
    });
    const sha256 = createHash('sha256').update(text).digest('base64');
    expect(received!.headers).to.include({
      'content-type': 'audio/wav',
      'content-length': String(text.length),
      'content-disposition': `attachment; filename="call_recording_${doc.id}.wav"`,
      'content-digest': `sha-256=:${sha256}:`,
      'repr-digest': `sha-256=:${sha256}:`,
      'idempotency-key': doc.id,
    });
    expect(received!.body.toString()).to.equal(text);
    expect(await world.stateOf(doc)).to.equal('delivered');
    expect(await world.outbox()).to.deep.equal([]);
    expect(world.told.map(({ event }) => event)).to.deep.equal([
      'recording.completed',
      'recording.delivered',
    ]);
  });

  it('sends with the user and the password of the url, which nobody is shown', async () => {
    const settings: WebhookSettings = { name: 'all', uri: `${world.url}/hook`, hook: 'all', format: 'json' };
    await world.store.webhooks.create(ACCOUNT, { settings });
    const doc = await world.completed(`${world.url.replace('://', '://who:s%40cret@')}/store?key=1`);
    await world.delivery.idle();
    const file = world.receiver.received.find(({ method }) => method === 'PUT')!;
    expect(file.headers.authorization).to.equal(`Basic ${Buffer.from('who:s@cret').toString('base64')}`);
    const { internal, ...shown } = (await world.store.recordings.get(ACCOUNT, doc.id))!;
    expect(shown.url).to.equal(`${world.url}/store?key=1`);
    expect(internal.data).to.have.property('url').that.includes('who:');
    const hooks = world.receiver.received.filter((one) => one.url === '/hook');
    expect(hooks).to.have.length(2);
    for (const { body } of hooks) expect(body.toString()).to.include('store?key=1').and.not.include('cret');
    expect(JSON.stringify(world.told)).not.to.include('cret');
  });

  it('sends with POST where the recording says so, and nothing where it has no url', async () => {
    const doc = await world.finished(`${world.url}/x.php`);
    await world.delivery.onEvent({
      ...happening('completed', world.clock.now()),
      recording: (await world.store.recordings.change(ACCOUNT, doc.id, (d) => ({ ...d, method: 'post' })))!,
    });
    const without = await world.finished(undefined);
    await world.delivery.onEvent({ ...happening('completed', world.clock.now()), recording: without });
    await world.delivery.idle();
    expect(world.receiver.received.map((one) => [one.method, one.url.split('?')[0]])).to.deep.equal([
      ['POST', `/x.php/call_recording_${doc.id}.wav`],
    ]);
    expect(await world.stateOf(without)).to.equal(undefined);
  });

  it('waits for a file that is not to be seen just now', async () => {
    const doc = await world.finished(world.url);
    const path = join(world.folder, doc.internal.file);
    await rm(path);
    await world.delivery.onEvent({ ...happening('completed', world.clock.now()), recording: doc });
    await world.delivery.idle();
    expect((await world.delivery.of(doc))?.last?.error).to.equal('file_gone');
    await writeFile(path, 'back');
    await world.pass(MINUTE);
    expect(world.receiver.received[0]?.body.toString()).to.equal('back');
    expect(await world.stateOf(doc)).to.equal('delivered');
  });

  it('writes no part of a url to the log but the host', async () => {
    world.receiver.answer(500);
    await world.completed(`${world.url.replace('://', '://who:secret1@')}/secret2?token=secret3`);
    await world.completed('http://who:secret1@127.0.0.2/secret2?token=secret3');
    await world.pass(72 * 60 * MINUTE);
    expect(world.lines.length).to.be.greaterThan(5);
    expect(world.lines.join('\n')).not.to.match(/secret\d/);
  });
});
