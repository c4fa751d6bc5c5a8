import { expect } from 'chai';
import { startLab, type Lab } from '../support/lab.js';
import { eventually, TestService } from '../support/lab-service.js';
import { heardInTurn, silentSpans } from '../support/tones.js';
import { talk } from './commands.js';

describe('contract: the service killed and started again', function () {
  this.timeout(60_000);
  let lab: Lab;
  let service: TestService;

  beforeEach(async () => {
    lab = await startLab();
    service = await TestService.spawn(lab);
    for (const user of ['1001', '1002']) await service.flows(user);
  });
  afterEach(async () => {
    await service.close();
    await lab.close();
  });

  it('in the middle of a masked recording: it stays masked, and *73 and *74 work', async () => {
    const { caller, callee } = await lab.phones.call('1001', '1002');
    await service.bound(caller);
    expect(await service.code(caller, '*71')).to.equal('done');
    await talk(400);
    expect(await service.code(caller, '*72')).to.equal('done');
    await service.kill();
    await talk(400);
    service = await TestService.spawn(lab, service);
    await talk(400);
    expect(await service.code(caller, '*73')).to.equal('done');
    await talk(600);
    expect(await service.code(caller, '*74')).to.equal('done');
    expect(lab.phones.heard(callee)).to.equal('');

    const doc = await service.recording(caller, 'completed');
    const { channels, rate } = await service.audio(doc);
    const spans = silentSpans(channels[1]!, rate, 200);
    expect(spans).to.have.lengthOf(1);
    expect(doc.mask_intervals).to.have.lengthOf(1);
    expect(Math.abs(doc.mask_intervals[0]!.start_ms - spans[0]!.startMs)).to.be.below(250);
    expect(Math.abs(doc.mask_intervals[0]!.end_ms! - spans[0]!.endMs)).to.be.below(250);
  });

  it('a mask code works while it is down, and it learns when that was', async () => {
    const { caller } = await lab.phones.call('1001', '1002');
    await service.bound(caller);
    expect(await service.code(caller, '*71')).to.equal('done');
    await talk(400);
    await service.kill();
    const mark = lab.socket.mark();
    await lab.phones.press(caller, '*72');
    const { Masked } = await lab.socket.event('metaflows::code', caller.uuid, {}, mark);
    expect(Masked).to.match(/^\+OK/);
    await talk(600);
    service = await TestService.spawn(lab, service);
    const running = await service.recording(caller, 'masked');
    expect(running.state).to.equal('masked');
    expect(await service.code(caller, '*73')).to.equal('done');
    await talk(500);
    expect(await service.code(caller, '*74')).to.equal('done');

    const doc = await service.recording(caller, 'completed');
    const { channels, rate } = await service.audio(doc);
    const spans = silentSpans(channels[1]!, rate, 200);
    expect(spans).to.have.lengthOf(1);
    expect(Math.abs(doc.mask_intervals[0]!.start_ms - spans[0]!.startMs)).to.be.below(250);
    expect(Math.abs(doc.mask_intervals[0]!.end_ms! - spans[0]!.endMs)).to.be.below(250);
  });

  it('while a call ends: the codes of the party that stays are taken off, for what the switch asks of it', async () => {
    const { caller, callee } = await lab.phones.call('1001', '1002', { prefix: '86' });
    await service.bound(caller);
    await service.kill();
    const mark = lab.socket.mark();
    await lab.phones.hangup(callee);
    service = await TestService.spawn(lab, service);
    const says = { Application: 'clear_digit_action' };
    await lab.socket.event('CHANNEL_EXECUTE', caller.uuid, says, mark);
    await lab.phones.press(caller, '*71');
    await lab.socket.event('DTMF', caller.uuid, { 'DTMF-Digit': '1' }, mark);
    expect(lab.socket.of('metaflows::code', caller.uuid, mark)).to.deep.equal([]);
  });

  it('the switch, too: the recording ends and says why, and its file can be played', async () => {
    const { caller } = await lab.phones.call('1001', '1002');
    await service.bound(caller);
    expect(await service.code(caller, '*71')).to.equal('done');
    await talk(2500);
    await lab.crash();
    await eventually('refusal', async () => {
      const { status, message } = await service.record(caller, { action: 'mask' });
      return (status === 503 && message === 'switch_down') || undefined;
    });
    await service.kill();
    await lab.restart();
    service = await TestService.spawn(lab, service);

    const doc = await service.recording(caller, 'completed');
    expect(doc.stop_reason).to.equal('switch_lost');
    const { channels, rate, ms } = await service.audio(doc);
    // what the switch had not yet written is lost: half a second, and the rest of a block
    expect(ms).to.be.within(1500, 3500);
    expect(Math.abs(doc.duration_ms - ms)).to.be.below(2);
    expect(heardInTurn(channels[1]!, rate)).to.deep.equal(['880']);
  });
});
