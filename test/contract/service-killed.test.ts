import { expect } from 'chai';
import type { Notice } from '../../src/delivery/notice.js';
import { Receiver } from '../support/delivery.js';
import type { LabCall } from '../support/lab-phones.js';
import { eventually, TestService } from '../support/lab-service.js';
import { talk } from './commands.js';
import { useLab } from './shared-lab.js';

const PERMITTED = { DELIVERY_ALLOW: '127.0.0.1/32' };

describe('contract: the service killed while it stores a recording', function () {
  this.timeout(60_000);
  const lab = useLab();
  let service: TestService;
  let receiver: Receiver;
  let call: LabCall;

  beforeEach(async () => {
    receiver = new Receiver();
    await receiver.listen();
  });
  afterEach(async () => {
    await lab().phones.hangupAll();
    await service.close();
    await receiver.close();
  });

  const start = async (killedAfter: string): Promise<void> => {
    service = await TestService.spawn(lab(), undefined, PERMITTED, killedAfter);
    await service.flows('1001');
    const hook = { name: 'all', uri: receiver.url, hook: 'recording', format: 'json' };
    const { status } = await service.ask('PUT', `/accounts/${lab().domain}/webhooks`, hook);
    expect(status).to.equal(201);
    call = await lab().phones.call('1001', '1002');
    await service.bound(call.caller);
  };
  /** Presses the code that the service does not survive. */
  const press = async (code: string): Promise<void> => {
    await lab().phones.press(call.caller, code);
    await service.ended();
    expect(told()).to.deep.equal([]);
    service = await TestService.spawn(lab(), service, PERMITTED);
  };
  const notices = () => receiver.received.map(({ body }) => JSON.parse(body.toString()) as Notice);
  const told = () => notices().map(({ event, recording }) => `${event} ${recording!.state}`);
  const toldAll = (...events: string[]) =>
    eventually(events.join(', '), async () => {
      await Promise.resolve();
      return told().length >= events.length || undefined;
    }).then(() => expect(told()).to.have.members(events));

  it('tells that it started, and what comes after that', async () => {
    await start('recording/ recording');
    await press('*71');
    await toldAll('recording.started recording');
    expect(await service.code(call.caller, '*74')).to.equal('done');
    await toldAll(
      'recording.started recording',
      'recording.stopped completed',
      'recording.completed completed',
    );
  });

  it('tells once of a start that was told of, and not written down', async () => {
    await start('news/ started');
    await press('*71');
    await service.recording(call.caller, 'recording');
    expect(await service.code(call.caller, '*74')).to.equal('done');
    await toldAll(
      'recording.started recording',
      'recording.stopped completed',
      'recording.completed completed',
    );
  });

  it('tells once of a mask that was not written down', async () => {
    await start('news/ masked');
    await lab().phones.press(call.caller, '*71');
    await toldAll('recording.started recording');
    receiver.received.length = 0;
    await press('*72');
    await service.recording(call.caller, 'masked');
    await toldAll('recording.masked masked');
  });

  it('tells that it is complete', async () => {
    await start('recording/ completed');
    await lab().phones.press(call.caller, '*71');
    await toldAll('recording.started recording');
    receiver.received.length = 0;
    await talk(300);
    await press('*74');
    await toldAll('recording.stopped completed', 'recording.completed completed');
    expect(notices().every(({ recording }) => recording!.stop_reason === 'code')).to.equal(true);
  });
});
