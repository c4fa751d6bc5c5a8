import { expect } from 'chai';
import type { LabCall } from '../support/lab-phones.js';
import { eventually } from '../support/lab-service.js';
import { silentSpans, windows } from '../support/tones.js';
import { talk } from './commands.js';
import { useLab, useService } from './shared-lab.js';

describe('contract: the service, over HTTP', () => {
  const lab = useLab();
  const service = useService(lab);
  let call: LabCall;

  beforeEach(async () => {
    call = await lab().phones.call('1001', '1002');
  });
  afterEach(() => lab().phones.hangupAll());

  it('lists the live legs, each with its owner', async () => {
    const listed = await eventually('both legs', async () => {
      const { data } = await service().ask('GET', `/accounts/${lab().domain}/channels`);
      const legs = data as unknown as { uuid: string; owner_id: string; other_leg: string }[];
      return legs.length === 2 && legs.every((leg) => leg.other_leg) ? legs : undefined;
    });
    const owners = Object.fromEntries(listed.map(({ uuid, owner_id }) => [uuid, owner_id]));
    expect(owners).to.deep.equal({ [call.caller.uuid]: '1001', [call.callee.uuid]: '1002' });
  });

  it('records the leg it names, and answers with what happened', async () => {
    const results = [];
    for (const action of ['start', 'start', 'mask', 'unmask', 'stop']) {
      const { status, data } = await service().record(call.callee, { action });
      results.push([status, data.result]);
      await talk(500);
    }
    expect(results).to.deep.equal([
      [200, 'started'],
      [200, 'already_recording'],
      [200, 'masked'],
      [200, 'unmasked'],
      [200, 'stopped'],
    ]);
    const doc = await service().recording(call.callee, 'completed');
    expect(doc).to.include({ stop_reason: 'api', owner_id: '1002' });
    expect(doc.segments[0]!.call_id).to.equal(call.callee.uuid);
    const { channels, rate } = await service().audio(doc);
    expect(windows(channels[0]!, rate)[1]).to.equal('440');
    expect(windows(channels[1]!, rate)[1]).to.equal('880');
    const [span] = silentSpans(channels[0]!, rate, 200);
    expect(Math.abs(span!.startMs - doc.mask_intervals[0]!.start_ms)).to.be.below(250);
    expect(Math.abs(span!.endMs - doc.mask_intervals[0]!.end_ms!)).to.be.below(250);
  });

  it('says why not: nothing records the call, the call is gone', async () => {
    for (const action of ['mask', 'unmask', 'stop']) {
      const { status, message } = await service().record(call.callee, { action });
      expect([status, message]).to.deep.equal([409, 'not_recording']);
    }
    await lab().phones.hangup(call.callee);
    expect((await service().record(call.callee, { action: 'start' })).status).to.equal(404);
  });

  it('needs no bridge, and a code ends what it began', async () => {
    const alone = await lab().phones.callAlone('1001', '5900');
    await service().answered(alone);
    expect((await service().record(alone, { action: 'start' })).status).to.equal(200);
    await talk(300);
    expect((await service().record(alone, { action: 'stop' })).status).to.equal(200);
    for (const leg of [call.caller, call.callee]) await service().bound(leg);
    await service().record(call.caller, { action: 'start' });
    expect(await service().code(call.callee, '*74')).to.equal('done');
    const doc = await service().recording(call.caller, 'completed');
    expect(doc.audit.map(({ action, by }) => `${action} ${by}`)).to.deep.equal(['start api', 'stop code']);
  });

  it('writes what is asked for: rate, name, label', async () => {
    const data = { record_sample_rate: 16000, media_name: 'talk.wav', label: 'a label' };
    await service().record(call.caller, { action: 'start', ...data });
    await talk(500);
    await service().record(call.caller, { action: 'stop' });
    const doc = await service().recording(call.caller, 'completed');
    expect(doc).to.include({ name: 'talk.wav', label: 'a label' });
    expect((await service().audio(doc)).rate).to.equal(16000);
  });
});
