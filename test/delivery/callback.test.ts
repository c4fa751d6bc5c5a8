import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Delivery } from '../../src/delivery/delivery.js';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { happening } from '../../src/recording/events.js';
import { openStore, type Store } from '../../src/store/store.js';
import { Receiver, TestClock, testDelivery } from '../support/delivery.js';
import { capturingLog } from '../support/log.js';
import { recordingDocument } from '../support/recordings.js';

describe('the callback of a recording', () => {
  let folder: string;
  let store: Store;
  let receiver: Receiver;
  let url: string;
  let clock: TestClock;
  let delivery: Delivery;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-callback-'));
    store = await openStore(join(folder, 'db'), capturingLog().log);
    receiver = new Receiver();
    url = `${await receiver.listen()}/record_finished.php?from=pbx`;
    clock = new TestClock();
    delivery = await testDelivery(store, { clock, random: () => 0.5 });
  });
  afterEach(async () => {
    await delivery.close();
    await receiver.close();
    await store.close();
    await rm(folder, { recursive: true });
  });

  const recording = (state: RecordingDocument['state'] = 'completed', to = url): RecordingDocument => ({
    ...recordingDocument({
      account: 'a b',
      data: { format: 'mp3', callback: { system: 'ozeki', url: to, base_url: 'http://pbx:8000' } },
    }),
    state,
    duration: 12,
  });
  const ended = async (doc: RecordingDocument): Promise<void> => {
    await store.recordings.save(doc);
    const type = doc.state as 'completed' | 'discarded' | 'failed';
    await delivery.onEvent({ ...happening(type, clock.now()), recording: doc });
    await delivery.idle();
  };
  const waiting = async (): Promise<string[]> => {
    const ids: string[] = [];
    for await (const [id] of store.outbox.list()) ids.push(id);
    return ids;
  };

  it('is told by a form POST that it is complete, and where it can be had', async () => {
    const doc = recording();
    await ended(doc);
    const [request, ...others] = receiver.received;
    expect(others).to.deep.equal([]);
    expect(request).to.include({ method: 'POST', url: '/record_finished.php?from=pbx' });
    expect(request!.headers['content-type']).to.equal('application/x-www-form-urlencoded');
    expect(Object.fromEntries(new URLSearchParams(request!.body.toString()))).to.deep.equal({
      NotificationName: 'RecordCompleted',
      CallId: doc.call_id,
      RecordURL: `http://pbx:8000/v2/accounts/a%20b/recordings/${doc.id}?accept=audio/mpeg`,
      Duration: '12',
    });
    expect(await waiting()).to.deep.equal([]);
  });

  it('is told again until it has heard, also after a restart', async () => {
    receiver.answer(500);
    await ended(recording());
    expect(receiver.received).to.have.length(1);
    await delivery.close();
    receiver.answer(200);
    delivery = await testDelivery(store, { clock });
    await delivery.start();
    await clock.pass(10_000, () => delivery.idle());
    expect(receiver.received).to.have.length(2);
    expect(await waiting()).to.deep.equal([]);
  });

  it('is told, once, where the service was killed as soon as the document was stored', async () => {
    await store.recordings.save(recording(), [happening('completed', clock.now())]);
    await delivery.start();
    await delivery.idle();
    expect(receiver.received).to.have.length(1);
    await delivery.close();
    delivery = await testDelivery(store, { clock });
    await delivery.start();
    await delivery.idle();
    expect(receiver.received).to.have.length(1);
  });

  it('is told nothing of a recording that is not complete, or is deleted', async () => {
    for (const state of ['discarded', 'failed'] as const) await ended(recording(state));
    receiver.answer(503);
    const doc = recording();
    await ended(doc);
    expect(receiver.received).to.have.length(1);
    await store.recordings.delete(doc.account_id, doc.id);
    await clock.pass(3_600_000, () => delivery.idle());
    expect(receiver.received).to.have.length(1);
    expect(await waiting()).to.deep.equal([]);
  });

  it('is given up where its address is not permitted', async () => {
    await ended(recording('completed', url.replace('127.0.0.1', '127.0.0.2')));
    expect(await waiting()).to.deep.equal([]);
    expect(receiver.received).to.deep.equal([]);
  });
});
