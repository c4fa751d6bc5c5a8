import { expect } from 'chai';
import { verify, type StoredLine } from '../../src/audit/chain.js';
import type { AuditEvent } from '../../src/audit/events.js';
import type { Parcel } from '../../src/delivery/parcels.js';
import { happening } from '../../src/recording/events.js';
import { newRecordingId } from '../../src/recording/files.js';
import { openStore, type Store } from '../../src/store/store.js';
import { Couch, PASSWORD } from '../support/couch.js';
import { eventually } from '../support/lab-service.js';
import { capturingLog } from '../support/log.js';
import { recordingDocument } from '../support/recordings.js';

const scope = { account: 'a' };
const codes = (...numbers: number[]) => ({
  numbers: Object.fromEntries(numbers.map((number) => [number, { module: 'record_call' as const }])),
});
const webhook = (name: string) => ({ settings: { name, uri: 'http://a.test', hook: 'all' as const } });

describe('store in a CouchDB', () => {
  const { log, lines } = capturingLog();
  let couch: Couch;
  let ours: Store;
  let theirs: Store;

  before(async () => {
    couch = await Couch.start();
  });
  beforeEach(async () => {
    [ours, theirs] = [await openStore(couch.url(), log), await openStore(couch.url(), log)];
  });
  afterEach(async () => {
    await Promise.all([ours.close(), theirs.close()]);
    await couch.forget();
  });
  after(() => couch.close());

  const failure = async (work: Promise<unknown>): Promise<Error> =>
    work.then(
      () => new Error('it was done'),
      (error: unknown) => error as Error,
    );

  /** What one instance knows of another's change, and after how many milliseconds. */
  async function told(what: string, known: () => unknown): Promise<number> {
    const begun = Date.now();
    await eventually(what, () => Promise.resolve(known() ?? undefined));
    return Date.now() - begun;
  }

  it('is made where it is missing, and keeps what was stored', async () => {
    await ours.metaflows.put(scope, codes(71));
    const later = await openStore(couch.url(), log);
    expect(later.metaflows.get(scope)).to.deep.equal(codes(71));
    await later.close();
  });

  it('says what is wrong with it, and no password', async () => {
    const wrong = await failure(openStore(couch.url('not the password'), log));
    await couch.away();
    const away = await failure(openStore(couch.url(), log));
    await couch.back();
    expect(wrong.message).to.match(/METAFLOWS_DATABASE .*127\.0\.0\.1:\d+: .*(incorrect|not authorized)/i);
    expect(away.message).to.match(/METAFLOWS_DATABASE .*127\.0\.0\.1:\d+: ECONNREFUSED$/);
    for (const { message } of [wrong, away]) {
      expect(message).to.not.include('not the password').and.not.include(PASSWORD);
    }
    expect(lines.join()).not.to.include(PASSWORD);
  });

  it('tells other instances of each kind of change within a second', async () => {
    const changed = new Promise((resolve) => ours.metaflows.onChange(resolve));
    const begun = Date.now();
    await theirs.metaflows.put(scope, codes(71));
    expect(await changed).to.deep.equal(scope);
    expect(ours.metaflows.get(scope)).to.deep.equal(codes(71));
    const took = [Date.now() - begun];

    const { id, token } = await theirs.tokens.create({ account: 'a', role: 'admin' });
    const hook = await theirs.webhooks.create('a', webhook('first'));
    await theirs.callRecording.put(scope, { any: { any: { enabled: true } } });
    await theirs.retention.put('a', { days: 9 });
    took.push(await told('token', () => ours.tokens.find(token)));
    took.push(await told('webhook', () => ours.webhooks.get('a', hook)));
    took.push(await told('call_recording', () => ours.callRecording.get(scope)));
    took.push(await told('retention', () => ours.retention.get('a')));
    expect(ours.retention.get('a')).to.deep.equal({ days: 9 });

    await theirs.tokens.delete(id);
    await theirs.webhooks.delete('a', hook);
    await theirs.metaflows.delete(scope);
    took.push(await told('deleted metaflows', () => !ours.metaflows.get(scope) || undefined));
    expect([ours.tokens.find(token), ours.webhooks.get('a', hook)]).to.deep.equal([undefined, undefined]);
    expect(Math.max(...took)).to.be.below(1000);
  });

  it('loses no change that several instances make at the same time', async () => {
    const add = (store: Store, number: number) =>
      store.metaflows.change(scope, (current) => ({
        numbers: { ...current?.numbers, ...codes(number).numbers },
      }));
    await Promise.all(Array.from({ length: 30 }, (_, n) => add(n % 2 ? ours : theirs, n)));
    const all = codes(...Array.from({ length: 30 }, (_, n) => n));
    await eventually('the last change', () =>
      Promise.resolve(Object.keys(ours.metaflows.get(scope)?.numbers ?? {}).length === 30 || undefined),
    );
    expect(ours.metaflows.get(scope)).to.deep.equal(all);
  });

  it('has one signing key and one admin token, where two instances start first', async () => {
    const keys = await Promise.all([ours, theirs].map((store) => store.webhooks.signingKey()));
    const pems = keys.map((key) => key.export({ type: 'pkcs8', format: 'pem' }));
    expect(pems[0]).to.equal(pems[1]);
    const made = await Promise.all([ours, theirs].map((store) => store.tokens.ensureAdminToken()));
    const [token, ...others] = made.flatMap((each) => (each.made === undefined ? [] : [each.made]));
    expect(others).to.deep.equal([]);
    for (const store of [ours, theirs]) expect(store.tokens.find(token!)?.tokenId).to.equal('admin');
  });

  it('has a chain of the audit for each instance', async () => {
    const event: AuditEvent = {
      action: 'mask',
      at: '2026-01-01T00:00:00.000Z',
      by: 'code',
      account_id: 'a',
      recording_id: 'r',
      result: 'ok',
    };
    await Promise.all([1, 2, 3].flatMap(() => [ours.audit.append(event), theirs.audit.append(event)]));
    const heads = await ours.audit.heads();
    expect(heads.map(({ instance, seq }) => [instance, seq])).to.have.deep.members([
      [ours.instance, 3],
      [theirs.instance, 3],
    ]);
    async function* all(): AsyncGenerator<StoredLine> {
      let next: string | undefined;
      do {
        const page = await ours.audit.page(4, next);
        yield* page.lines;
        next = page.next_start_key;
      } while (next !== undefined);
    }
    expect(await verify(heads, all(), () => Promise.resolve([]))).to.deep.equal([]);
    expect(await theirs.audit.of('a', 'r')).to.have.length(6);
  });

  it('settles no shipment that another instance has handed in again', async () => {
    const known: Parcel = { state: 'waiting', host: 'h', switch: 's', since: 1, due: 1, attempts: 0 };
    await ours.outbox.create('x', known);
    expect(await ours.outbox.replace('x', known, { ...known, attempts: 1 })).to.equal(true);
    await theirs.outbox.put('x', { ...known, since: 2 });
    for (const next of [undefined, { ...known, state: 'failed' as const }]) {
      expect(await ours.outbox.replace('x', known, next)).to.equal(false);
    }
    expect(await ours.outbox.get('x')).to.deep.equal({ ...known, since: 2 });
    expect(await ours.outbox.replace('x', { ...known, since: 2 }, undefined)).to.equal(true);
    expect(await theirs.outbox.get('x')).to.equal(undefined);
  });

  it('does not store a recording over what another instance has, unless it acts', async () => {
    const doc = recordingDocument();
    await ours.recordings.save(doc);
    await theirs.recordings.change(doc.account_id, doc.id, (each) => ({ ...each, label: 'newer' }));
    const stale = { ...doc, label: 'older' };
    const refused = await failure(ours.recordings.save(stale, [], () => false));
    expect(refused).to.include({ code: 'not_acting' });
    expect(await ours.recordings.get(doc.account_id, doc.id)).to.include({ label: 'newer' });
    await ours.recordings.save(doc);
    await theirs.recordings.change(doc.account_id, doc.id, (each) => ({ ...each, legal_hold: true }));
    await ours.recordings.save(stale, [], () => true);
    expect(await ours.recordings.get(doc.account_id, doc.id)).to.include({
      label: 'older',
      legal_hold: true,
    });
  });

  it('keeps a recording that another instance holds, or tells it that it is being deleted', async () => {
    const { account_id, id } = recordingDocument();
    const doc = { ...recordingDocument(), id, state: 'completed' as const };
    const hold = () => theirs.recordings.change(account_id, id, (each) => ({ ...each, legal_hold: true }));
    await ours.recordings.save(doc);
    await hold();
    let removed = false;
    const deleted = await ours.recordings.delete(
      account_id,
      id,
      ({ legal_hold }) => legal_hold !== true,
      () => Promise.resolve(void (removed = true)),
    );
    expect([deleted, removed]).to.deep.equal([false, false]);
    await ours.recordings.change(account_id, id, () => doc);
    const failed = await failure(
      ours.recordings.delete(
        account_id,
        id,
        () => true,
        async () => {
          expect(await hold()).to.equal(undefined);
          throw new Error('EACCES');
        },
      ),
    );
    expect(failed).to.include({ message: 'EACCES' });
    expect(await hold()).to.include({ legal_hold: true });
  });

  it('tells every instance what happened to a recording, in order, once it was told by one', async () => {
    const heard: string[] = [];
    theirs.recordings.onTold(({ type, recording }) => heard.push(`${type} ${recording.id}`));
    const doc = recordingDocument();
    const happened = (['started', 'masked'] as const).map((type) => happening(type, Date.now()));
    await ours.recordings.save(doc, happened);
    for (const each of happened) await ours.recordings.told({ ...each, recording: doc });
    await eventually('both', () => Promise.resolve(heard.length >= 2 || undefined));
    expect(heard).to.deep.equal([`started ${doc.id}`, `masked ${doc.id}`]);
  });

  it('lists recordings page by page', async () => {
    const made = Array.from({ length: 7 }, (_, n) => {
      const startedAt = Date.UTC(2026, 0, 31, 23, 59, 57 + n);
      return {
        ...recordingDocument({ startedAt }),
        id: newRecordingId(startedAt),
        state: 'completed' as const,
      };
    });
    for (const document of made) await theirs.recordings.save(document);
    for (const user of [undefined, '1001']) {
      const first = await ours.recordings.list('example.com', { limit: 5, user });
      const startKey = first.next_start_key;
      const second = await ours.recordings.list('example.com', { limit: 5, user, startKey });
      expect([...first.recordings, ...second.recordings]).to.deep.equal(made.toReversed());
      expect(second.next_start_key).to.equal(undefined);
    }
  });

  it('is read at the start in pages', async () => {
    await Promise.all(
      Array.from({ length: 60 }, (_, n) => ours.metaflows.put({ ...scope, user: `${n}` }, codes(n))),
    );
    couch.requests.length = 0;
    const later = await openStore(couch.url(), log);
    const ofOne = couch.requests.filter((line) => /\/metaflows%2F/.test(line));
    expect(ofOne).to.deep.equal([]);
    expect(couch.requests.length).to.be.within(1, 59);
    expect(later.metaflows.get({ ...scope, user: '59' })).to.deep.equal(codes(59));
    await later.close();
  });

  describe('that is away', () => {
    it('leaves what is known, takes nothing, and is used again when it is back', async () => {
      await ours.metaflows.put(scope, codes(71));
      await couch.away();
      const refused = await failure(ours.metaflows.put(scope, codes(72)));
      expect(refused).to.include({ code: 'store_failed', status: 503 });
      expect(ours.metaflows.get(scope)).to.deep.equal(codes(71));
      await eventually('the loss', () => Promise.resolve(!ours.connected || undefined));
      await couch.back();
      await ours.metaflows.put(scope, codes(73));
      await eventually('the return', () => Promise.resolve(ours.connected || undefined));
      await told('change of after', () => theirs.metaflows.get(scope)?.numbers?.['73']);
    });

    it('has told all that was changed meanwhile when it is back', async () => {
      await couch.away();
      await eventually('the loss', () => Promise.resolve(!ours.connected || undefined));
      const direct = await openStore(couch.direct(), log);
      await direct.metaflows.put(scope, codes(75));
      await direct.close();
      await couch.back();
      await told('change of meanwhile', () => ours.metaflows.get(scope)?.numbers?.['75']);
    });

    it('is found out where it only says nothing any more; where nothing happens it is not taken for away', async () => {
      const quiet = capturingLog();
      const direct = await openStore(couch.direct(), quiet.log);
      couch.silence();
      const begun = Date.now();
      const refused = await failure(ours.metaflows.put(scope, codes(72)));
      expect(refused).to.include({ code: 'store_failed', status: 503 });
      await eventually('the loss', () => Promise.resolve(!ours.connected || undefined));
      expect(Date.now() - begun).to.be.within(4990, 8000);
      await direct.metaflows.put(scope, codes(76));
      couch.cut();
      await told('change of meanwhile', () => ours.metaflows.get(scope)?.numbers?.['76']);
      await eventually('the return', () => Promise.resolve(ours.connected || undefined));
      expect(quiet.lines).to.deep.equal([]);
      await direct.close();
    });
  });
});
