import { createHash, createHmac, verify } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import type { Delivery, DeliveryOptions } from '../../src/delivery/delivery.js';
import type { Notice } from '../../src/delivery/notice.js';
import { isMetaflowsError, MetaflowsError } from '../../src/errors.js';
import type { RecordingDocument } from '../../src/generated/recording.js';
import type { WebhookSettings } from '../../src/generated/webhook.js';
import { happening, type Happening } from '../../src/recording/events.js';
import { ended, withDelivery } from '../../src/recording/state.js';
import { openStore, type Store } from '../../src/store/store.js';
import { Receiver, TestClock, testDelivery } from '../support/delivery.js';
import { eventually } from '../support/lab-service.js';
import { capturingLog } from '../support/log.js';
import { recordingDocument } from '../support/recordings.js';

const ACCOUNT = 'example.com';
const MINUTE = 60_000;

describe('delivery', () => {
  const { log, lines } = capturingLog();
  let folder: string;
  let store: Store;
  let clock: TestClock;
  let delivery: Delivery;
  let receiver: Receiver;
  let url: string;
  let told: Notice[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-delivery-'));
    clock = new TestClock();
    receiver = new Receiver();
    url = await receiver.listen();
    told = [];
    lines.length = 0;
    await open();
  });
  afterEach(async () => {
    await receiver.close();
    await delivery.close();
    await store.close();
    await rm(folder, { recursive: true });
  });

  async function open(options: Partial<DeliveryOptions> & { silenceMs?: number } = {}): Promise<void> {
    store = await openStore(join(folder, 'db'), log);
    delivery = await testDelivery(store, {
      mount: folder,
      clock,
      random: () => 0.5,
      publish: (notice) => told.push(notice),
      log,
      ...options,
    });
    await delivery.start();
  }

  async function restart(options: Partial<DeliveryOptions> & { silenceMs?: number } = {}): Promise<void> {
    await delivery.close();
    await store.close();
    await open(options);
  }

  const pass = (ms: number) => clock.pass(ms, () => delivery.idle());

  /** A recording as the recorder stores it when it has ended, with its file. */
  async function finished(
    to: string | undefined,
    text = 'sound',
    happened: Happening[] = [],
  ): Promise<RecordingDocument> {
    const doc = recordingDocument({ startedAt: clock.now(), ...(to && { data: { url: to } }) });
    await mkdir(dirname(join(folder, doc.internal.file)), { recursive: true });
    await writeFile(join(folder, doc.internal.file), text);
    await store.recordings.save(doc);
    const over = withDelivery(
      ended(doc, { state: 'completed', reason: 'hangup', durationMs: 1000, size: 5 }),
    );
    await store.recordings.save(over, happened);
    return over;
  }

  async function completed(to: string, text?: string): Promise<RecordingDocument> {
    const recording = await finished(to, text);
    await delivery.onEvent({ ...happening('completed', clock.now()), recording });
    return recording;
  }

  const stateOf = async ({ id }: RecordingDocument) => (await store.recordings.get(ACCOUNT, id))?.delivery;
  const outbox = async () => {
    const ids: string[] = [];
    for await (const [id] of store.outbox.list()) ids.push(id);
    return ids;
  };

  const FAILED = new MetaflowsError('store_failed');
  /** The outbox's store, with what fails in the place of its own. */
  const failing = (overrides: Partial<DeliveryOptions['store']>): DeliveryOptions['store'] => ({
    get: (id) => store.outbox.get(id),
    create: (id, parcel) => store.outbox.create(id, parcel),
    put: (id, parcel) => store.outbox.put(id, parcel),
    replace: (id, known, next) => store.outbox.replace(id, known, next),
    remove: (id) => store.outbox.remove(id),
    list: (prefix) => store.outbox.list(prefix),
    onStored: (listener) => store.outbox.onStored(listener),
    ...overrides,
  });

  describe('of a recording', () => {
    it('sends the file as Kazoo does, named by the recording, with a digest and an idempotency key', async () => {
      const text = 'a sound of some length';
      const doc = await completed(`${url}/store/?key=a%2Fb~`, text);
      await delivery.idle();
      const [received, ...more] = receiver.received;
      expect(more).to.deep.equal([]);
      const to = new URL(received!.url, url);
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
      expect(await stateOf(doc)).to.equal('delivered');
      expect(await outbox()).to.deep.equal([]);
      expect(told.map(({ event }) => event)).to.deep.equal(['recording.completed', 'recording.delivered']);
    });

    it('sends with the user and the password of the url, which nobody is shown', async () => {
      const settings: WebhookSettings = { name: 'all', uri: `${url}/hook`, hook: 'all', format: 'json' };
      await store.webhooks.create(ACCOUNT, { settings });
      const doc = await completed(`${url.replace('://', '://who:s%40cret@')}/store?key=1`);
      await delivery.idle();
      const file = receiver.received.find(({ method }) => method === 'PUT')!;
      expect(file.headers.authorization).to.equal(`Basic ${Buffer.from('who:s@cret').toString('base64')}`);
      const { internal, ...shown } = (await store.recordings.get(ACCOUNT, doc.id))!;
      expect(shown.url).to.equal(`${url}/store?key=1`);
      expect(internal.data).to.have.property('url').that.includes('who:');
      const hooks = receiver.received.filter((one) => one.url === '/hook');
      expect(hooks).to.have.length(2);
      for (const { body } of hooks) expect(body.toString()).to.include('store?key=1').and.not.include('cret');
      expect(JSON.stringify(told)).not.to.include('cret');
    });

    it('sends with POST where the recording says so, and nothing where it has no url', async () => {
      const doc = await finished(`${url}/x.php`);
      await delivery.onEvent({
        ...happening('completed', clock.now()),
        recording: (await store.recordings.change(ACCOUNT, doc.id, (d) => ({ ...d, method: 'post' })))!,
      });
      const without = await finished(undefined);
      await delivery.onEvent({ ...happening('completed', clock.now()), recording: without });
      await delivery.idle();
      expect(receiver.received.map((one) => [one.method, one.url.split('?')[0]])).to.deep.equal([
        ['POST', `/x.php/call_recording_${doc.id}.wav`],
      ]);
      expect(await stateOf(without)).to.equal(undefined);
    });

    it('goes on across two restarts while the destination fails for ten minutes, and delivers each once', async () => {
      const accepted: string[] = [];
      const failsUntil = clock.now() + 10 * MINUTE;
      receiver.respond(({ url: path }, response) => {
        if (clock.now() < failsUntil) response.writeHead(500).end();
        else {
          accepted.push(path.split('?')[0]!);
          response.end();
        }
      });
      const docs = [await completed(url), await completed(url), await completed(url)];
      await pass(3 * MINUTE);
      await restart();
      docs.push(await completed(url));
      await pass(3 * MINUTE);
      await restart();
      expect(accepted).to.deep.equal([]);
      expect(receiver.received.length).to.be.within(20, 60);
      await pass(30 * MINUTE);
      await restart();
      await pass(24 * 60 * MINUTE);
      expect(accepted.sort()).to.deep.equal(docs.map(({ id }) => `/call_recording_${id}.wav`).sort());
      for (const doc of docs) expect(await stateOf(doc)).to.equal('delivered');
      expect(await outbox()).to.deep.equal([]);
    });

    it('loses nothing to a crash between the last save of a recording and its event', async () => {
      const doc = await finished(url, 'sound', [happening('completed', clock.now())]);
      await restart();
      await delivery.idle();
      expect(receiver.received).to.have.length(1);
      expect(await stateOf(doc)).to.equal('delivered');
    });

    it('sends nothing again after a crash between the acknowledgement’s save and the end of the shipment', async () => {
      const arrived = new Promise<void>((resolve) => receiver.respond(() => resolve()));
      const doc = await completed(url);
      await arrived;
      const delivered = happening('delivered', clock.now());
      const change = (current: RecordingDocument) => ({ ...current, delivery: 'delivered' }) as const;
      await store.recordings.change(ACCOUNT, doc.id, change, [delivered]);
      expect(await outbox()).to.have.length(1);
      receiver.received.length = 0;
      told.length = 0;
      await restart();
      await delivery.idle();
      expect(receiver.received).to.have.length(0);
      expect(await outbox()).to.deep.equal([]);
      // Nor is it kept from anybody that it has arrived.
      expect(told.map(({ event, id }) => [event, id])).to.deep.equal([['recording.delivered', delivered.id]]);
    });

    it('does not lose that it is to be sent again while an attempt comes to nothing', async () => {
      const held: ServerResponse[] = [];
      const arrived = new Promise<void>((resolve) =>
        receiver.respond((_request, response) => {
          held.push(response);
          resolve();
        }),
      );
      const doc = await completed(url);
      await arrived;
      await delivery.retry(doc);
      receiver.answer(200);
      held[0]!.writeHead(415).end();
      await delivery.idle();
      expect(receiver.received).to.have.length(2);
      expect(await stateOf(doc)).to.equal('delivered');
      expect(await outbox()).to.deep.equal([]);
    });

    it('sends nothing again that has been acknowledged, also where it is told to', async () => {
      const doc = await completed(url);
      await delivery.idle();
      await delivery.onEvent({ ...happening('completed', clock.now()), recording: doc });
      await delivery.idle();
      expect(receiver.received).to.have.length(1);
      expect(await outbox()).to.deep.equal([]);
    });

    it('sends nothing again while the store does not take that it has arrived, and asks it less and less', async () => {
      const { recordings } = store;
      const hour = clock.now() + 60 * MINUTE;
      let asked = 0;
      await delivery.close();
      delivery = await testDelivery(store, {
        mount: folder,
        recordings: {
          get: (account, id) => recordings.get(account, id),
          untold: (isOurs) => recordings.untold(isOurs),
          told: (event) => recordings.told(event),
          change: (...args) => {
            asked++;
            return clock.now() < hour ? Promise.reject(FAILED) : recordings.change(...args);
          },
        },
        publish: (notice) => told.push(notice),
        clock,
        log,
      });
      const doc = await completed(url);
      await pass(150 * MINUTE);
      expect(receiver.received).to.have.length(1);
      expect(asked).to.be.within(8, 16);
      expect(await stateOf(doc)).to.equal('delivered');
      expect(told.filter(({ event }) => event === 'recording.delivered')).to.have.length(1);
      expect(await outbox()).to.deep.equal([]);
    });

    it('tells once that it has arrived, where the store does not forget the shipment at first', async () => {
      const replaces = [FAILED];
      await delivery.close();
      delivery = await testDelivery(store, {
        mount: folder,
        store: failing({
          replace: (id, known, next) =>
            replaces.pop() ? Promise.reject(FAILED) : store.outbox.replace(id, known, next),
        }),
        publish: (notice) => told.push(notice),
        clock,
        log,
      });
      await completed(url);
      await pass(MINUTE);
      expect(receiver.received).to.have.length(1);
      expect(told.filter(({ event }) => event === 'recording.delivered')).to.have.length(1);
      expect(await outbox()).to.deep.equal([]);
    });

    it('waits as long where somebody sets the clock back, or ahead', async () => {
      receiver.answer(500);
      const doc = await completed(url);
      await delivery.idle();
      clock.set(-24 * 60 * MINUTE);
      await pass(4000);
      expect(receiver.received).to.have.length(2);
      clock.set(48 * 60 * MINUTE);
      await pass(1000);
      expect(receiver.received).to.have.length(2);
      clock.set(-48 * 60 * MINUTE);
      await restart();
      receiver.answer(200);
      await pass(60 * MINUTE);
      expect(await stateOf(doc)).to.equal('delivered');
    });

    it('goes on with what was under way when the service stopped, as if it had not been tried', async () => {
      const arrived = new Promise<void>((resolve) => receiver.respond(() => resolve()));
      const doc = await completed(url);
      await arrived;
      await delivery.close();
      expect((await delivery.of(doc))?.attempts).to.equal(0);
      receiver.answer(200);
      await restart();
      await delivery.idle();
      expect(await stateOf(doc)).to.equal('delivered');
    });

    it('gives up after 72 hours, keeps why, and sends again when it is asked to', async () => {
      receiver.answer(503);
      const doc = await completed(url);
      await pass(72 * 60 * MINUTE - 1);
      expect(await stateOf(doc)).to.equal('pending');
      await pass(1);
      expect(await stateOf(doc)).to.equal('failed');
      const parcel = await delivery.of(doc);
      expect(parcel?.last).to.deep.equal({ at: clock.now(), error: 'http_status', status: 503 });
      const tried = receiver.received.length;
      await restart();
      await pass(24 * 60 * MINUTE);
      expect(receiver.received).to.have.length(tried);

      receiver.answer(200);
      await delivery.retry(doc);
      await delivery.idle();
      expect(await stateOf(doc)).to.equal('delivered');
      const again = await delivery.retry(doc).catch((error: unknown) => error);
      expect(isMetaflowsError(again, 'already_delivered')).to.equal(true);
      expect(receiver.received).to.have.length(tried + 1);
    });

    it('gives up at once where the destination will never take it, or may not be called', async () => {
      receiver.answer(415);
      const refused = await completed(url);
      const denied = await completed('http://127.0.0.2:1/');
      await delivery.idle();
      expect(await stateOf(refused)).to.equal('failed');
      expect(await stateOf(denied)).to.equal('failed');
      expect((await delivery.of(denied))?.last?.error).to.equal('address_denied');
    });

    it('forgets the shipment of a recording that is deleted', async () => {
      receiver.answer(500);
      const doc = await completed(url);
      await pass(MINUTE);
      await store.recordings.delete(ACCOUNT, doc.id);
      receiver.received.length = 0;
      await pass(60 * MINUTE);
      expect(receiver.received).to.have.length(0);
      expect(await outbox()).to.deep.equal([]);
    });

    it('waits for a file that is not to be seen just now', async () => {
      const doc = await finished(url);
      const path = join(folder, doc.internal.file);
      await rm(path);
      await delivery.onEvent({ ...happening('completed', clock.now()), recording: doc });
      await delivery.idle();
      expect((await delivery.of(doc))?.last?.error).to.equal('file_gone');
      await writeFile(path, 'back');
      await pass(MINUTE);
      expect(receiver.received[0]?.body.toString()).to.equal('back');
      expect(await stateOf(doc)).to.equal('delivered');
    });

    it('keeps nobody waiting for dead destinations, and overruns nobody', async () => {
      const dying = Array.from({ length: 40 }, () => new Receiver());
      for (const dead of dying) {
        dead.answer(500);
        await completed(await dead.listen());
      }
      await delivery.idle();
      const hangs = dying.map((dead) => new Promise<void>((resolve) => dead.respond(() => resolve())));
      await clock.pass(MINUTE, () => Promise.resolve());
      await Promise.any(hangs);

      const held: ServerResponse[] = [];
      receiver.respond((_request, response) => held.push(response));
      for (let i = 0; i < 20; i++) await completed(url);
      const alive = new Receiver();
      const arrived = new Promise<void>((resolve) =>
        alive.respond((_request, response) => {
          response.end();
          resolve();
        }),
      );
      await completed(await alive.listen());
      await arrived;
      expect(held.length).to.be.within(1, 4);
      expect(dying.filter(({ received }) => received.length > 1).length).to.be.within(1, 16);
      await delivery.close();
      await Promise.all([alive, ...dying].map((each) => each.close()));
    });

    it('writes no part of a url to the log but the host', async () => {
      receiver.answer(500);
      await completed(`${url.replace('://', '://who:secret1@')}/secret2?token=secret3`);
      await completed('http://who:secret1@127.0.0.2/secret2?token=secret3');
      await pass(72 * 60 * MINUTE);
      expect(lines.length).to.be.greaterThan(5);
      expect(lines.join('\n')).not.to.match(/secret\d/);
    });
  });

  describe('of a webhook', () => {
    const settings = (rest: Partial<WebhookSettings> = {}): WebhookSettings => ({
      name: 'mine',
      uri: `${url}/hook?a=b`,
      hook: 'recording',
      format: 'json',
      ...rest,
    });
    const happened = async (type: 'started' | 'masked' = 'masked') => {
      const recording = recordingDocument({ startedAt: clock.now() });
      await delivery.onEvent({ ...happening(type, clock.now()), recording });
      return recording;
    };

    it('tells it what happened, with custom data and without what is the service’s own', async () => {
      await store.webhooks.create(ACCOUNT, { settings: settings({ custom_data: { mine: 1 } }) });
      await store.webhooks.create('other.example', { settings: settings() });
      const { internal, ...shown } = await happened();
      await delivery.idle();
      expect(internal.leg).to.equal('leg-a');
      const [received, ...more] = receiver.received;
      expect(more).to.deep.equal([]);
      expect(received).to.deep.include({ method: 'POST', url: '/hook?a=b' });
      expect(received!.headers['content-type']).to.equal('application/json');
      const body = JSON.parse(received!.body.toString()) as Notice;
      expect(body).to.deep.equal({
        event: 'recording.masked',
        id: received!.headers['webhook-id'],
        timestamp: new Date(clock.now()).toISOString(),
        account_id: ACCOUNT,
        recording: shown,
        custom_data: { mine: 1 },
      });
      expect(told.map(({ id }) => id)).to.deep.equal([body.id]);
      expect(await outbox()).to.deep.equal([]);
    });

    it('tells only those who want to know', async () => {
      const paths: Record<string, string> = {};
      for (const hook of ['all', 'recording', 'recording.masked', 'recording.started'] as const) {
        paths[hook] = `/${hook}`;
        await store.webhooks.create(ACCOUNT, { settings: settings({ hook, uri: `${url}/${hook}` }) });
      }
      await store.webhooks.create(ACCOUNT, { settings: settings({ enabled: false }) });
      await happened('masked');
      await delivery.idle();
      expect(receiver.received.map(({ url: path }) => path).sort()).to.deep.equal([
        '/all',
        '/recording',
        '/recording.masked',
      ]);
    });

    it('signs with Ed25519, the same id and a new time at each attempt', async () => {
      await store.webhooks.create(ACCOUNT, { settings: settings() });
      receiver.answer(500);
      await happened();
      await delivery.idle();
      await restart();
      receiver.answer(200);
      await pass(5000);
      const [first, second, ...more] = receiver.received;
      expect(more).to.deep.equal([]);
      expect(second!.headers['webhook-id']).to.equal(first!.headers['webhook-id']);
      expect(second!.body.equals(first!.body)).to.equal(true);
      for (const { headers, body } of [first!, second!]) {
        const id = String(headers['webhook-id']);
        const at = String(headers['webhook-timestamp']);
        const [version, signature = ''] = String(headers['webhook-signature']).split(',');
        expect(version).to.equal('v1a');
        const check = (text: string) =>
          verify(null, Buffer.from(text), delivery.publicKey(), Buffer.from(signature, 'base64'));
        expect(check(`${id}.${at}.${body.toString()}`)).to.equal(true);
        expect(check(`${id}.${Number(at) + 1}.${body.toString()}`)).to.equal(false);
      }
      const waited =
        Number(second!.headers['webhook-timestamp']) - Number(first!.headers['webhook-timestamp']);
      expect(waited).to.equal(3);
    });

    it('signs with HMAC-SHA256 where it has a secret', async () => {
      const key = Buffer.from('0123456789abcdef0123456789abcdef');
      const secret = `whsec_${key.toString('base64')}`;
      await store.webhooks.create(ACCOUNT, { settings: settings({ signature: 'hmac-sha256' }), secret });
      await happened();
      await delivery.idle();
      const { headers, body } = receiver.received[0]!;
      const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body.toString()}`;
      const expected = createHmac('sha256', key).update(signed).digest('base64');
      expect(headers['webhook-signature']).to.equal(`v1,${expected}`);
    });

    it('speaks Kazoo’s form, in a body or in a query', async () => {
      await store.webhooks.create(ACCOUNT, {
        settings: { name: 'form', uri: `${url}/form`, hook: 'all', custom_data: { a: [1, { b: true }] } },
      });
      await store.webhooks.create(ACCOUNT, {
        settings: settings({ http_verb: 'get', uri: `${url}/get?x=y` }),
      });
      const recording = await happened();
      await delivery.idle();
      const of = (path: string) => receiver.received.find((one) => one.url.startsWith(path))!;
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
      const query = new URL(get.url, url).searchParams;
      expect(query.get('x')).to.equal('y');
      expect(query.get('recording[id]')).to.equal(recording.id);
    });

    it('has what it is to tell in the store when the event is taken in', async () => {
      const id = await store.webhooks.create(ACCOUNT, { settings: settings() });
      receiver.answer(500);
      await happened();
      expect((await outbox()).map((each) => each.split('/').slice(0, 3))).to.deep.equal([
        ['webhook', ACCOUNT, id],
      ]);
    });

    it('is told, in order and with the same id, what the service did not live to tell', async () => {
      await store.webhooks.create(ACCOUNT, { settings: settings() });
      const doc = recordingDocument();
      const happened = (['started', 'masked', 'unmasked'] as const).map((type) =>
        happening(type, clock.now()),
      );
      await store.recordings.save(doc, happened.slice(0, 1));
      await store.recordings.save({ ...doc, state: 'masked' }, happened.slice(1));
      const killed = await testDelivery(store, {
        clock,
        recordings: {
          get: (...of) => store.recordings.get(...of),
          change: (...change) => store.recordings.change(...change),
          untold: (isOurs) => store.recordings.untold(isOurs),
          told: () => new Promise(() => undefined),
        },
      });
      // It tells the first one, and does not live to note that.
      const last = new Promise<void>((resolve) =>
        receiver.respond((_request, response) => {
          response.end();
          resolve();
        }),
      );
      void killed.start();
      await last;
      await eventually(
        'the end of its first shipment',
        async () => (await outbox()).length === 0 || undefined,
      );
      await restart();
      await delivery.idle();
      const ids = happened.map(({ id }) => id);
      expect(told.map(({ id }) => id)).to.deep.equal(ids);
      const bodies = receiver.received.map(({ body }) => JSON.parse(body.toString()) as Notice);
      expect(bodies.map(({ id, recording }) => `${id} ${recording!.state}`)).to.have.members([
        `${ids[0]!} recording`,
        `${ids[0]!} recording`,
        `${ids[1]!} masked`,
        `${ids[2]!} masked`,
      ]);
      await restart();
      await delivery.idle();
      expect(receiver.received).to.have.length(4);
    });

    it('is waited for: what somebody must not miss is kept, and what nobody is told is not', async () => {
      const quiet = { ...happening('masked', clock.now()), recording: recordingDocument() };
      const over = {
        ...happening('completed', clock.now()),
        recording: await finished('http://example.com/'),
      };
      expect([quiet, over].map((event) => delivery.isAwaited(event))).to.deep.equal([false, true]);
      await delivery.onEvent(quiet);
      expect(told.map(({ id }) => id)).to.deep.equal([quiet.id]);
      await store.webhooks.create(ACCOUNT, { settings: settings() });
      expect(delivery.isAwaited(quiet)).to.equal(true);
      await restart({ isShared: true });
      const elsewhere = { ...quiet, recording: { ...quiet.recording, account_id: 'other.com' } };
      expect(delivery.isAwaited(elsewhere)).to.equal(true);
    });

    it('is told nothing of a recording that is deleted, or was never stored', async () => {
      await store.webhooks.create(ACCOUNT, { settings: settings() });
      const doc = recordingDocument();
      await store.recordings.save(doc, [happening('started', clock.now())]);
      await store.recordings.delete(ACCOUNT, doc.id);
      await restart();
      await delivery.idle();
      expect(receiver.received).to.deep.equal([]);
      const again = happening('started', clock.now());
      await store.recordings.save(doc, [happening('started', clock.now())]);
      await store.recordings.delete(ACCOUNT, doc.id);
      await store.recordings.save(doc, [again]);
      expect((await store.recordings.untold(() => true)).map(({ id }) => id)).to.deep.equal([again.id]);
    });

    it('is told in order what the store would not take at first', async () => {
      await store.webhooks.create(ACCOUNT, { settings: settings() });
      let fails = true;
      await delivery.close();
      delivery = await testDelivery(store, {
        store: failing({
          create: (id, parcel) => (fails ? Promise.reject(FAILED) : store.outbox.create(id, parcel)),
        }),
        clock,
        publish: (notice) => told.push(notice),
      });
      const doc = recordingDocument();
      const happened = (['started', 'masked'] as const).map((type) => happening(type, clock.now()));
      await store.recordings.save(doc, happened);
      for (const each of happened) await delivery.onEvent({ ...each, recording: doc });
      await pass(MINUTE);
      expect(told).to.deep.equal([]);
      fails = false;
      await pass(MINUTE);
      expect(told.map(({ id }) => id)).to.deep.equal(happened.map(({ id }) => id));
      expect(receiver.received).to.have.length(2);
      expect(await store.recordings.untold(() => true)).to.deep.equal([]);
    });

    it('is told what the store would not give, or forget, at first', async () => {
      await store.webhooks.create(ACCOUNT, { settings: settings() });
      const gets = [FAILED, FAILED];
      const replaces = [FAILED];
      await delivery.close();
      delivery = await testDelivery(store, {
        store: failing({
          get: (id) => (gets.pop() ? Promise.reject(FAILED) : store.outbox.get(id)),
          replace: (id, known, next) =>
            replaces.pop() ? Promise.reject(FAILED) : store.outbox.replace(id, known, next),
        }),
        clock,
        log,
      });
      await happened();
      await pass(MINUTE);
      expect(receiver.received).to.have.length(1);
      expect(await outbox()).to.deep.equal([]);
      expect(lines.filter((line) => line.includes('could not be handled'))).to.have.lengthOf(3);
    });

    it('is told once where the log of its attempts cannot be stored for long', async () => {
      const id = await store.webhooks.create(ACCOUNT, { settings: settings() });
      const hour = clock.now() + 60 * MINUTE;
      await delivery.close();
      delivery = await testDelivery(store, {
        webhooks: {
          get: (account, webhook) => store.webhooks.get(account, webhook),
          list: (account) => store.webhooks.list(account),
          log: (...of) => store.webhooks.log(...of),
          change: (account, webhook, change) => store.webhooks.change(account, webhook, change),
          changeLog: (account, webhook, change) =>
            clock.now() < hour ? Promise.reject(FAILED) : store.webhooks.changeLog(account, webhook, change),
        },
        clock,
        log,
      });
      await happened();
      await pass(150 * MINUTE);
      expect(receiver.received).to.have.length(1);
      expect((await store.webhooks.log(ACCOUNT, id)).attempts).to.have.length(1);
      expect(await outbox()).to.deep.equal([]);
    });

    it('keeps a log of its attempts, and tries as often as it says', async () => {
      const id = await store.webhooks.create(ACCOUNT, { settings: settings({ retries: 2 }) });
      receiver.answer(500);
      await happened();
      await pass(60 * MINUTE);
      expect(receiver.received).to.have.length(3);
      receiver.answer(200);
      await happened();
      await delivery.idle();
      const { attempts } = await store.webhooks.log(ACCOUNT, id);
      expect(attempts.map(({ attempt, result, status }) => [attempt, result, status])).to.deep.equal([
        [1, 'success', 200],
        [3, 'failure', 500],
        [2, 'failure', 500],
        [1, 'failure', 500],
      ]);
      expect(await outbox()).to.deep.equal([]);
    });

    describe('that is told again', () => {
      const again = async (id: string, event: string) =>
        delivery.tellAgain(ACCOUNT, id, store.webhooks.get(ACCOUNT, id)!, event);
      const bodies = () => receiver.received.map(({ body }) => JSON.parse(body.toString()) as Notice);

      it('hears of what was given up, with the recording as it is now, and the next attempt is in the log', async () => {
        const id = await store.webhooks.create(ACCOUNT, {
          settings: settings({ retries: 0, custom_data: { mine: 1 } }),
        });
        receiver.answer(500);
        const recording = await happened();
        await delivery.idle();
        expect(await outbox()).to.deep.equal([]);
        await store.recordings.save({ ...recording, label: 'since then' });
        receiver.answer(200);
        const [first] = bodies();
        expect(await again(id, first!.id)).to.equal('sent');
        expect(bodies()[1]).to.deep.equal({
          ...first,
          recording: { ...first!.recording, label: 'since then' },
        });
        const { attempts, given_up } = await store.webhooks.log(ACCOUNT, id);
        expect(given_up).to.equal(0);
        expect(attempts.map(({ attempt, result }) => [attempt, result])).to.deep.equal([
          [2, 'success'],
          [1, 'failure'],
        ]);
      });

      it('is told no more by itself where that arrives, and goes on being told where it does not', async () => {
        const id = await store.webhooks.create(ACCOUNT, { settings: settings() });
        receiver.answer(500);
        await happened();
        await delivery.idle();
        const [first] = bodies();
        expect(await again(id, first!.id)).to.include({ error: 'http_status', status: 500 });
        expect(await outbox()).to.have.length(1);
        receiver.answer(200);
        expect(await again(id, first!.id)).to.equal('sent');
        expect(await outbox()).to.deep.equal([]);
        await pass(60 * MINUTE);
        expect(bodies()).to.deep.equal([first, first, first]);
      });

      it('hears nothing of an event that it was never told, or whose recording is gone', async () => {
        const id = await store.webhooks.create(ACCOUNT, { settings: settings({ retries: 0 }) });
        expect(await again(id, 'none')).to.equal(undefined);
        receiver.answer(500);
        await happened();
        await delivery.idle();
        expect(await again(id, bodies()[0]!.id)).to.equal(undefined);
        expect(receiver.received).to.have.length(1);
      });
    });

    it('keeps no more than the newest hundred attempts', async () => {
      const id = await store.webhooks.create(ACCOUNT, { settings: settings() });
      await Promise.all(Array.from({ length: 105 }, () => happened()));
      await delivery.idle();
      expect((await store.webhooks.log(ACCOUNT, id)).attempts).to.have.length(100);
    });

    it('disables it, with the reason, when ten events in a row were given up', async () => {
      const id = await store.webhooks.create(ACCOUNT, { settings: settings({ retries: 0 }) });
      receiver.answer(500);
      for (let i = 0; i < 9; i++) await happened();
      await delivery.idle();
      receiver.answer(200);
      await happened();
      await delivery.idle();
      receiver.answer(500);
      for (let i = 0; i < 9; i++) await happened();
      await delivery.idle();
      expect(store.webhooks.get(ACCOUNT, id)?.settings.enabled).to.equal(undefined);
      await happened();
      await delivery.idle();
      expect(store.webhooks.get(ACCOUNT, id)).to.deep.equal({
        settings: { ...settings({ retries: 0 }), enabled: false },
        disable_reason: '10 events in a row could not be told; the last attempt: http_status 500',
      });
      const { lines } = await store.audit.page(100);
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
      receiver.received.length = 0;
      await happened();
      await delivery.idle();
      expect(receiver.received).to.have.length(0);
    });

    it('disables it when that is accounted for, once, however often it is tried', async () => {
      let fails = true;
      await restart({ audit: (event) => (fails ? Promise.reject(FAILED) : store.audit.append(event)) });
      const id = await store.webhooks.create(ACCOUNT, { settings: settings() });
      receiver.answer(410);
      for (let i = 0; i < 2; i++) await happened();
      await delivery.idle();
      expect(store.webhooks.get(ACCOUNT, id)?.settings.enabled).to.equal(undefined);
      fails = false;
      await pass(60 * MINUTE);
      expect(store.webhooks.get(ACCOUNT, id)?.settings.enabled).to.equal(false);
      expect((await store.audit.page(100)).lines).to.have.lengthOf(1);
    });

    it('disables it at once when the receiver is gone for good', async () => {
      const id = await store.webhooks.create(ACCOUNT, { settings: settings() });
      receiver.answer(410);
      await happened();
      await delivery.idle();
      expect(store.webhooks.get(ACCOUNT, id)?.disable_reason).to.equal('the receiver answered 410 Gone');
    });

    it('disables it once where it says so to several at once', async () => {
      const id = await store.webhooks.create(ACCOUNT, { settings: settings() });
      const responses: ServerResponse[] = [];
      receiver.respond((_request, response) => {
        responses.push(response);
        if (responses.length === 3) for (const each of responses) each.writeHead(410).end();
      });
      await Promise.all([happened(), happened(), happened()]);
      await delivery.idle();
      expect(store.webhooks.get(ACCOUNT, id)?.settings.enabled).to.equal(false);
      expect((await store.audit.page(100)).lines).to.have.lengthOf(1);
    });

    it('stays deleted where it was as its last event was given up', async () => {
      const id = await store.webhooks.create(ACCOUNT, { settings: settings() });
      await delivery.close();
      delivery = await testDelivery(store, {
        clock,
        webhooks: {
          get: (...of) => store.webhooks.get(...of),
          list: (account) => store.webhooks.list(account),
          log: (...of) => store.webhooks.log(...of),
          changeLog: (...change) => store.webhooks.changeLog(...change),
          change: async (...change) => {
            await store.webhooks.delete(ACCOUNT, id);
            return store.webhooks.change(...change);
          },
        },
      });
      receiver.answer(410);
      await happened();
      await delivery.idle();
      expect(receiver.received).to.have.length(1);
      expect(store.webhooks.get(ACCOUNT, id)).to.equal(undefined);
    });

    it('leaves no log where it is deleted while it is told', async () => {
      const id = await store.webhooks.create(ACCOUNT, { settings: settings() });
      receiver.respond((_request, response) => {
        void store.webhooks.delete(ACCOUNT, id).then(() => response.end());
      });
      await happened();
      await delivery.idle();
      expect(await store.webhooks.log(ACCOUNT, id)).to.deep.equal({ given_up: 0, attempts: [] });
    });

    it('drops what waits for a webhook that is deleted', async () => {
      const id = await store.webhooks.create(ACCOUNT, { settings: settings() });
      receiver.answer(500);
      await happened();
      await delivery.idle();
      await store.webhooks.delete(ACCOUNT, id);
      receiver.received.length = 0;
      await pass(MINUTE);
      expect(receiver.received).to.have.length(0);
      expect(await outbox()).to.deep.equal([]);
    });
  });
});
