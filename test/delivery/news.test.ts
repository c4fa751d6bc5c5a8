import { expect } from 'chai';
import type { Notice } from '../../src/delivery/notice.js';
import { happening } from '../../src/recording/events.js';
import { DeliveryWorld, FAILED } from '../support/delivery-world.js';
import { testDelivery } from '../support/delivery.js';
import { eventually } from '../support/lab-service.js';
import { recordingDocument } from '../support/recordings.js';

const ACCOUNT = 'example.com';
const MINUTE = 60_000;

describe('a webhook, though the service dies or the store fails,', () => {
  let world: DeliveryWorld;

  beforeEach(async () => {
    world = await DeliveryWorld.start();
  });
  afterEach(() => world.close());

  it('has what it is to tell in the store when the event is taken in', async () => {
    const id = await world.store.webhooks.create(ACCOUNT, { settings: world.settings() });
    world.receiver.answer(500);
    await world.happened();
    expect((await world.outbox()).map((each) => each.split('/').slice(0, 3))).to.deep.equal([
      ['webhook', ACCOUNT, id],
    ]);
  });

  it('is told, in order and with the same id, what the service did not live to tell', async () => {
    await world.store.webhooks.create(ACCOUNT, { settings: world.settings() });
    const doc = recordingDocument();
    const happened = (['started', 'masked', 'unmasked'] as const).map((type) =>
      happening(type, world.clock.now()),
    );
    await world.store.recordings.save(doc, happened.slice(0, 1));
    await world.store.recordings.save({ ...doc, state: 'masked' }, happened.slice(1));
    const killed = await testDelivery(world.store, {
      clock: world.clock,
      recordings: {
        get: (...of) => world.store.recordings.get(...of),
        change: (...change) => world.store.recordings.change(...change),
        untold: (isOurs) => world.store.recordings.untold(isOurs),
        told: () => new Promise(() => undefined),
      },
    });
    // It tells the first one, and does not live to note that.
    const last = new Promise<void>((resolve) =>
      world.receiver.respond((_request, response) => {
        response.end();
        resolve();
      }),
    );
    void killed.start();
    await last;
    await eventually(
      'the end of its first shipment',
      async () => (await world.outbox()).length === 0 || undefined,
    );
    await world.restart();
    await world.delivery.idle();
    const ids = happened.map(({ id }) => id);
    expect(world.told.map(({ id }) => id)).to.deep.equal(ids);
    const bodies = world.receiver.received.map(({ body }) => JSON.parse(body.toString()) as Notice);
    expect(bodies.map(({ id, recording }) => `${id} ${recording!.state}`)).to.have.members([
      `${ids[0]!} recording`,
      `${ids[0]!} recording`,
      `${ids[1]!} masked`,
      `${ids[2]!} masked`,
    ]);
    await world.restart();
    await world.delivery.idle();
    expect(world.receiver.received).to.have.length(4);
  });

  it('is waited for: what somebody must not miss is kept, and what nobody is told is not', async () => {
    const quiet = { ...happening('masked', world.clock.now()), recording: recordingDocument() };
    const over = {
      ...happening('completed', world.clock.now()),
      recording: await world.finished('http://example.com/'),
    };
    expect([quiet, over].map((event) => world.delivery.isAwaited(event))).to.deep.equal([false, true]);
    await world.delivery.onEvent(quiet);
    expect(world.told.map(({ id }) => id)).to.deep.equal([quiet.id]);
    await world.store.webhooks.create(ACCOUNT, { settings: world.settings() });
    expect(world.delivery.isAwaited(quiet)).to.equal(true);
    await world.restart({ isShared: true });
    const elsewhere = { ...quiet, recording: { ...quiet.recording, account_id: 'other.com' } };
    expect(world.delivery.isAwaited(elsewhere)).to.equal(true);
  });

  it('is told nothing of a recording that is deleted, or was never stored', async () => {
    await world.store.webhooks.create(ACCOUNT, { settings: world.settings() });
    const doc = recordingDocument();
    await world.store.recordings.save(doc, [happening('started', world.clock.now())]);
    await world.store.recordings.delete(ACCOUNT, doc.id);
    await world.restart();
    await world.delivery.idle();
    expect(world.receiver.received).to.deep.equal([]);
    const again = happening('started', world.clock.now());
    await world.store.recordings.save(doc, [happening('started', world.clock.now())]);
    await world.store.recordings.delete(ACCOUNT, doc.id);
    await world.store.recordings.save(doc, [again]);
    expect((await world.store.recordings.untold(() => true)).map(({ id }) => id)).to.deep.equal([again.id]);
  });

  it('is told in order what the store would not take at first', async () => {
    await world.store.webhooks.create(ACCOUNT, { settings: world.settings() });
    let fails = true;
    await world.delivery.close();
    world.delivery = await testDelivery(world.store, {
      store: world.failing({
        create: (id, parcel) => (fails ? Promise.reject(FAILED) : world.store.outbox.create(id, parcel)),
      }),
      clock: world.clock,
      publish: (notice) => world.told.push(notice),
    });
    const doc = recordingDocument();
    const happened = (['started', 'masked'] as const).map((type) => happening(type, world.clock.now()));
    await world.store.recordings.save(doc, happened);
    for (const each of happened) await world.delivery.onEvent({ ...each, recording: doc });
    await world.pass(MINUTE);
    expect(world.told).to.deep.equal([]);
    fails = false;
    await world.pass(MINUTE);
    expect(world.told.map(({ id }) => id)).to.deep.equal(happened.map(({ id }) => id));
    expect(world.receiver.received).to.have.length(2);
    expect(await world.store.recordings.untold(() => true)).to.deep.equal([]);
  });

  it('is told what the store would not give, or forget, at first', async () => {
    await world.store.webhooks.create(ACCOUNT, { settings: world.settings() });
    const gets = [FAILED, FAILED];
    const replaces = [FAILED];
    await world.delivery.close();
    world.delivery = await testDelivery(world.store, {
      store: world.failing({
        get: (id) => (gets.pop() ? Promise.reject(FAILED) : world.store.outbox.get(id)),
        replace: (id, known, next) =>
          replaces.pop() ? Promise.reject(FAILED) : world.store.outbox.replace(id, known, next),
      }),
      clock: world.clock,
      log: world.log,
    });
    await world.happened();
    await world.pass(MINUTE);
    expect(world.receiver.received).to.have.length(1);
    expect(await world.outbox()).to.deep.equal([]);
    expect(world.lines.filter((line) => line.includes('could not be handled'))).to.have.lengthOf(3);
  });
});
