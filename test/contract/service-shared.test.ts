import { expect } from 'chai';
import type { Notice } from '../../src/delivery/notice.js';
import { Couch } from '../support/couch.js';
import { Receiver, type Received } from '../support/delivery.js';
import { CODES, eventually, TestService } from '../support/lab-service.js';
import { talk } from './commands.js';
import { useLab } from './shared-lab.js';

describe('contract: two services that share a CouchDB', function () {
  this.timeout(60_000);
  const lab = useLab();
  let couch: Couch;
  let first: TestService;
  let second: TestService;
  let receiver: Receiver;

  beforeEach(async () => {
    receiver = new Receiver();
    await receiver.listen();
    couch = await Couch.start();
    const settings = { DATABASE: couch.url(), DELIVERY_ALLOW: '127.0.0.1/32' };
    first = await TestService.spawn(lab(), undefined, settings);
    second = await TestService.spawn(lab(), undefined, settings);
  });
  afterEach(async () => {
    await lab().phones.hangupAll();
    await first.close();
    await second.close();
    await receiver.close();
    await couch.close();
  });

  it('act by metaflows that were given to the other one; where one is killed in the middle of a delivery, the other delivers', async () => {
    const isFile = ({ url }: Received) => url.startsWith('/files');
    const hook = { name: 'all', uri: `${receiver.url}/hook`, hook: 'recording', format: 'json' };
    await second.ask('PUT', `/accounts/${lab().domain}/webhooks`, hook);
    const start = { module: 'record_call', data: { url: `${receiver.url}/files`, method: 'post' } };
    await second.flows('1001', { numbers: { ...CODES.numbers, 71: start } });

    const { caller } = await lab().phones.call('1001', '1002');
    await first.bound(caller);
    expect(await first.code(caller, '*71')).to.equal('done');
    await talk(300);
    const hung = new Promise<void>((resolve) => {
      receiver.respond((request, response) => (isFile(request) ? resolve() : response.end()));
    });
    expect(await first.code(caller, '*74')).to.equal('done');
    await hung;
    await first.kill();
    receiver.answer(200);

    const [{ id } = { id: '' }] = await second.recordings();
    await eventually('the delivery', async () => {
      const { data } = await second.ask('GET', `/accounts/${lab().domain}/recordings/${id}`);
      return data['delivery'] === 'delivered' || undefined;
    });
    await eventually('the last event', () =>
      Promise.resolve(events().includes('recording.delivered') || undefined),
    );
    const files = receiver.received.filter(isFile).map(({ headers }) => headers['idempotency-key']);
    expect(files).to.deep.equal([id, id]);
    expect(events()).to.have.members([
      'recording.started',
      'recording.stopped',
      'recording.completed',
      'recording.delivered',
    ]);

    /** Each once: what was answered just before the kill is told again, with the same id. */
    function events(): string[] {
      const hooks = receiver.received.filter((request) => !isFile(request));
      const notices = hooks.map(({ body }) => JSON.parse(body.toString()) as Notice);
      return [...new Map(notices.map(({ id, event }) => [id, event])).values()];
    }
  });
});
