import { expect } from 'chai';
import { Relay } from '../support/lab-relay.js';
import { nameOf } from '../support/lab-socket.js';
import { CODES, eventually, TestService } from '../support/lab-service.js';
import { talk } from './commands.js';
import { useLab } from './shared-lab.js';

describe('contract: codes, where the switch or its lease is lost for a while', function () {
  this.timeout(60_000);
  const lab = useLab();
  let relay: Relay;
  let service: TestService;

  before(async () => {
    relay = new Relay(lab().pbx.port);
    const { password } = lab().pbx;
    service = await TestService.start(lab(), {
      SWITCHES: `esl://:${password}@127.0.0.1:${await relay.open()}`,
    });
    for (const user of ['1001', '1002']) await service.flows(user, { ...CODES, digit_timeout: 20_000 });
  });
  after(async () => {
    await service.close();
    await relay.close();
  });
  afterEach(() => lab().phones.hangupAll());

  /** Lets nothing through between the service and the switch, and waits until the service knows. */
  async function cut(): Promise<void> {
    relay.port = 0;
    relay.cut();
    await ready(503);
  }

  async function ready(status: 200 | 503): Promise<void> {
    await eventually(`readyz ${status}`, async () =>
      (await fetch(`${service.url}/readyz`)).status === status ? true : undefined,
    );
  }

  it('half a code is none any more, of which digits may not have been heard', async () => {
    const { caller } = await lab().phones.call('1001', '1002');
    await service.bound(caller);
    const mark = lab().socket.mark();
    await lab().phones.press(caller, '*7');
    // The switch has handed it on, as no code that it waits for.
    await lab().socket.event('DTMF', caller.uuid, { 'DTMF-Digit': '7' }, mark);
    await talk(200);
    await cut();
    await lab().phones.press(caller, '2');
    await lab().socket.event('DTMF', caller.uuid, { 'DTMF-Digit': '2' }, mark);
    relay.port = lab().pbx.port;
    await ready(200);
    await lab().phones.press(caller, '1');
    await lab().socket.event('DTMF', caller.uuid, { 'DTMF-Digit': '1' }, mark);
    expect(await service.code(caller, '*74')).to.equal('refused');
  });

  it('codes that a dialplan has bound meanwhile keep working beside ours', async () => {
    const mark = lab().socket.mark();
    const calling = lab().phones.call('1001', '1002', { prefix: '82', ring: 2500 });
    await lab().socket.until(
      'leg that is called',
      (event) => nameOf(event) === 'CHANNEL_CREATE' && event['Call-Direction'] === 'outbound',
      mark,
    );
    await talk(300);
    await cut();
    const { caller, callee } = await calling;
    relay.port = lab().pbx.port;
    await ready(200);
    await service.bound(caller);
    expect(await lab().phones.pressed(callee, caller, '*1')).to.equal('');
    expect(lab().socket.of('lab::code', callee.uuid, mark)).to.have.lengthOf(1);
    expect(await service.code(caller, '*71')).to.equal('done');
  });

  it('what was pressed while another instance acted is not run again by the one that takes over', async () => {
    const { caller } = await lab().phones.call('1001', '1002');
    await service.bound(caller);
    await cut();
    await lab().socket.api('hash insert/metaflows/lease/mother-1');
    const connections = () => service.lines.filter((line) => line.includes('switch connected')).length;
    const before = connections();
    relay.port = lab().pbx.port;
    await eventually('connection', () => Promise.resolve(connections() > before || undefined));
    const mark = lab().socket.mark();
    const says = 'Event-Name=CUSTOM,Event-Subclass=metaflows::code,Metaflow-Code=*71';
    await lab().socket.execute(caller.uuid, 'event', says);
    await lab().socket.event('metaflows::code', caller.uuid, {}, mark);
    await lab().socket.api('hash delete/metaflows/lease');
    await eventually('takeover', async () => {
      const holder = await lab().socket.api('hash select/metaflows/lease');
      return holder.startsWith('m') || undefined;
    });
    await ready(200);
    expect(await service.code(caller, '*74')).to.equal('refused');
  });
});
