import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { LabCall } from '../support/lab-phones.js';
import { silentSpans, windows } from '../support/tones.js';
import { parseWav } from '../support/wav.js';
import { talk } from './commands.js';
import { useLab, useService } from './shared-lab.js';

describe('contract: the service, transfers', () => {
  const lab = useLab();
  const service = useService(lab);
  let call: LabCall;

  beforeEach(async () => {
    call = await lab().phones.call('1001', '1002');
    for (const leg of [call.caller, call.callee]) await service().bound(leg);
  });
  afterEach(() => lab().phones.hangupAll());

  it('the owner transfers the other away: what was started goes on with the leg that stays', async () => {
    expect(await service().code(call.callee, '*71')).to.equal('done');
    await talk(500);
    const third = await lab().phones.transfer(call.callee, '1003');
    await talk(700);
    await lab().phones.hangup(third);
    const doc = await service().recording(call.callee, 'completed');
    const [left, right] = await channelsOf(doc);
    expect(left).to.include('440');
    expect(right).to.include.members(['880', '1120']);
  });

  it('the other transfers the owner’s call: the recording goes on with the third, and so do the codes', async () => {
    expect(await service().code(call.caller, '*71')).to.equal('done');
    await talk(700);
    const third = await lab().phones.transfer(call.callee, '1003');
    await talk(700);
    expect(await service().code(call.caller, '*72')).to.equal('done');
    await talk(500);
    expect(await service().code(call.caller, '*73')).to.equal('done');
    await talk(500);
    expect(await service().code(call.caller, '*74')).to.equal('done');
    expect(lab().phones.heard(third)).to.equal('');

    const doc = await service().recording(call.caller, 'completed');
    expect(doc.segments.map(({ call_id }) => call_id)).to.deep.equal([call.callee.uuid, third.uuid]);
    const [left, right] = await channelsOf(doc);
    expect(left).to.include('440');
    expect(right).to.include.members(['880', '1120', 'silence']);
    expect(doc.mask_intervals).to.have.lengthOf(1);
    const { channels, rate, ms } = await service().audio(doc);
    expect(Math.abs(doc.duration_ms - ms)).to.be.below(1);
    const spans = silentSpans(channels[1]!, rate, 200);
    expect(spans).to.have.lengthOf(1);
    expect(Math.abs(doc.mask_intervals[0]!.start_ms - spans[0]!.startMs)).to.be.below(250);
    expect(Math.abs(doc.mask_intervals[0]!.end_ms! - spans[0]!.endMs)).to.be.below(250);
  });

  it('nobody gets another’s rights: who is transferred to has no codes but its own', async () => {
    const third = await lab().phones.transfer(call.callee, '1003');
    expect(await lab().phones.pressed(third, call.caller, '*71')).to.equal('*71');
    expect(lab().socket.of('RECORD_START', call.caller.uuid)).to.deep.equal([]);
    expect(lab().socket.of('RECORD_START', third.uuid)).to.deep.equal([]);
  });

  it('a masked recording stays masked through a transfer, and can be unmasked over HTTP by the leg that stays', async () => {
    expect(await service().code(call.callee, '*71')).to.equal('done');
    await talk(300);
    expect(await service().code(call.callee, '*72')).to.equal('done');
    await lab().phones.transfer(call.callee, '1003');
    await talk(500);
    const { status, data } = await service().record(call.caller, { action: 'unmask' });
    expect([status, data.result]).to.deep.equal([200, 'unmasked']);
    await talk(500);
    expect((await service().record(call.caller, { action: 'stop' })).status).to.equal(200);
    const doc = await service().recording(call.callee, 'completed');
    expect(doc.mask_intervals).to.have.lengthOf(1);
    const [left, right] = await channelsOf(doc);
    expect(left.at(-2)).to.equal('440');
    expect(right.at(-2)).to.equal('1120');
    const { channels, rate } = await service().audio(doc);
    expect(silentSpans(channels[0]!, rate, 200)).to.have.lengthOf(1);
  });

  it('attended: what records a leg that stays goes on', async () => {
    const second = await lab().phones.call('1002', '1003');
    expect(await service().code(call.callee, '*71')).to.equal('done');
    await lab().phones.attendedTransfer(call.callee, second.caller, call.caller, second.callee);
    await talk(700);
    await lab().phones.hangup(second.callee);
    const doc = await service().recording(call.callee, 'completed');
    const [left, right] = await channelsOf(doc);
    expect(left).to.include('440');
    expect(right).to.include('1120');
  });

  it('as mp3, where the switch can, it is one file that the switch itself plays from end to end', async () => {
    const mp3 = { format: 'mp3' };
    if ((await lab().socket.api('module_exists mod_shout')) !== 'true') {
      expect((await service().record(call.callee, mp3)).message).to.equal('format_unavailable');
      return;
    }
    expect((await service().record(call.callee, mp3)).status).to.equal(200);
    await talk(2000);
    const third = await lab().phones.transfer(call.callee, '1003');
    await talk(2000);
    await lab().phones.hangup(third);
    const doc = await service().recording(call.callee, 'completed');
    expect(doc.segments).to.have.lengthOf(2);

    const { samples, rate } = await played(doc.segments[0]!.file);
    expect(Math.abs(doc.duration_ms - (samples.length * 1000) / rate)).to.be.below(500);
    // Between one far party and the next, and after the last, whoever stays is alone for a moment.
    const heard = windows(samples, rate).filter((each) => each.startsWith('440+'));
    expect(heard.filter((each, at) => each !== heard[at - 1])).to.deep.equal(['440+880', '440+1120']);
  });

  /** What a party of another call hears when the switch plays a file to it. */
  async function played(file: string): Promise<{ samples: Int16Array; rate: number }> {
    const { socket, recordingsDir, phones } = lab();
    const { uuid } = (await phones.call('1005', '1006')).caller;
    const path = join(recordingsDir, 'played.wav');
    await socket.api(`uuid_setvar ${uuid} RECORD_WRITE_ONLY true`);
    const mark = socket.mark();
    await socket.api(`uuid_record ${uuid} start ${path}`);
    await socket.api(`uuid_broadcast ${uuid} ${join(recordingsDir, file)} aleg`);
    await socket.event('PLAYBACK_STOP', uuid, {}, mark);
    await socket.api(`uuid_record ${uuid} stop ${path}`);
    await socket.event('RECORD_STOP', uuid, {}, mark);
    const { channels, rate } = parseWav(await readFile(path));
    return { samples: channels[0]!, rate };
  }

  async function channelsOf(
    doc: Parameters<ReturnType<typeof service>['audio']>[0],
  ): Promise<[string[], string[]]> {
    const { channels, rate } = await service().audio(doc);
    return channels.map((samples) => windows(samples, rate)) as [string[], string[]];
  }
});
