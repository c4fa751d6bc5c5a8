import { expect } from 'chai';
import { bindCode } from '../../src/switch/commands.js';
import type { Leg } from '../support/lab-phones.js';
import { TestService } from '../support/lab-service.js';
import { execute } from '../support/lab-socket.js';
import { silentSpans } from '../support/tones.js';
import { talk } from './commands.js';
import { useLab } from './shared-lab.js';

/** How far a mask in the document may be from the silence in the file, milliseconds. */
const TOLERANCE = 250;

describe('contract: the clock of the service is set', function () {
  this.timeout(60_000);
  const lab = useLab();
  let service: TestService;
  let caller: Leg;
  const realNow = Date.now;

  beforeEach(async () => {
    service = await TestService.start(lab());
    await service.flows('1001');
    ({ caller } = await lab().phones.call('1001', '1002'));
    await service.bound(caller);
  });
  afterEach(async () => {
    Date.now = realNow;
    await lab().phones.hangupAll();
    await service.close();
  });

  const setClock = (ms: number) => (Date.now = () => realNow() + ms);
  const judge = async (): Promise<void> => {
    const doc = await service.recording(caller, 'completed');
    const { channels, rate } = await service.audio(doc);
    const spans = silentSpans(channels[1]!, rate, 200);
    expect(doc.mask_intervals).to.have.lengthOf(spans.length);
    for (const [n, { startMs, endMs }] of spans.entries()) {
      const { start_ms, end_ms } = doc.mask_intervals[n]!;
      expect(Math.abs(start_ms - startMs), 'start of the mask').to.be.below(TOLERANCE);
      expect(Math.abs(end_ms! - endMs), 'end of the mask').to.be.below(TOLERANCE);
    }
  };

  it('while it records, forward and back: masks lie where the document says', async () => {
    expect(await service.code(caller, '*71')).to.equal('done');
    await talk(300);
    setClock(60_000);
    expect(await service.code(caller, '*72')).to.equal('done');
    await talk(300);
    setClock(-3_600_000);
    expect(await service.code(caller, '*73')).to.equal('done');
    await talk(300);
    expect(await service.code(caller, '*74')).to.equal('done');
    await judge();
  });

  it('before a code masks inside the switch that is nobody’s any more: its mask lies where it is heard', async () => {
    expect(await service.code(caller, '*71')).to.equal('done');
    await talk(300);
    await service.flows('1001', { numbers: { 5: { module: 'record_call', data: { action: 'stop' } } } });
    await service.bound(caller, '*5');
    setClock(-3_600_000);
    await lab().socket.command(execute(caller.uuid, 'bind_digit_action', bindCode('metaflows', '*72', true)));
    expect(await service.code(caller, '*72')).to.equal('done');
    await talk(300);
    expect(await service.code(caller, '*5')).to.equal('done');
    await judge();
  });
});
