import { expect } from 'chai';
import { Couch } from '../support/couch.js';
import { inTurn } from '../support/heard.js';
import { eventually, TestService } from '../support/lab-service.js';
import { silentSpans } from '../support/tones.js';
import { talk } from './commands.js';
import { useLab } from './shared-lab.js';

describe('contract: the service while its CouchDB is away', function () {
  this.timeout(60_000);
  const lab = useLab();
  let couch: Couch;
  let service: TestService;

  beforeEach(async () => {
    couch = await Couch.start();
    service = await TestService.start(lab(), { DATABASE: couch.url() });
    await service.flows('1001');
  });
  afterEach(async () => {
    await lab().phones.hangupAll();
    await service.close();
    await couch.close();
  });

  const isReady = async () => (await fetch(`${service.url}/readyz`)).ok;

  it('masks, and unmasks nothing, says that it could not store it, and stores it when it is back', async () => {
    const { caller } = await lab().phones.call('1001', '1002');
    await service.bound(caller);
    expect(await service.code(caller, '*71')).to.equal('done');
    await talk(1000);
    await couch.away();
    expect(await service.code(caller, '*72')).to.equal('failed');
    expect((await service.record(caller, { action: 'mask' })).status).to.equal(503);
    expect((await service.ask('POST', `/accounts/${lab().domain}/metaflows`, {})).status).to.equal(503);
    await eventually('the loss', async () => !(await isReady()) || undefined);
    await talk(1000);
    expect(await service.code(caller, '*73')).to.equal('failed');
    await talk(1000);
    await couch.back();
    await eventually('the return', async () => (await isReady()) || undefined);
    expect(await service.code(caller, '*73')).to.equal('done');
    await talk(1000);
    expect(await service.code(caller, '*74')).to.equal('done');
    const recording = await service.recording(caller, 'completed');
    const { channels, rate } = await service.audio(recording);
    // What is told as failed is not: the call is masked again at once, and only the last unmask opens it.
    const [first, second] = recording.mask_intervals;
    expect(recording.mask_intervals).to.have.length(2);
    expect(second!.start_ms - first!.end_ms!).to.be.below(250);
    for (const samples of channels) {
      const spans = silentSpans(samples, rate, 900);
      expect(spans[0]!.startMs).to.be.closeTo(first!.start_ms, 250);
      expect(spans.at(-1)!.endMs).to.be.closeTo(second!.end_ms!, 250);
      const silentMs = spans.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
      expect(silentMs).to.be.above(second!.end_ms! - first!.start_ms - 500);
    }
    const actions = recording.audit.map(({ action, result }) => `${action} ${result}`);
    expect(actions).to.include.members(['start ok', 'mask ok', 'unmask ok', 'stop ok']);
    expect(new Set((await service.recordings()).map(({ id }) => id))).to.deep.equal(new Set([recording.id]));
  });

  it('starts and ends what it is told to, and stores that when it is back', async () => {
    const { caller } = await lab().phones.call('1001', '1002');
    await service.bound(caller);
    await couch.away();
    expect(await service.code(caller, '*71')).to.equal('failed');
    expect(await service.code(caller, '*71')).to.equal('failed');
    await talk(1000);
    expect(await service.code(caller, '*74')).to.equal('failed');
    expect((await service.record(caller, { action: 'stop' })).message).to.equal('not_recording');
    await couch.back();
    const recording = await service.recording(caller, 'completed');
    expect(recording.stop_reason).to.equal('code');
    expect((await service.audio(recording)).ms).to.be.above(900);
    const { data } = await service.ask('GET', `/accounts/${lab().domain}/recordings/${recording.id}/audit`);
    const lines = data as unknown as { action: string; result: string }[];
    expect(lines.map(({ action, result }) => `${action} ${result}`)).to.include.members([
      'start ok',
      'stop ok',
    ]);
    expect(await service.recordings()).to.have.length(1);
  });

  it('follows a call that is taken over, and stores that when it is back', async () => {
    const { caller } = await lab().phones.call('1001', '1002');
    const third = await lab().phones.callAlone('1003', '5900');
    await service.bound(caller);
    expect(await service.code(caller, '*71')).to.equal('done');
    await talk(600);
    await couch.away();
    const mark = lab().socket.mark();
    await lab().phones.pickUp(third, caller);
    await lab().socket.until('the next segment', (event) => event['Event-Name'] === 'RECORD_START', mark);
    await talk(1000);
    await couch.back();
    await eventually('the return', async () => (await isReady()) || undefined);
    await lab().phones.hangup(caller);
    const recording = await service.recording(caller, 'completed');
    expect(recording.segments).to.have.lengthOf(2);
    expect(inTurn(await service.audio(recording))).to.deep.equal([['440'], ['880', '1120']]);
  });
});
