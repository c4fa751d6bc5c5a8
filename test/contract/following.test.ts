import { expect } from 'chai';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { inTurn } from '../support/heard.js';
import type { Leg } from '../support/lab-phones.js';
import { silentSpans } from '../support/tones.js';
import { talk } from './commands.js';
import { useLab, useService } from './shared-lab.js';

/** How far a mask in the document may be from the silence in the file, milliseconds. */
const TOLERANCE = 250;

describe('contract: the service, recordings follow their calls', function () {
  this.timeout(20_000);
  const lab = useLab();
  const service = useService(lab);

  afterEach(() => lab().phones.hangupAll());

  const record = async (leg: Leg, data: object): Promise<void> => {
    const { status, message } = await service().record(leg, data);
    expect(status, message).to.equal(200);
  };
  /** The finished recording of a leg, one file, and what is heard in it; its masks are where the audio is silent. */
  const finished = async (
    leg: Leg,
    segments: number,
  ): Promise<{ doc: RecordingDocument; heard: string[][] }> => {
    const doc = await service().recording(leg, 'completed');
    expect(doc.segments, doc.stop_reason).to.have.lengthOf(segments);
    const wav = await service().audio(doc);
    expect(Math.abs(doc.duration_ms - wav.ms)).to.be.below(2);
    for (const samples of wav.channels) {
      const spans = silentSpans(samples, wav.rate, 200);
      expect(spans).to.have.lengthOf(doc.mask_intervals.length);
      for (const [at, { start_ms, end_ms }] of doc.mask_intervals.entries()) {
        expect(Math.abs(start_ms - spans[at]!.startMs), 'start of a mask').to.be.below(TOLERANCE);
        expect(Math.abs(end_ms! - spans[at]!.endMs), 'end of a mask').to.be.below(TOLERANCE);
      }
    }
    return { doc, heard: inTurn(wav) };
  };

  const loopbackLeft = (one: Leg, other: Leg) =>
    lab().socket.until(
      'bridge of the real legs',
      (event) =>
        event['Event-Name'] === 'CHANNEL_BRIDGE' &&
        [event['Bridge-A-Unique-ID'], event['Bridge-B-Unique-ID']].sort().join() ===
          [one.uuid, other.uuid].sort().join(),
    );

  it('the recorded callee transfers while masked: not a frame in clear until the caller unmasks', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await service().bound(caller);
    await service().code(caller, '*71');
    await talk(600);
    await service().code(caller, '*72');
    await talk(600);
    await lab().phones.transfer(callee, '1003');
    await service().recording(caller, 'masked');
    await talk(800);
    expect(await service().code(caller, '*73')).to.equal('done');
    await talk(800);
    await lab().phones.hangup(caller);
    const { doc, heard } = await finished(caller, 2);
    expect(doc.mask_intervals).to.have.lengthOf(1);
    expect(doc.stop_reason).to.equal('hangup');
    expect(heard).to.deep.equal([
      ['440', 'silence', '440'],
      ['880', 'silence', '1120'],
    ]);
  });

  it('the recorded caller transfers: the callee’s recording goes on with whom it was transferred to', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await service().bound(callee);
    await service().code(callee, '*71');
    await talk(600);
    await lab().phones.transfer(caller, '1003');
    await talk(1000);
    expect(await service().code(callee, '*74')).to.equal('done');
    const { doc, heard } = await finished(callee, 2);
    expect(doc.stop_reason).to.equal('code');
    expect(heard).to.deep.equal([['440', '1120'], ['880']]);
  });

  it('a leg that stays is recorded on, in the same segment', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await record(caller, {});
    await talk(600);
    await lab().phones.transfer(callee, '1003');
    await talk(800);
    await record(caller, { action: 'mask' });
    await talk(600);
    await record(caller, { action: 'stop' });
    const { heard } = await finished(caller, 1);
    expect(heard[1]).to.deep.equal(['880', '1120', 'silence']);
  });

  it('the switch is told to transfer a leg: the recording of the other one, which ends, goes on', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await record(callee, {});
    await talk(600);
    const mark = lab().socket.mark();
    await lab().socket.api(`uuid_transfer ${caller.uuid} 1003`);
    await lab().socket.event('CHANNEL_BRIDGE', caller.uuid, {}, mark);
    await talk(1000);
    await lab().phones.hangup(caller);
    expect((await finished(callee, 2)).heard).to.deep.equal([['440'], ['880', '1120']]);
  });

  it('an attended transfer by the recorded callee', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await service().bound(caller);
    await service().code(caller, '*71');
    await talk(600);
    const second = await lab().phones.call('1002', '1003');
    await lab().phones.attendedTransfer(callee, second.caller, caller, second.callee);
    await talk(1000);
    await lab().phones.hangup(caller);
    const { heard } = await finished(caller, 2);
    expect(heard[0]).to.deep.equal(['440']);
    expect([heard[1]![0], heard[1]!.at(-1)]).to.deep.equal(['880', '1120']);
  });

  it('a call through a loopback channel, which leaves: the real leg behind it is recorded, in one segment', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002', { prefix: '81' });
    await record(caller, {});
    await service().bound(callee);
    await loopbackLeft(caller, callee);
    await talk(600);
    expect(await service().code(callee, '*72')).to.equal('done');
    await talk(500);
    expect(await service().code(callee, '*74')).to.equal('done');
    const { doc, heard } = await finished(caller, 1);
    expect(doc.mask_intervals).to.have.lengthOf(1);
    expect(heard).to.deep.equal([
      ['440', 'silence'],
      ['880', 'silence'],
    ]);
  });

  it('forwarded through a loopback channel, which leaves while it is masked: masked until somebody unmasks', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002', { prefix: '81' });
    await service().bound(caller);
    expect(await service().code(caller, '*71')).to.equal('done');
    expect(await service().code(caller, '*72')).to.equal('done');
    await loopbackLeft(caller, callee);
    await talk(600);
    expect(await service().code(caller, '*73')).to.equal('done');
    await talk(600);
    await lab().phones.hangup(caller);
    const { doc, heard } = await finished(caller, 1);
    expect(doc.segments[0]!.call_id).to.equal(callee.uuid);
    expect(heard.map((side) => side.slice(-2))).to.deep.equal([
      ['silence', '440'],
      ['silence', '880'],
    ]);
  });

  it('forwarded through a loopback channel, started when that has left', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002', { prefix: '81' });
    await loopbackLeft(caller, callee);
    await service().bound(callee);
    expect(await service().code(callee, '*71')).to.equal('done');
    await talk(600);
    await lab().phones.hangup(callee);
    expect((await finished(callee, 1)).heard).to.deep.equal([['440'], ['880']]);
  });

  it('a ringing call is picked up: the recording that waited for a bridge goes on with who did', async () => {
    const caller = await lab().phones.ring('1001', '1002');
    const third = await lab().phones.callAlone('1003', '5900');
    await record(caller, { record_on_bridge: true });
    await lab().phones.pickUp(third, caller);
    await talk(1000);
    await lab().phones.hangup(third);
    expect((await finished(caller, 1)).heard).to.deep.equal([['440'], ['1120']]);
  });

  it('a call is picked off while it is masked: recorded on with who took it, in clear when somebody unmasks', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await service().bound(caller);
    await service().code(caller, '*71');
    await talk(600);
    await service().code(caller, '*72');
    await talk(400);
    const third = await lab().phones.callAlone('1003', '5900');
    await lab().phones.pickUp(third, caller);
    await lab().socket.event('CHANNEL_DESTROY', callee.uuid);
    await service().connected(caller);
    await talk(600);
    expect(await service().code(caller, '*73')).to.equal('done');
    await talk(800);
    await lab().phones.hangup(caller);
    expect((await finished(caller, 2)).heard).to.deep.equal([
      ['440', 'silence', '440'],
      ['880', 'silence', '1120'],
    ]);
  });

  it('held by either party while it is masked: masked until somebody unmasks', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await service().bound(caller);
    await service().code(caller, '*71');
    await talk(600);
    await service().code(caller, '*72');
    for (const party of [callee, caller]) {
      await lab().phones.hold(party);
      await talk(500);
      await lab().phones.unhold(party);
      await talk(400);
    }
    expect(await service().code(caller, '*73')).to.equal('done');
    await talk(800);
    await lab().phones.hangup(caller);
    expect((await finished(caller, 1)).heard).to.deep.equal([
      ['440', 'silence', '440'],
      ['880', 'silence', '880'],
    ]);
  });

  it('parked and retrieved by somebody else', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await record(callee, {});
    await talk(600);
    const mark = lab().socket.mark();
    await lab().socket.api(`uuid_transfer ${caller.uuid} 5900`);
    await lab().socket.event('CHANNEL_DESTROY', callee.uuid, {}, mark);
    const third = await lab().phones.callAlone('1003', '5900');
    await lab().socket.api(`uuid_bridge ${caller.uuid} ${third.uuid}`);
    await lab().socket.until('bridge', (event) => event['Bridge-B-Unique-ID'] === third.uuid, mark);
    await talk(1000);
    await lab().phones.hangup(third);
    const { heard } = await finished(callee, 2);
    expect(heard[1]).to.deep.equal(['880', '1120']);
  });

  it('the switch moves the recorder by itself: it is put right, and masked where it was', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    for (const { uuid } of [caller, callee]) {
      await lab().socket.api(`uuid_setvar ${uuid} recording_follow_transfer true`);
    }
    await record(callee, {});
    await talk(600);
    await record(callee, { action: 'mask' });
    await talk(400);
    await lab().phones.transfer(callee, '1003');
    await talk(800);
    await record(caller, { action: 'unmask' });
    await talk(600);
    await record(caller, { action: 'stop' });
    const { doc, heard } = await finished(callee, 2);
    expect(doc.mask_intervals).to.have.lengthOf(1);
    expect(heard).to.deep.equal([
      ['440', 'silence', '440'],
      ['880', 'silence', '1120'],
    ]);
    expect(await lab().socket.api(`uuid_buglist ${caller.uuid}`)).not.to.include('session_record');
  });

  it('media that bypass the switch are brought back for the next segment too', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002', { prefix: '84' });
    // uuid_media in the breath in which the legs are bridged answers +OK and may bring nothing back
    await talk(500);
    await record(callee, {});
    await talk(600);
    await lab().phones.transfer(callee, '1003');
    // after a transfer it may bring them back, and lose them in the same breath
    await talk(6000);
    await record(caller, { action: 'stop' });
    const doc = await service().recording(callee, 'completed');
    const heard = inTurn(await service().audio(doc));
    expect(heard.map((side) => side.filter((tone) => tone !== 'silence'))).to.deep.equal([
      ['440'],
      ['880', '1120'],
    ]);
  });

  it('follow_transfer false: it ends with its leg', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await record(callee, { follow_transfer: false });
    await talk(500);
    await lab().phones.transfer(callee, '1003');
    const { doc } = await finished(callee, 1);
    expect(doc.stop_reason).to.equal('hangup');
    expect((await service().record(caller, { action: 'mask' })).message).to.equal('not_recording');
  });

  it('time_limit counts the whole, not each segment', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await record(callee, { time_limit: 3 });
    await talk(1000);
    await lab().phones.transfer(callee, '1003');
    const { doc } = await finished(callee, 2);
    expect(doc.stop_reason).to.equal('time_limit');
    expect(doc.duration_ms).to.be.within(2700, 3300);
    await lab().phones.hangup(caller);
  });

  it('the recorded party’s hold is no part of the audio: limits wait, and masks lie where they are heard', async () => {
    const { caller } = await lab().phones.call('1001', '1002');
    await record(caller, { time_limit: 3 });
    await talk(600);
    await lab().phones.hold(caller);
    await talk(1500);
    await lab().phones.unhold(caller);
    await talk(600);
    await record(caller, { action: 'mask' });
    const { doc, heard } = await finished(caller, 1);
    expect(doc.stop_reason).to.equal('time_limit');
    expect(doc.duration_ms).to.be.within(2700, 3300);
    expect(heard[0]).to.deep.equal(['440', 'silence']);
  });
});
