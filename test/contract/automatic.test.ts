import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { inTurn } from '../support/heard.js';
import type { LabCall, Leg } from '../support/lab-phones.js';
import { TestService } from '../support/lab-service.js';
import { windows } from '../support/tones.js';
import type { Wav } from '../support/wav.js';
import { talk } from './commands.js';
import { useLab, useService } from './shared-lab.js';

/** Whose documents the tests write. */
const SCOPES = ['', '/users/1001', '/users/1002', '/users/1003'];

describe('contract: the service, recordings that begin by themselves', function () {
  this.timeout(20_000);
  const lab = useLab();
  const service = useService(lab);

  afterEach(async () => {
    await lab().phones.hangupAll();
    for (const scope of SCOPES) await service().ask('DELETE', `/accounts/pbx.test${scope}/call_recording`);
  });

  const rules = async (data: object, scope = ''): Promise<void> => {
    const { status } = await service().ask('POST', `/accounts/pbx.test${scope}/call_recording`, data);
    expect(status).to.equal(200);
  };
  const starts = (...legs: Leg[]): number =>
    legs.reduce((sum, { uuid }) => sum + lab().socket.of('RECORD_START', uuid).length, 0);
  /** A command of the call's turn has been answered: what the bridge was to start has started by then. */
  const settled = async (leg: Leg): Promise<string> =>
    (await service().record(leg, { action: 'unmask' })).message ?? 'recording';

  it('one for each call, from the bridge on; masked at once; the user may not stop it', async () => {
    await rules({ any: { any: { enabled: true, label: 'all of them' } } });
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await service().bound(callee);
    const running = await service().recording(caller, 'recording');
    expect(running).to.include({ origin: 'automatic', owner_id: '1001', label: 'all of them' });
    expect(running.audit.map(({ action, by, user_id }) => [action, by, user_id])).to.deep.equal([
      ['start', 'service', undefined],
    ]);
    await talk(500);
    expect(await service().code(callee, '*72')).to.equal('done');
    await talk(500);
    expect(await service().code(callee, '*73')).to.equal('done');
    expect(await service().code(callee, '*74')).to.equal('refused');
    expect(await service().code(callee, '*71')).to.equal('done');
    await lab().phones.hangup(caller);
    const doc = await service().recording(caller, 'completed');
    expect(doc.audit.map(({ action, result }) => `${action} ${result}`)).to.deep.equal([
      'start ok',
      'mask ok',
      'unmask ok',
      'stop stop_not_allowed',
      'start already_recording',
      'stop hangup',
    ]);
    expect(starts(caller, callee)).to.equal(1);
    expect(inTurn(await service().audio(doc))[0]).to.deep.equal(['440', 'silence', '440']);
  });

  it('by direction and network; the nearer document wins', async () => {
    await rules({ outbound: { offnet: { enabled: true } }, inbound: { onnet: { enabled: true } } });
    await rules({ inbound: { onnet: { enabled: false } } }, '/users/1002');
    const inside = await lab().phones.call('1001', '1002');
    expect(await settled(inside.caller)).to.equal('not_recording');
    await lab().phones.hangupAll();

    const outside = await lab().phones.callOutside('1001', '5551234567');
    expect(await service().recording(outside.caller, 'recording')).to.include({ owner_id: '1001' });
    await lab().phones.hangupAll();

    const toThird = await lab().phones.call('1002', '1003');
    expect(await service().recording(toThird.callee, 'recording')).to.include({ owner_id: '1003' });
  });

  it('record_on_answer: a caller from the answer on, whoever answers', async () => {
    await rules({ outbound: { any: { enabled: true, record_on_answer: true } } });
    const alone = await lab().phones.callAlone('1001', '5900');
    expect(await service().recording(alone, 'recording')).to.include({ origin: 'automatic' });
  });

  it('it is not begun again for the legs of a call in which it was stopped; a new party’s rules apply', async () => {
    await rules({ any: { any: { enabled: true } } }, '/users/1001');
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await service().recording(caller, 'recording');
    expect((await service().record(caller, { action: 'stop' })).status).to.equal(200);
    await lab().phones.transfer(callee, '1004');
    expect(await settled(caller)).to.equal('not_recording');

    await rules({ inbound: { onnet: { enabled: true } } }, '/users/1003');
    const mark = lab().socket.mark();
    await lab().socket.api(`uuid_transfer ${caller.uuid} 1003`);
    const { 'Bridge-B-Unique-ID': third } = await lab().socket.event('CHANNEL_BRIDGE', caller.uuid, {}, mark);
    const doc = await service().recording({ ...callee, uuid: third! }, 'recording');
    expect(doc).to.include({ owner_id: '1003', origin: 'automatic' });
  });

  it('after a transfer it follows, and the new parties’ rules start no other', async () => {
    await rules({ any: { any: { enabled: true } } });
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await service().recording(caller, 'recording');
    await talk(600);
    const third = await lab().phones.transfer(callee, '1003');
    await talk(800);
    await lab().phones.hangup(caller);
    const doc = await service().recording(caller, 'completed');
    expect(doc.segments).to.have.lengthOf(2);
    expect(inTurn(await service().audio(doc))[1]).to.deep.equal(['880', '1120']);
    const uuids = [caller, callee, third].map(({ uuid }) => uuid);
    const ofCall = (await service().recordings()).filter(({ call_id }) => uuids.includes(call_id));
    expect(ofCall).to.have.lengthOf(1);
  });

  it('consent: both parties hear it at the start, whoever joins too, and beeps in between', async () => {
    await rules({ consent: { play: 'tone_stream://%(300,0,1500)', beep_interval: 2 } });
    const { caller, callee } = await lab().phones.call('1001', '1002');
    const [first, second] = [await lab().phones.listen(caller), await lab().phones.listen(callee)];
    expect((await service().record(callee, {})).status).to.equal(200);
    await talk(2600);
    const heard = await second();
    expect([heardTimes(heard, '1500'), heardTimes(heard, '1400')]).to.deep.equal([1, 1]);

    // the recorded leg leaves: the recording goes on on another
    const third = await lab().phones.transfer(callee, '1003');
    const joined = await lab().phones.listen(third);
    await talk(700);
    expect(heardTimes(await joined(), '1500')).to.equal(1);
    // the recorded leg stays
    const fourth = await lab().phones.transfer(third, '1004');
    const last = await lab().phones.listen(fourth);
    await talk(700);
    expect(heardTimes(await last(), '1500')).to.equal(1);
    // whoever was told already is not told again
    expect(heardTimes(await first(), '1500')).to.equal(1);
  });
});

describe('contract: the service, recordings that begin by themselves, as the site says otherwise', function () {
  this.timeout(20_000);
  const lab = useLab();
  let folder: string;
  let service: TestService;
  let call: LabCall;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-config-'));
    const config = join(folder, 'config.json');
    await writeFile(config, JSON.stringify({ recording: { stop_automatic: true } }));
    service = await TestService.start(lab(), { CONFIG: config });
    await service.flows('1001');
    await service.ask('POST', '/accounts/pbx.test/users/1001/call_recording', {
      any: { any: { enabled: true } },
    });
  });
  after(async () => {
    await service.close();
    await rm(folder, { recursive: true });
  });

  it('recording.stop_automatic: the user may stop it, and it stays stopped', async () => {
    call = await lab().phones.call('1001', '1002');
    await service.bound(call.caller);
    await service.recording(call.caller, 'recording');
    expect(await service.code(call.caller, '*74')).to.equal('done');
    expect((await service.recording(call.caller, 'completed')).stop_reason).to.equal('code');
    await lab().phones.transfer(call.callee, '1003');
    const { message } = await service.record(call.caller, { action: 'mask' });
    expect(message).to.equal('not_recording');
  });
});

describe('contract: the service, recordings that begin by themselves, over a restart', function () {
  this.timeout(30_000);
  const lab = useLab();

  let service: TestService;
  afterEach(async () => {
    await lab().phones.hangupAll();
    await service.close();
  });

  it('a service that comes back goes on with those that run, and does not begin those again that were stopped', async () => {
    const first = (service = await TestService.spawn(lab()));
    await first.ask('POST', '/accounts/pbx.test/call_recording', { outbound: { any: { enabled: true } } });
    const stopped = await lab().phones.call('1001', '1002');
    const running = await lab().phones.call('1003', '1004');
    const recorded = await first.recording(running.caller, 'recording');
    await first.recording(stopped.caller, 'recording');
    expect((await first.record(stopped.caller, { action: 'stop' })).status).to.equal(200);
    await first.kill();

    const second = (service = await TestService.spawn(lab(), first));
    expect((await second.record(stopped.caller, { action: 'mask' })).message).to.equal('not_recording');
    expect((await second.record(running.caller, { action: 'mask' })).status).to.equal(200);
    await lab().phones.hangup(running.caller);
    const doc: RecordingDocument = await second.recording(running.caller, 'completed');
    expect(doc.id).to.equal(recorded.id);
  });

  it('a service that comes back records who was answered meanwhile and talks to nobody yet', async () => {
    const rule = { outbound: { any: { enabled: true, record_on_answer: true } } };
    const first = (service = await TestService.spawn(lab()));
    await first.ask('POST', '/accounts/pbx.test/call_recording', rule);
    await first.kill();
    const alone = await lab().phones.callAlone('1001', '5900');
    const second = (service = await TestService.spawn(lab(), first));
    expect(await second.recording(alone, 'recording')).to.include({ origin: 'automatic' });
  });
});

/** How often a tone begins. */
function heardTimes({ channels, rate }: Wav, tone: string): number {
  const heard = windows(channels[0]!, rate);
  return heard.filter((what, at) => what.includes(tone) && !heard[at - 1]?.includes(tone)).length;
}
