import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import { isMetaflowsError } from '../../src/errors.js';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { happening } from '../../src/recording/events.js';
import { DeliveryWorld, FAILED } from '../support/delivery-world.js';
import { Receiver, testDelivery } from '../support/delivery.js';

const ACCOUNT = 'example.com';
const MINUTE = 60_000;

describe('the outbox', () => {
  let world: DeliveryWorld;

  beforeEach(async () => {
    world = await DeliveryWorld.start();
  });
  afterEach(() => world.close());

  it('goes on across two restarts while the destination fails for ten minutes, and delivers each once', async () => {
    const accepted: string[] = [];
    const failsUntil = world.clock.now() + 10 * MINUTE;
    world.receiver.respond(({ url: path }, response) => {
      if (world.clock.now() < failsUntil) response.writeHead(500).end();
      else {
        accepted.push(path.split('?')[0]!);
        response.end();
      }
    });
    const docs = [
      await world.completed(world.url),
      await world.completed(world.url),
      await world.completed(world.url),
    ];
    await world.pass(3 * MINUTE);
    await world.restart();
    docs.push(await world.completed(world.url));
    await world.pass(3 * MINUTE);
    await world.restart();
    expect(accepted).to.deep.equal([]);
    expect(world.receiver.received.length).to.be.within(20, 60);
    await world.pass(30 * MINUTE);
    await world.restart();
    await world.pass(24 * 60 * MINUTE);
    expect(accepted.sort()).to.deep.equal(docs.map(({ id }) => `/call_recording_${id}.wav`).sort());
    for (const doc of docs) expect(await world.stateOf(doc)).to.equal('delivered');
    expect(await world.outbox()).to.deep.equal([]);
  });

  it('loses nothing to a crash between the last save of a recording and its event', async () => {
    const doc = await world.finished(world.url, 'sound', [happening('completed', world.clock.now())]);
    await world.restart();
    await world.delivery.idle();
    expect(world.receiver.received).to.have.length(1);
    expect(await world.stateOf(doc)).to.equal('delivered');
  });

  it('sends nothing again after a crash between the acknowledgement’s save and the end of the shipment', async () => {
    const arrived = new Promise<void>((resolve) => world.receiver.respond(() => resolve()));
    const doc = await world.completed(world.url);
    await arrived;
    const delivered = happening('delivered', world.clock.now());
    const change = (current: RecordingDocument) => ({ ...current, delivery: 'delivered' }) as const;
    await world.store.recordings.change(ACCOUNT, doc.id, change, [delivered]);
    expect(await world.outbox()).to.have.length(1);
    world.receiver.received.length = 0;
    world.told.length = 0;
    await world.restart();
    await world.delivery.idle();
    expect(world.receiver.received).to.have.length(0);
    expect(await world.outbox()).to.deep.equal([]);
    // Nor is it kept from anybody that it has arrived.
    expect(world.told.map(({ event, id }) => [event, id])).to.deep.equal([
      ['recording.delivered', delivered.id],
    ]);
  });

  it('does not lose that it is to be sent again while an attempt comes to nothing', async () => {
    const held: ServerResponse[] = [];
    const arrived = new Promise<void>((resolve) =>
      world.receiver.respond((_request, response) => {
        held.push(response);
        resolve();
      }),
    );
    const doc = await world.completed(world.url);
    await arrived;
    await world.delivery.retry(doc);
    world.receiver.answer(200);
    held[0]!.writeHead(415).end();
    await world.delivery.idle();
    expect(world.receiver.received).to.have.length(2);
    expect(await world.stateOf(doc)).to.equal('delivered');
    expect(await world.outbox()).to.deep.equal([]);
  });

  it('sends nothing again that has been acknowledged, also where it is told to', async () => {
    const doc = await world.completed(world.url);
    await world.delivery.idle();
    await world.delivery.onEvent({ ...happening('completed', world.clock.now()), recording: doc });
    await world.delivery.idle();
    expect(world.receiver.received).to.have.length(1);
    expect(await world.outbox()).to.deep.equal([]);
  });

  it('sends nothing again while the store does not take that it has arrived, and asks it less and less', async () => {
    const { recordings } = world.store;
    const hour = world.clock.now() + 60 * MINUTE;
    let asked = 0;
    await world.delivery.close();
    world.delivery = await testDelivery(world.store, {
      mount: world.folder,
      recordings: {
        get: (account, id) => recordings.get(account, id),
        untold: (isOurs) => recordings.untold(isOurs),
        told: (event) => recordings.told(event),
        change: (...args) => {
          asked++;
          return world.clock.now() < hour ? Promise.reject(FAILED) : recordings.change(...args);
        },
      },
      publish: (notice) => world.told.push(notice),
      clock: world.clock,
      log: world.log,
    });
    const doc = await world.completed(world.url);
    await world.pass(150 * MINUTE);
    expect(world.receiver.received).to.have.length(1);
    expect(asked).to.be.within(8, 16);
    expect(await world.stateOf(doc)).to.equal('delivered');
    expect(world.told.filter(({ event }) => event === 'recording.delivered')).to.have.length(1);
    expect(await world.outbox()).to.deep.equal([]);
  });

  it('tells once that it has arrived, where the store does not forget the shipment at first', async () => {
    const replaces = [FAILED];
    await world.delivery.close();
    world.delivery = await testDelivery(world.store, {
      mount: world.folder,
      store: world.failing({
        replace: (id, known, next) =>
          replaces.pop() ? Promise.reject(FAILED) : world.store.outbox.replace(id, known, next),
      }),
      publish: (notice) => world.told.push(notice),
      clock: world.clock,
      log: world.log,
    });
    await world.completed(world.url);
    await world.pass(MINUTE);
    expect(world.receiver.received).to.have.length(1);
    expect(world.told.filter(({ event }) => event === 'recording.delivered')).to.have.length(1);
    expect(await world.outbox()).to.deep.equal([]);
  });

  it('waits as long where somebody sets the clock back, or ahead', async () => {
    world.receiver.answer(500);
    const doc = await world.completed(world.url);
    await world.delivery.idle();
    world.clock.set(-24 * 60 * MINUTE);
    await world.pass(4000);
    expect(world.receiver.received).to.have.length(2);
    world.clock.set(48 * 60 * MINUTE);
    await world.pass(1000);
    expect(world.receiver.received).to.have.length(2);
    world.clock.set(-48 * 60 * MINUTE);
    await world.restart();
    world.receiver.answer(200);
    await world.pass(60 * MINUTE);
    expect(await world.stateOf(doc)).to.equal('delivered');
  });

  it('goes on with what was under way when the service stopped, as if it had not been tried', async () => {
    const arrived = new Promise<void>((resolve) => world.receiver.respond(() => resolve()));
    const doc = await world.completed(world.url);
    await arrived;
    await world.delivery.close();
    expect((await world.delivery.of(doc))?.attempts).to.equal(0);
    world.receiver.answer(200);
    await world.restart();
    await world.delivery.idle();
    expect(await world.stateOf(doc)).to.equal('delivered');
  });

  it('gives up after 72 hours, keeps why, and sends again when it is asked to', async () => {
    world.receiver.answer(503);
    const doc = await world.completed(world.url);
    await world.pass(72 * 60 * MINUTE - 1);
    expect(await world.stateOf(doc)).to.equal('pending');
    await world.pass(1);
    expect(await world.stateOf(doc)).to.equal('failed');
    const parcel = await world.delivery.of(doc);
    expect(parcel?.last).to.deep.equal({ at: world.clock.now(), error: 'http_status', status: 503 });
    const tried = world.receiver.received.length;
    await world.restart();
    await world.pass(24 * 60 * MINUTE);
    expect(world.receiver.received).to.have.length(tried);

    world.receiver.answer(200);
    await world.delivery.retry(doc);
    await world.delivery.idle();
    expect(await world.stateOf(doc)).to.equal('delivered');
    const again = await world.delivery.retry(doc).catch((error: unknown) => error);
    expect(isMetaflowsError(again, 'already_delivered')).to.equal(true);
    expect(world.receiver.received).to.have.length(tried + 1);
  });

  it('gives up at once where the destination will never take it, or may not be called', async () => {
    world.receiver.answer(415);
    const refused = await world.completed(world.url);
    const denied = await world.completed('http://127.0.0.2:1/');
    await world.delivery.idle();
    expect(await world.stateOf(refused)).to.equal('failed');
    expect(await world.stateOf(denied)).to.equal('failed');
    expect((await world.delivery.of(denied))?.last?.error).to.equal('address_denied');
  });

  it('forgets the shipment of a recording that is deleted', async () => {
    world.receiver.answer(500);
    const doc = await world.completed(world.url);
    await world.pass(MINUTE);
    await world.store.recordings.delete(ACCOUNT, doc.id);
    world.receiver.received.length = 0;
    await world.pass(60 * MINUTE);
    expect(world.receiver.received).to.have.length(0);
    expect(await world.outbox()).to.deep.equal([]);
  });

  it('keeps nobody waiting for dead destinations, and overruns nobody', async () => {
    const dying = Array.from({ length: 40 }, () => new Receiver());
    for (const dead of dying) {
      dead.answer(500);
      await world.completed(await dead.listen());
    }
    await world.delivery.idle();
    const hangs = dying.map((dead) => new Promise<void>((resolve) => dead.respond(() => resolve())));
    await world.clock.pass(MINUTE, () => Promise.resolve());
    await Promise.any(hangs);

    const held: ServerResponse[] = [];
    world.receiver.respond((_request, response) => held.push(response));
    for (let i = 0; i < 20; i++) await world.completed(world.url);
    const alive = new Receiver();
    const arrived = new Promise<void>((resolve) =>
      alive.respond((_request, response) => {
        response.end();
        resolve();
      }),
    );
    await world.completed(await alive.listen());
    await arrived;
    expect(held.length).to.be.within(1, 4);
    expect(dying.filter(({ received }) => received.length > 1).length).to.be.within(1, 16);
    await world.delivery.close();
    await Promise.all([alive, ...dying].map((each) => each.close()));
  });
});
