import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import type { Notice } from '../../src/delivery/notice.js';
import { DeliveryWorld, FAILED } from '../support/delivery-world.js';
import { testDelivery } from '../support/delivery.js';

const ACCOUNT = 'example.com';
const MINUTE = 60_000;

describe('a webhook and its attempts', () => {
  let world: DeliveryWorld;

  beforeEach(async () => {
    world = await DeliveryWorld.start();
  });
  afterEach(() => world.close());

  it('is told once where the log of its attempts cannot be stored for long', async () => {
    const id = await world.store.webhooks.create(ACCOUNT, { settings: world.settings() });
    const hour = world.clock.now() + 60 * MINUTE;
    await world.delivery.close();
    world.delivery = await testDelivery(world.store, {
      webhooks: {
        get: (account, webhook) => world.store.webhooks.get(account, webhook),
        list: (account) => world.store.webhooks.list(account),
        log: (...of) => world.store.webhooks.log(...of),
        change: (account, webhook, change) => world.store.webhooks.change(account, webhook, change),
        changeLog: (account, webhook, change) =>
          world.clock.now() < hour
            ? Promise.reject(FAILED)
            : world.store.webhooks.changeLog(account, webhook, change),
      },
      clock: world.clock,
      log: world.log,
    });
    await world.happened();
    await world.pass(150 * MINUTE);
    expect(world.receiver.received).to.have.length(1);
    expect((await world.store.webhooks.log(ACCOUNT, id)).attempts).to.have.length(1);
    expect(await world.outbox()).to.deep.equal([]);
  });

  it('keeps a log of its attempts, and tries as often as it says', async () => {
    const id = await world.store.webhooks.create(ACCOUNT, { settings: world.settings({ retries: 2 }) });
    world.receiver.answer(500);
    await world.happened();
    await world.pass(60 * MINUTE);
    expect(world.receiver.received).to.have.length(3);
    world.receiver.answer(200);
    await world.happened();
    await world.delivery.idle();
    const { attempts } = await world.store.webhooks.log(ACCOUNT, id);
    expect(attempts.map(({ attempt, result, status }) => [attempt, result, status])).to.deep.equal([
      [1, 'success', 200],
      [3, 'failure', 500],
      [2, 'failure', 500],
      [1, 'failure', 500],
    ]);
    expect(await world.outbox()).to.deep.equal([]);
  });

  describe('that is told again', () => {
    const again = async (id: string, event: string) =>
      world.delivery.tellAgain(ACCOUNT, id, world.store.webhooks.get(ACCOUNT, id)!, event);
    const bodies = () => world.receiver.received.map(({ body }) => JSON.parse(body.toString()) as Notice);

    it('hears of what was given up, with the recording as it is now, and the next attempt is in the log', async () => {
      const id = await world.store.webhooks.create(ACCOUNT, {
        settings: world.settings({ retries: 0, custom_data: { mine: 1 } }),
      });
      world.receiver.answer(500);
      const recording = await world.happened();
      await world.delivery.idle();
      expect(await world.outbox()).to.deep.equal([]);
      await world.store.recordings.save({ ...recording, label: 'since then' });
      world.receiver.answer(200);
      const [first] = bodies();
      expect(await again(id, first!.id)).to.equal('sent');
      expect(bodies()[1]).to.deep.equal({
        ...first,
        recording: { ...first!.recording, label: 'since then' },
      });
      const { attempts, given_up } = await world.store.webhooks.log(ACCOUNT, id);
      expect(given_up).to.equal(0);
      expect(attempts.map(({ attempt, result }) => [attempt, result])).to.deep.equal([
        [2, 'success'],
        [1, 'failure'],
      ]);
    });

    it('is told no more by itself where that arrives, and goes on being told where it does not', async () => {
      const id = await world.store.webhooks.create(ACCOUNT, { settings: world.settings() });
      world.receiver.answer(500);
      await world.happened();
      await world.delivery.idle();
      const [first] = bodies();
      expect(await again(id, first!.id)).to.include({ error: 'http_status', status: 500 });
      expect(await world.outbox()).to.have.length(1);
      world.receiver.answer(200);
      expect(await again(id, first!.id)).to.equal('sent');
      expect(await world.outbox()).to.deep.equal([]);
      await world.pass(60 * MINUTE);
      expect(bodies()).to.deep.equal([first, first, first]);
    });

    it('hears nothing of an event that it was never told, or whose recording is gone', async () => {
      const id = await world.store.webhooks.create(ACCOUNT, { settings: world.settings({ retries: 0 }) });
      expect(await again(id, 'none')).to.equal(undefined);
      world.receiver.answer(500);
      await world.happened();
      await world.delivery.idle();
      expect(await again(id, bodies()[0]!.id)).to.equal(undefined);
      expect(world.receiver.received).to.have.length(1);
    });
  });

  it('keeps no more than the newest hundred attempts', async () => {
    const id = await world.store.webhooks.create(ACCOUNT, { settings: world.settings() });
    await Promise.all(Array.from({ length: 105 }, () => world.happened()));
    await world.delivery.idle();
    expect((await world.store.webhooks.log(ACCOUNT, id)).attempts).to.have.length(100);
  });

  it('disables it, with the reason, when ten events in a row were given up', async () => {
    const id = await world.store.webhooks.create(ACCOUNT, { settings: world.settings({ retries: 0 }) });
    world.receiver.answer(500);
    for (let i = 0; i < 9; i++) await world.happened();
    await world.delivery.idle();
    world.receiver.answer(200);
    await world.happened();
    await world.delivery.idle();
    world.receiver.answer(500);
    for (let i = 0; i < 9; i++) await world.happened();
    await world.delivery.idle();
    expect(world.store.webhooks.get(ACCOUNT, id)?.settings.enabled).to.equal(undefined);
    await world.happened();
    await world.delivery.idle();
    expect(world.store.webhooks.get(ACCOUNT, id)).to.deep.equal({
      settings: { ...world.settings({ retries: 0 }), enabled: false },
      disable_reason: '10 events in a row could not be told; the last attempt: http_status 500',
    });
    const { lines } = await world.store.audit.page(100);
    expect(lines).to.have.lengthOf(1);
    expect(lines[0]!.line).to.deep.include({
      action: 'webhook',
      by: 'service',
      result: 'ok',
      account_id: ACCOUNT,
      webhook_id: id,
      before: {},
      after: {
        enabled: false,
        disable_reason: '10 events in a row could not be told; the last attempt: http_status 500',
      },
    });
    world.receiver.received.length = 0;
    await world.happened();
    await world.delivery.idle();
    expect(world.receiver.received).to.have.length(0);
  });

  it('disables it when that is accounted for, once, however often it is tried', async () => {
    let fails = true;
    await world.restart({
      audit: (event) => (fails ? Promise.reject(FAILED) : world.store.audit.append(event)),
    });
    const id = await world.store.webhooks.create(ACCOUNT, { settings: world.settings() });
    world.receiver.answer(410);
    for (let i = 0; i < 2; i++) await world.happened();
    await world.delivery.idle();
    expect(world.store.webhooks.get(ACCOUNT, id)?.settings.enabled).to.equal(undefined);
    fails = false;
    await world.pass(60 * MINUTE);
    expect(world.store.webhooks.get(ACCOUNT, id)?.settings.enabled).to.equal(false);
    expect((await world.store.audit.page(100)).lines).to.have.lengthOf(1);
  });

  it('disables it at once when the receiver is gone for good', async () => {
    const id = await world.store.webhooks.create(ACCOUNT, { settings: world.settings() });
    world.receiver.answer(410);
    await world.happened();
    await world.delivery.idle();
    expect(world.store.webhooks.get(ACCOUNT, id)?.disable_reason).to.equal('the receiver answered 410 Gone');
  });

  it('disables it once where it says so to several at once', async () => {
    const id = await world.store.webhooks.create(ACCOUNT, { settings: world.settings() });
    const responses: ServerResponse[] = [];
    world.receiver.respond((_request, response) => {
      responses.push(response);
      if (responses.length === 3) for (const each of responses) each.writeHead(410).end();
    });
    await Promise.all([world.happened(), world.happened(), world.happened()]);
    await world.delivery.idle();
    expect(world.store.webhooks.get(ACCOUNT, id)?.settings.enabled).to.equal(false);
    expect((await world.store.audit.page(100)).lines).to.have.lengthOf(1);
  });

  it('stays deleted where it was as its last event was given up', async () => {
    const id = await world.store.webhooks.create(ACCOUNT, { settings: world.settings() });
    await world.delivery.close();
    world.delivery = await testDelivery(world.store, {
      clock: world.clock,
      webhooks: {
        get: (...of) => world.store.webhooks.get(...of),
        list: (account) => world.store.webhooks.list(account),
        log: (...of) => world.store.webhooks.log(...of),
        changeLog: (...change) => world.store.webhooks.changeLog(...change),
        change: async (...change) => {
          await world.store.webhooks.delete(ACCOUNT, id);
          return world.store.webhooks.change(...change);
        },
      },
    });
    world.receiver.answer(410);
    await world.happened();
    await world.delivery.idle();
    expect(world.receiver.received).to.have.length(1);
    expect(world.store.webhooks.get(ACCOUNT, id)).to.equal(undefined);
  });

  it('leaves no log where it is deleted while it is told', async () => {
    const id = await world.store.webhooks.create(ACCOUNT, { settings: world.settings() });
    world.receiver.respond((_request, response) => {
      void world.store.webhooks.delete(ACCOUNT, id).then(() => response.end());
    });
    await world.happened();
    await world.delivery.idle();
    expect(await world.store.webhooks.log(ACCOUNT, id)).to.deep.equal({ given_up: 0, attempts: [] });
  });

  it('drops what waits for a webhook that is deleted', async () => {
    const id = await world.store.webhooks.create(ACCOUNT, { settings: world.settings() });
    world.receiver.answer(500);
    await world.happened();
    await world.delivery.idle();
    await world.store.webhooks.delete(ACCOUNT, id);
    world.receiver.received.length = 0;
    await world.pass(MINUTE);
    expect(world.receiver.received).to.have.length(0);
    expect(await world.outbox()).to.deep.equal([]);
  });
});
