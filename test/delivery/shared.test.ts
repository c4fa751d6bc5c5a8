import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Delivery } from '../../src/delivery/delivery.js';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { happening } from '../../src/recording/events.js';
import { openStore, type Store } from '../../src/store/store.js';
import { Couch } from '../support/couch.js';
import { Receiver, testDelivery } from '../support/delivery.js';
import { storeEnded } from '../support/finished.js';
import { eventually } from '../support/lab-service.js';
import { capturingLog } from '../support/log.js';
import { recordingDocument } from '../support/recordings.js';

/** An instance that acts for the switch of the recordings, or not. */
interface Instance {
  store: Store;
  delivery: Delivery;
  acts: boolean;
}

describe('delivery by instances that share a database', () => {
  const { log } = capturingLog();
  let couch: Couch;
  let folder: string;
  let receiver: Receiver;
  let ours: Instance;
  let theirs: Instance;
  /** Sees the database also where the instances do not. */
  let direct: Store;

  before(async () => {
    couch = await Couch.start();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-shared-'));
    receiver = new Receiver();
    await receiver.listen();
    direct = await openStore(couch.direct(), log);
    ours = await instance(true);
    theirs = await instance(false);
  });
  afterEach(async () => {
    await receiver.close();
    for (const { store, delivery } of [ours, theirs]) {
      await delivery.close();
      await store.close();
    }
    await direct.close();
    await couch.forget();
    await rm(folder, { recursive: true });
  });
  after(() => couch.close());

  async function instance(acts: boolean): Promise<Instance> {
    const store = await openStore(couch.url(), log);
    const isOurs = (switchId: string) => switchId === 'switch' && made.acts;
    const made = { store, delivery: await testDelivery(store, { mount: folder, isOurs, log }), acts };
    await made.delivery.start();
    return made;
  }

  /** A recording whose file is to be sent, as the recorder that acts tells of it. */
  async function completed(): Promise<RecordingDocument> {
    const startedAt = Date.now();
    const doc = recordingDocument({ startedAt, data: { url: `${receiver.url}/files`, method: 'post' } });
    const happened = happening('completed', startedAt);
    const recording = await storeEnded(ours.store, folder, doc, { happened: [happened] });
    if (ours.acts) await ours.delivery.onEvent({ ...happened, recording });
    return recording;
  }
  const stateOf = async ({ account_id, id }: RecordingDocument) =>
    (await direct.recordings.get(account_id, id))?.delivery;
  const becomes = (doc: RecordingDocument, state: string) =>
    eventually(state, async () => (await stateOf(doc)) === state || undefined);
  const hand = async (from: Instance, to: Instance) => {
    from.acts = false;
    from.delivery.release();
    to.acts = true;
    await to.delivery.takeOver();
  };
  const keys = () => receiver.received.map(({ headers }) => headers['idempotency-key']);

  it('sends once, by whoever acts', async () => {
    const docs = [await completed(), await completed()];
    for (const doc of docs) await becomes(doc, 'delivered');
    await theirs.delivery.idle();
    expect(keys()).to.have.members(docs.map(({ id }) => id));
  });

  it('is asked for again of any instance, and done by the one that acts', async () => {
    receiver.answer(410);
    const doc = await completed();
    await becomes(doc, 'failed');
    receiver.answer(200);
    const begun = Date.now();
    await theirs.delivery.retry(doc);
    await becomes(doc, 'delivered');
    expect(Date.now() - begun).to.be.below(1500);
    expect(receiver.received).to.have.length(2);
  });

  it('is taken over with what was on its way, which is cut off', async () => {
    const cut = new Promise<void>((resolve) => {
      receiver.respond((_request, response) => response.once('close', () => resolve()));
    });
    const doc = await completed();
    await eventually('the attempt', () => Promise.resolve(receiver.received.length || undefined));
    await hand(ours, theirs);
    await cut;
    receiver.answer(200);
    await becomes(doc, 'delivered');
    await ours.delivery.idle();
    expect(keys()).to.deep.equal([doc.id, doc.id]);
  });

  it('is taken over with what was told to nobody', async () => {
    ours.acts = false;
    const doc = await completed();
    await theirs.delivery.takeOver();
    expect(await stateOf(doc)).to.equal('pending');
    await hand(ours, theirs);
    await becomes(doc, 'delivered');
    expect(keys()).to.deep.equal([doc.id]);
  });

  it('is taken over when the database can be read again', async () => {
    ours.acts = false;
    const doc = await completed();
    await couch.away();
    await hand(ours, theirs);
    await couch.back();
    await becomes(doc, 'delivered');
  });
});
