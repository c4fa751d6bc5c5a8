import { expect } from 'chai';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { inTurn } from '../support/heard.js';
import type { LabCall, Leg } from '../support/lab-phones.js';
import { windows } from '../support/tones.js';
import type { Wav } from '../support/wav.js';
import { talk } from './commands.js';
import { useLab, useService } from './shared-lab.js';

describe('contract: the service, what record_call is told', function () {
  this.timeout(20_000);
  const lab = useLab();
  const service = useService(lab);
  let call: LabCall;

  beforeEach(async () => {
    call = await lab().phones.call('1001', '1002');
  });
  afterEach(() => lab().phones.hangupAll());

  const record = async (leg: Leg, data: object): Promise<void> => {
    const { status, message } = await service().record(leg, data);
    expect(status, message).to.equal(200);
  };
  const finished = async (leg: Leg): Promise<{ doc: RecordingDocument; wav: Wav; heard: string[][] }> => {
    const doc = await service().recording(leg, 'completed');
    const wav = await service().audio(doc);
    return { doc, wav, heard: inTurn(wav) };
  };
  /** Both parties are silent from now on. */
  const fallSilent = async (): Promise<void> => {
    for (const leg of [call.caller, call.callee]) await lab().phones.silence(leg, 5000);
  };

  it('silence_timeout: ends it after so long a silence, once speech was heard', async () => {
    await record(call.callee, { silence_timeout: 1 });
    await talk(600);
    await fallSilent();
    const { doc, wav } = await finished(call.callee);
    expect(doc.stop_reason).to.equal('silence');
    expect(wav.ms).to.be.within(1400, 2300);
  });

  it('silence_timeout: does not count before speech', async () => {
    await fallSilent();
    await talk(200);
    await record(call.callee, { silence_timeout: 1 });
    await talk(1600);
    await record(call.callee, { action: 'stop' });
    expect((await finished(call.callee)).doc.stop_reason).to.equal('api');
  });

  it('end_key: ends it when the leg that was named presses it, not when the other does', async () => {
    await record(call.caller, { end_key: '9#' });
    await talk(300);
    await lab().phones.press(call.callee, '9');
    await lab().phones.press(call.caller, '5');
    await lab().socket.event('DTMF', call.caller.uuid);
    await service().recording(call.caller, 'recording');
    await lab().phones.press(call.caller, '#');
    expect((await finished(call.caller)).doc.stop_reason).to.equal('end_key');
  });

  for (const [data, channels] of [
    [{ channels: 'single' }, [['440+880']]],
    [{ channels: 'dual' }, [['440'], ['880']]],
    [{ recording_track: 'inbound' }, [['880']]],
    [{ recording_track: 'outbound' }, [['440']]],
  ] as const) {
    it(`${JSON.stringify(data)} of the callee’s leg: ${JSON.stringify(channels)}`, async () => {
      await record(call.callee, data);
      await talk(600);
      await record(call.callee, { action: 'stop' });
      expect((await finished(call.callee)).heard).to.deep.equal(channels);
    });
  }

  it('trim: silence at both ends is cut off, and masks are where they then are', async () => {
    await lab().phones.silence(call.callee, 1500);
    await record(call.callee, { trim: 'trim-silence', recording_track: 'inbound' });
    await talk(2000);
    await record(call.callee, { action: 'mask' });
    await talk(500);
    await record(call.callee, { action: 'unmask' });
    await talk(500);
    await fallSilent();
    await talk(600);
    await record(call.callee, { action: 'stop' });
    const { doc, wav, heard } = await finished(call.callee);
    expect(heard).to.deep.equal([['880', 'silence', '880']]);
    // of more than 3600 ms
    expect(wav.ms).to.be.within(1300, 2600);
    expect(Math.abs(doc.duration_ms - wav.ms)).to.be.below(2);
    const masked = windows(wav.channels[0]!, wav.rate).indexOf('silence') * 100;
    expect(Math.abs(doc.mask_intervals[0]!.start_ms - masked)).to.be.below(300);
  });

  it('mask_mode cut: the masked span is not in the audio', async () => {
    await record(call.callee, { mask_mode: 'cut' });
    await talk(600);
    await record(call.callee, { action: 'mask' });
    await talk(1200);
    await record(call.callee, { action: 'unmask' });
    await talk(600);
    await record(call.callee, { action: 'stop' });
    const { doc, wav, heard } = await finished(call.callee);
    expect(heard).to.deep.equal([['440'], ['880']]);
    expect(wav.ms).to.be.within(1000, 1700);
    expect(Math.abs(doc.duration_ms - wav.ms)).to.be.below(2);
    const [interval] = doc.mask_intervals;
    expect(Math.abs(interval!.start_ms - 600)).to.be.below(250);
    expect(interval!.end_ms).to.equal(interval!.start_ms);
  });

  it('mask_time_limit: unmasks by itself, with a tone to the owner five seconds before', async () => {
    await service().flows('1001', {
      numbers: { 1: { module: 'record_call', data: { mask_time_limit: 6, channels: 'single' } } },
    });
    await service().bound(call.caller, '*1');
    await service().code(call.caller, '*1');
    await talk(300);
    const owner = await lab().phones.listen(call.caller);
    const other = await lab().phones.listen(call.callee);
    await record(call.caller, { action: 'mask' });
    await service().recording(call.caller, 'masked');
    const unmasked = await service().recording(call.caller, 'recording');
    expect(unmasked.audit.at(-1)).to.include({ action: 'unmask', by: 'service', result: 'ok' });
    const [heard, elsewhere] = [await owner(), await other()].map(({ channels, rate }) =>
      windows(channels[0]!, rate),
    ) as [string[], string[]];
    expect(heard.findIndex((what) => what.includes('1000')) * 100).to.be.within(700, 1700);
    expect(elsewhere.filter((what) => what.includes('1000'))).to.deep.equal([]);
    await talk(500);
    await record(call.caller, { action: 'stop' });
    const { doc } = await finished(call.caller);
    const [interval] = doc.mask_intervals;
    expect(interval!.end_ms! - interval!.start_ms).to.be.within(5900, 6300);
    await service().flows('1001');
  });

  it('play_beep: both parties hear it, and it is in the recording', async () => {
    const heardBy = [await lab().phones.listen(call.caller), await lab().phones.listen(call.callee)];
    await record(call.callee, { play_beep: true });
    await talk(800);
    await record(call.callee, { action: 'stop' });
    for (const hears of heardBy) {
      const { channels, rate } = await hears();
      expect(windows(channels[0]!, rate).some((what) => what.includes('1400'))).to.equal(true);
    }
    const { wav } = await finished(call.callee);
    expect(windows(wav.channels[0]!, wav.rate)[0]).to.equal('440+1400');
  });

  it('record_on_bridge: nothing is written until there is a bridge, and masks lie where they are heard', async () => {
    await lab().phones.hangupAll();
    const alone = await lab().phones.callAlone('1001', '5900');
    const other = await lab().phones.callAlone('1002', '5900');
    await record(alone, { record_on_bridge: true });
    await talk(1000);
    const mark = lab().socket.mark();
    await lab().socket.api(`uuid_bridge ${alone.uuid} ${other.uuid}`);
    await lab().socket.event('CHANNEL_BRIDGE', alone.uuid, {}, mark);
    await talk(600);
    await record(alone, { action: 'mask' });
    await talk(500);
    await record(alone, { action: 'stop' });
    const { doc, wav, heard } = await finished(alone);
    expect(heard[0]).to.deep.equal(['440', 'silence']);
    expect(wav.ms).to.be.within(900, 1600);
    expect(Math.abs(doc.mask_intervals[0]!.start_ms - 600)).to.be.below(300);
  });
});
