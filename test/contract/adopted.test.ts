import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { inTurn } from '../support/heard.js';
import type { Leg } from '../support/lab-phones.js';
import { eventually, TestService } from '../support/lab-service.js';
import { silentSpans } from '../support/tones.js';
import { readWav } from '../support/wav.js';
import { talk } from './commands.js';
import { useLab, useService } from './shared-lab.js';

/** Beside the service's own settling, a dialplan's recorder masks up to half a second late (RECORD_PRE_BUFFER_FRAMES). */
const TOLERANCE = 750;

describe('contract: the service, recordings that others started', function () {
  this.timeout(20_000);
  const lab = useLab();
  const service = useService(lab);
  let outside: string;

  before(async () => {
    outside = await mkdtemp(join(tmpdir(), 'metaflows-outside-'));
  });
  after(() => rm(outside, { recursive: true }));
  afterEach(() => lab().phones.hangupAll());

  const adopted = async (leg: Leg, ...states: RecordingDocument['state'][]): Promise<RecordingDocument> => {
    const doc = await service().recording(leg, ...states);
    expect(doc.origin).to.equal('adopted');
    return doc;
  };
  /** Another program records the leg, to a folder that is not ours. */
  const recordOutside = async (leg: Leg): Promise<string> => {
    const path = join(outside, `${leg.uuid}.wav`);
    await lab().socket.api(`uuid_record ${leg.uuid} start ${path} 60 {RECORD_PRE_BUFFER_FRAMES=0}`);
    return path;
  };

  it('a dialplan’s: listed while it runs, masked as the document says, finished with the call', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002', { prefix: '85' });
    await service().bound(caller);
    expect(await adopted(caller, 'recording')).to.include({
      owner_id: '1001',
      name: `dialplan-${caller.uuid}.wav`,
    });
    await talk(1000);
    expect(await service().code(caller, '*72')).to.equal('done');
    await adopted(caller, 'masked');
    await talk(1200);
    expect(await service().code(caller, '*73')).to.equal('done');
    await talk(1000);
    await lab().phones.hangup(callee);
    const doc = await adopted(caller, 'completed');
    expect(doc.stop_reason).to.equal('hangup');
    expect(doc).not.to.have.property('delivery');
    expect(doc.audit.map(({ action }) => action)).to.deep.equal(['start', 'mask', 'unmask', 'stop']);
    const wav = await service().audio(doc);
    expect(Math.abs(doc.duration_ms - wav.ms)).to.be.below(100);
    const [span] = silentSpans(wav.channels[0]!, wav.rate, 200);
    const [interval] = doc.mask_intervals;
    expect(Math.abs(interval!.start_ms - span!.startMs)).to.be.below(TOLERANCE);
    expect(Math.abs(interval!.end_ms! - span!.endMs)).to.be.below(TOLERANCE);
  });

  it('outside our folder: described, never served nor removed', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    const path = await recordOutside(callee);
    await adopted(callee, 'recording');
    await talk(500);
    await lab().phones.hangup(caller);
    const doc = await adopted(callee, 'completed');
    expect(doc.owner_id).to.equal('1002');
    expect(doc).not.to.have.property('size');
    expect(JSON.stringify(doc)).not.to.include(outside);
    const url = `/accounts/pbx.test/recordings/${doc.id}`;
    expect((await service().ask('GET', `${url}?accept=audio/wav`)).status).to.equal(404);
    expect((await service().ask('DELETE', url)).status).to.equal(200);
    expect((await readWav(path)).ms).to.be.above(300);
  });

  it('*71 starts one of ours beside it, *72 masks both once, *74 stops ours alone', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await service().bound(caller);
    const path = await recordOutside(callee);
    await adopted(callee, 'recording');
    expect(await service().code(caller, '*71')).to.equal('done');
    await talk(400);
    expect(await service().code(caller, '*72')).to.equal('done');
    const masked = await adopted(callee, 'masked');
    expect(masked.mask_intervals).to.have.lengthOf(1);
    await talk(400);
    expect(await service().code(caller, '*73')).to.equal('done');
    await talk(400);
    expect(await service().code(caller, '*74')).to.equal('done');
    const ours = await service().recording(caller, 'completed');
    expect(inTurn(await service().audio(ours))[1]).to.deep.equal(['880', 'silence', '880']);
    await adopted(callee, 'recording');
    expect(await service().code(caller, '*74')).to.equal('refused');
    await lab().phones.hangup(caller);
    await adopted(callee, 'completed');
    const { channels, rate } = await readWav(path);
    expect(silentSpans(channels[0]!, rate, 200)).to.have.lengthOf(1);
  });

  it('the masked recorder ends, the call goes on: the next one begins masked, until somebody unmasks', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await service().bound(caller);
    const path = await recordOutside(callee);
    expect(await service().code(caller, '*72')).to.equal('done');
    await adopted(callee, 'masked');
    await lab().socket.api(`uuid_record ${callee.uuid} stop ${path}`);
    await adopted(callee, 'completed');
    expect(await service().code(caller, '*71')).to.equal('done');
    await service().recording(caller, 'masked');
    await talk(400);
    expect(await service().code(caller, '*73')).to.equal('done');
    await talk(400);
    expect(await service().code(caller, '*74')).to.equal('done');
    const ours = await service().recording(caller, 'completed');
    expect(inTurn(await service().audio(ours))[1]).to.deep.equal(['silence', '880']);
    expect(await service().code(caller, '*71')).to.equal('done');
    await service().recording(caller, 'recording');
  });

  it('moved by the switch together with ours: ours goes on in a new segment, theirs in its file, and both mask', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await service().bound(caller);
    const path = await recordOutside(callee);
    await adopted(callee, 'recording');
    expect(await service().code(caller, '*71')).to.equal('done');
    await lab().socket.api(`uuid_setvar ${callee.uuid} recording_follow_transfer true`);
    await talk(500);
    await lab().phones.transfer(callee, '1003');
    await service().connected(caller);
    await talk(800);
    expect(await service().code(caller, '*72')).to.equal('done');
    await adopted(callee, 'masked');
    await talk(800);
    await lab().phones.hangup(caller);
    const ours = await service().recording(caller, 'completed');
    expect(ours.segments).to.have.lengthOf(2);
    expect(inTurn(await service().audio(ours))[1]).to.deep.equal(['880', '1120', 'silence']);
    expect((await adopted(callee, 'completed')).mask_intervals).to.have.lengthOf(1);
    const [theirs = []] = inTurn(await readWav(path));
    expect(theirs).to.include.members(['440+880', '440+1120']);
    expect(theirs.at(-1)).to.equal('silence');
  });

  it('a masked call stays masked: whatever begins to record it begins masked, ours from its first frame', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await service().bound(caller);
    await recordOutside(callee);
    await adopted(callee, 'recording');
    expect(await service().code(caller, '*72')).to.equal('done');
    await adopted(callee, 'masked');
    expect(await service().code(caller, '*71')).to.equal('done');
    const begun = await service().recording(caller, 'masked');
    expect(begun.audit.map(({ action, by }) => `${action} by ${by}`)).to.deep.equal([
      'start by code',
      'mask by service',
    ]);
    await recordOutside(caller);
    await eventually('the third one, masked', async () => {
      const all = await service().recordings();
      const masked = all.filter(({ call_id, state }) => call_id === caller.uuid && state === 'masked');
      return masked.length === 2 ? true : undefined;
    });
    await talk(400);
    expect(await service().code(caller, '*73')).to.equal('done');
    await talk(400);
    expect(await service().code(caller, '*74')).to.equal('done');
    const ours = await service().recording(caller, 'completed');
    expect(ours.mask_intervals).to.have.lengthOf(1);
    expect(ours.mask_intervals[0]!.start_ms).to.equal(0);
    expect(inTurn(await service().audio(ours))[1]).to.deep.equal(['silence', '880']);
  });

  it('of a format that is not listed, begun while the call is masked: silent until somebody unmasks', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await service().bound(caller);
    expect(await service().code(caller, '*71')).to.equal('done');
    expect(await service().code(caller, '*72')).to.equal('done');
    const path = join(outside, `${callee.uuid}.raw`);
    await lab().socket.api(`uuid_record ${callee.uuid} start ${path} 60 {RECORD_PRE_BUFFER_FRAMES=0}`);
    await talk(1000);
    expect(await service().code(caller, '*73')).to.equal('done');
    await talk(800);
    await lab().socket.api(`uuid_record ${callee.uuid} stop ${path}`);
    const listed = (await service().recordings()).filter(({ call_id }) => call_id === callee.uuid);
    expect(listed).to.deep.equal([]);
    const bytes = await readFile(path);
    const samples = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
    const wav = { channels: [samples], rate: 8000, ms: samples.length / 8 };
    expect(inTurn(wav)).to.deep.equal([['silence', '440+880']]);
  });

  it('of an outside caller’s leg, who owns none: the recording is the other party’s', async () => {
    const { caller, callee } = await lab().phones.outsideCall('1002');
    await recordOutside(caller);
    expect(await adopted(callee, 'recording')).to.include({ owner_id: '1002', direction: 'outbound' });
  });
});

describe('contract: the service, recordings that others started, as the site says otherwise', function () {
  this.timeout(20_000);
  const lab = useLab();
  let folder: string;
  let service: TestService;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-config-'));
    const config = join(folder, 'config.json');
    await writeFile(config, JSON.stringify({ recording: { stop_adopted: true, deliver_adopted: true } }));
    service = await TestService.start(lab(), { CONFIG: config });
    await service.flows('1001');
  });
  after(async () => {
    await service.close();
    await rm(folder, { recursive: true });
  });

  it('recording.stop_adopted and deliver_adopted: the user stops it, and it goes to the url of call_recording', async () => {
    const url = 'http://127.0.0.1:9/recordings';
    await service.ask('POST', '/accounts/pbx.test/call_recording', { any: { any: { url } } });
    const { caller } = await lab().phones.call('1001', '1002', { prefix: '85' });
    await service.bound(caller);
    await service.recording(caller, 'recording');
    await talk(700);
    expect(await service.code(caller, '*74')).to.equal('done');
    const doc = await service.recording(caller, 'completed');
    expect(doc).to.include({ url, stop_reason: 'code' });
    // nothing is sent to this address
    expect(doc.delivery).to.be.oneOf(['pending', 'failed']);
    expect(existsSync(join(lab().recordingsDir, `dialplan-${caller.uuid}.wav`))).to.equal(true);
  });
});

describe('contract: the service, recordings that others started before it', function () {
  this.timeout(30_000);
  const lab = useLab();

  let service: TestService;
  afterEach(async () => {
    await lab().phones.hangupAll();
    await service.close();
  });

  it('are found when it comes, gone on with when it comes back, and finished when they have ended meanwhile', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002', { prefix: '85' });
    const other = await lab().phones.call('1003', '1004', { prefix: '85' });
    const first = (service = await TestService.spawn(lab()));
    const found = await first.recording(caller, 'recording');
    await first.recording(other.caller, 'recording');
    await first.record(callee, { action: 'mask' });
    await first.kill();
    await lab().phones.hangup(other.callee);

    const second = (service = await TestService.spawn(lab(), first));
    expect((await second.recording(caller, 'masked')).id).to.equal(found.id);
    expect((await second.recording(other.caller, 'completed')).stop_reason).to.equal('switch_lost');
    await lab().phones.hangup(callee);
    await second.recording(caller, 'completed');
    expect((await second.recordings()).filter(({ origin }) => origin === 'adopted')).to.have.lengthOf(2);
  });

  it('were masked and have ended: what begins when the service is back begins masked', async () => {
    const first = await TestService.spawn(lab());
    service = first;
    await first.flows('1001');
    const { caller, callee } = await lab().phones.call('1001', '1002', { prefix: '85' });
    await first.recording(caller, 'recording');
    expect((await first.record(callee, { action: 'mask' })).data.result).to.equal('masked');
    const path = join(lab().recordingsDir, `dialplan-${caller.uuid}.wav`);
    await lab().socket.api(`uuid_record ${caller.uuid} stop ${path}`);
    await first.recording(caller, 'completed');
    await first.kill();

    service = await TestService.spawn(lab(), first);
    await service.connected(caller);
    expect((await service.record(caller, {})).data.result).to.equal('started');
    await service.recording(caller, 'masked');
    expect((await service.record(caller, { action: 'unmask' })).data.result).to.equal('unmasked');
    expect((await service.record(caller, { action: 'stop' })).data.result).to.equal('stopped');
    expect((await service.record(caller, {})).data.result).to.equal('started');
    await service.recording(caller, 'recording');
  });
});
