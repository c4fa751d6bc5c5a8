import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { bindCode } from '../../src/switch/commands.js';
import type { LabCall } from '../support/lab-phones.js';
import { CODES, eventually } from '../support/lab-service.js';
import { execute } from '../support/lab-socket.js';
import { heardInTurn, silentSpans, windows } from '../support/tones.js';
import type { Wav } from '../support/wav.js';
import { talk } from './commands.js';
import { useLab, useService } from './shared-lab.js';

/** How far a mask in the document may be from the silence in the file, milliseconds. */
const TOLERANCE = 250;

/** Each masked interval of the document is where the audio is silent, and the audio is silent nowhere else. */
function expectMasksAsHeard({ mask_intervals }: RecordingDocument, samples: Int16Array, rate: number): void {
  const heard = silentSpans(samples, rate, 200);
  expect(heard).to.have.lengthOf(mask_intervals.length);
  for (const [at, { start_ms, end_ms }] of mask_intervals.entries()) {
    expect(Math.abs(start_ms - heard[at]!.startMs)).to.be.below(TOLERANCE);
    expect(Math.abs(end_ms! - heard[at]!.endMs)).to.be.below(TOLERANCE);
  }
}

describe('contract: the service, codes', () => {
  const lab = useLab();
  const service = useService(lab);
  let call: LabCall;

  afterEach(() => lab().phones.hangupAll());

  const begin = async (options = {}): Promise<void> => {
    call = await lab().phones.call('1001', '1002', options);
    for (const leg of [call.caller, call.callee]) await service().bound(leg);
  };

  for (const presser of ['caller', 'callee'] as const) {
    it(`record, mask, unmask and stop the call when the ${presser} presses them; the other hears nothing of it`, async () => {
      await begin();
      const who = call[presser];
      const far = presser === 'caller' ? call.callee : call.caller;
      const heardBy = { presser: await lab().phones.listen(who), far: await lab().phones.listen(far) };
      const results = [];
      for (const code of ['*71', '*72', '*73', '*74']) {
        results.push(await service().code(who, code));
        await talk(700);
      }
      expect(results).to.deep.equal(['done', 'done', 'done', 'done']);
      expect(lab().phones.heard(far)).to.equal('');

      const tones = await heardBy.presser();
      expect(windows(tones.channels[0]!, tones.rate).some((heard) => heard.includes('1500'))).to.equal(true);
      const quiet = await heardBy.far();
      expect(windows(quiet.channels[0]!, quiet.rate).filter((heard) => heard.includes('1500'))).to.deep.equal(
        [],
      );

      const doc = await service().recording(who, 'completed');
      expect(doc).to.include({ owner_id: who.number, stop_reason: 'code', media_type: 'wav' });
      expect(doc.mask_intervals).to.have.lengthOf(1);
      const { channels, rate, ms } = await service().audio(doc);
      expect(Math.abs(doc.duration_ms - ms)).to.be.below(1);
      // the caller left, the callee right; a phone that presses a key is not heard meanwhile
      const [left, right] = channels.map((samples) => heardInTurn(samples, rate)) as [string[], string[]];
      expect(left[0]).to.equal('440');
      expect(right[0]).to.equal('880');
      const listener = presser === 'caller' ? 1 : 0;
      const tone = presser === 'caller' ? '880' : '440';
      expect((listener === 0 ? left : right).filter((heard) => heard !== 'other')).to.deep.equal([
        tone,
        'silence',
        tone,
      ]);
      expectMasksAsHeard(doc, channels[listener]!, rate);
      expectNothingClear(doc, { channels, rate, ms });
    });
  }

  it('a second start keeps the recording there is; mask and unmask twice are once', async () => {
    await begin();
    const results = [];
    for (const code of ['*71', '*71', '*72', '*72', '*73', '*73', '*74']) {
      results.push(await service().code(call.caller, code));
    }
    expect(results).to.deep.equal(Array(7).fill('done'));
    const doc = await service().recording(call.caller, 'completed');
    expect(doc.mask_intervals).to.have.lengthOf(1);
    expect(doc.audit.map(({ action, result }) => `${action} ${result}`)).to.deep.equal([
      'start ok',
      'start already_recording',
      'mask ok',
      'mask ok',
      'unmask ok',
      'unmask ok',
      'stop ok',
    ]);
  });

  it('are refused, with a tone, on a call that nobody records, and to a party alone', async () => {
    await begin();
    for (const code of ['*72', '*73', '*74']) {
      expect(await service().code(call.caller, code)).to.equal('refused');
    }
    await lab().phones.hangupAll();
    const alone = await lab().phones.callAlone('1001', '5900');
    expect(await service().code(alone, '*71')).to.equal('refused');
    expect(lab().socket.of('RECORD_START', alone.uuid)).to.deep.equal([]);
  });

  it('ends with the call: the recording is complete, and masked to its end where it was masked', async () => {
    await begin();
    await service().code(call.callee, '*71');
    await talk(500);
    await service().code(call.callee, '*72');
    await talk(700);
    await lab().phones.hangup(call.caller);
    const doc = await service().recording(call.callee, 'completed');
    expect(doc.stop_reason).to.equal('hangup');
    const { channels, rate, ms } = await service().audio(doc);
    expectMasksAsHeard(doc, channels[0]!, rate);
    expect(Math.abs(doc.mask_intervals[0]!.end_ms! - ms)).to.be.below(TOLERANCE);
  });

  it('ordinary digits reach the far end in order, none lost or doubled, and are in no log', async () => {
    await begin();
    const before = service().lines.length;
    for (const keys of ['5', '1234#', '*9', '4929*5#']) {
      expect(await lab().phones.pressed(call.caller, call.callee, keys)).to.equal(keys);
    }
    expect(await lab().phones.pressed(call.caller, call.callee, '*71*74')).to.equal('');
    await service().recording(call.caller, 'completed');
    const logged = service().lines.slice(before).join('\n');
    expect(logged).not.to.match(/1234#|4929/);
    expect(logged).not.to.match(/"digit"/i);
  });

  it('a code after a false start is heard by the far end, and runs once all the same', async () => {
    await begin();
    const mark = lab().phones.mark();
    expect(await service().code(call.caller, '**71')).to.equal('done');
    expect(await service().code(call.caller, '*74')).to.equal('done');
    await lab().phones.pressed(call.caller, call.callee, '');
    expect(lab().phones.heard(call.callee, mark)).to.equal('**71D');
    const doc = await service().recording(call.caller, 'completed', 'discarded');
    expect(doc.audit.map(({ action }) => action)).to.deep.equal(['start', 'stop']);
  });

  it('a code pressed more slowly than the switch waits runs all the same', async () => {
    await begin();
    expect(await service().code(call.caller, '*7WW1')).to.equal('done');
  });

  it('half a code is kept while somebody’s metaflows change', async () => {
    await begin();
    const mark = lab().socket.mark();
    const pressed = service().code(call.caller, '*7WW1');
    // The switch has handed it on, as no code that it waits for.
    await lab().socket.event('DTMF', call.caller.uuid, { 'DTMF-Digit': '7' }, mark);
    await service().flows('1002', { numbers: { 5: { module: 'record_call', data: { action: 'toggle' } } } });
    expect(await pressed).to.equal('done');
    await service().flows('1002');
  });

  it('half a code that the switch holds is kept while others of its codes are taken away', async () => {
    await begin();
    const mark = lab().socket.mark();
    const heard = lab().phones.mark();
    await lab().phones.press(call.caller, '*7');
    // Nothing tells of keys that the switch holds; it does for 0.8 s.
    await talk(400);
    const { 74: _stop, ...numbers } = CODES.numbers;
    await service().flows('1001', { numbers });
    const says = { Application: 'clear_digit_action' };
    await lab().socket.event('CHANNEL_EXECUTE', call.caller.uuid, says, mark);
    expect(await service().code(call.caller, '1')).to.equal('done');
    await lab().phones.pressed(call.caller, call.callee, '');
    expect(lab().phones.heard(call.callee, heard)).to.equal('D');
    await service().flows('1001');
  });

  it('that wait for longer ones run once where both parties’ metaflows have them', async () => {
    await begin();
    const data = {
      listen_on: 'both',
      digit_timeout: 1000,
      numbers: {
        7: { module: 'record_call', data: { action: 'toggle' } },
        71: { module: 'record_call', data: { action: 'mask' } },
      },
    };
    for (const user of ['1001', '1002']) await service().flows(user, data);
    for (const leg of [call.caller, call.callee]) await service().bound(leg, '*7');
    expect(await service().code(call.caller, '*7')).to.equal('done');
    expect(await service().code(call.caller, '*71')).to.equal('done');
    await service().recording(call.caller, 'masked');
    for (const user of ['1001', '1002']) await service().flows(user);
  });

  it('start nothing for who owns no leg: an outside caller, whatever the From claims, and the far party', async () => {
    const outside = await lab().phones.outsideCall('1003', { from: '1001' });
    expect(await lab().phones.pressed(outside.caller, outside.callee, '*71')).to.equal('*71');
    const inbound = await lab().phones.outsideCall('1002', { did: true });
    await service().bound(inbound.callee);
    expect(await lab().phones.pressed(inbound.caller, inbound.callee, '*71')).to.equal('*71');
    for (const { caller, callee } of [outside, inbound]) {
      for (const leg of [caller, callee]) {
        expect(lab().socket.of('RECORD_START', leg.uuid)).to.deep.equal([]);
      }
    }
    expect(await service().code(inbound.callee, '*71')).to.equal('done');
  });

  it('new metaflows take effect on a call in progress, deleted ones are heard by the far end again', async () => {
    await begin();
    await service().flows('1001', { numbers: { 5: { module: 'record_call', data: { action: 'toggle' } } } });
    await service().bound(call.caller, '*5');
    expect(await service().code(call.caller, '*5')).to.equal('done');
    expect(await lab().phones.pressed(call.caller, call.callee, '*71')).to.equal('*71');
    expect(await service().code(call.caller, '*5')).to.equal('done');
    await service().recording(call.caller, 'completed');
    await service().flows('1001');
  });

  it('a mask code that is nobody’s any more, and still masked inside the switch, has masked', async () => {
    await begin();
    const { caller } = call;
    expect(await service().code(caller, '*71')).to.equal('done');
    await talk(400);
    await service().flows('1001', { numbers: { 5: { module: 'record_call', data: { action: 'unmask' } } } });
    await service().bound(caller, '*5');
    // As when the key is pressed before the binding could be taken off.
    await lab().socket.command(execute(caller.uuid, 'bind_digit_action', bindCode('metaflows', '*72', true)));
    expect(await service().code(caller, '*72')).to.equal('done');
    await service().recording(caller, 'masked');
    await talk(500);
    expect(await service().code(caller, '*5')).to.equal('done');
    await talk(500);
    await lab().phones.hangup(caller);
    const doc = await service().recording(caller, 'completed');
    const { channels, rate } = await service().audio(doc);
    expect(doc.mask_intervals).to.have.lengthOf(1);
    for (const samples of channels) expectMasksAsHeard(doc, samples, rate);
    await service().flows('1001');
  });

  it('time_limit ends a recording by itself within 0.2 s; record_min_sec discards a shorter one, file and all', async () => {
    await begin();
    await service().flows('1001', {
      numbers: {
        1: { module: 'record_call', data: { time_limit: 2 } },
        2: { module: 'record_call', data: { action: 'toggle', record_min_sec: 5 } },
      },
    });
    await service().bound(call.caller, '*1', '*2');
    await service().code(call.caller, '*1');
    const limited = await service().recording(call.caller, 'completed');
    expect(limited.stop_reason).to.equal('time_limit');
    expect((await service().audio(limited)).ms).to.be.within(1800, 2200);

    await service().code(call.caller, '*2');
    const running = await service().recording(call.caller, 'recording');
    await service().code(call.caller, '*2');
    const discarded = await service().recording(call.caller, 'discarded');
    expect(discarded.id).to.equal(running.id);
    const file = join(lab().recordingsDir, running.segments[0]?.file ?? 'none');
    await eventually('removal of the file', () => Promise.resolve(existsSync(file) ? undefined : true));
    await service().flows('1001');
  });

  it('what the owner’s hold takes from the conversation is in no way lost: the far leg is recorded', async () => {
    await begin();
    await service().code(call.caller, '*71');
    await lab().phones.hold(call.caller);
    await talk(1000);
    await lab().phones.unhold(call.caller);
    await service().code(call.caller, '*72');
    await talk(500);
    await service().code(call.caller, '*73');
    await talk(300);
    await service().code(call.caller, '*74');
    const doc = await service().recording(call.caller, 'completed');
    const { channels, rate, ms } = await service().audio(doc);
    expect(ms).to.be.above(2000);
    expectMasksAsHeard(doc, channels[1]!, rate);
  });
});

/** Not one frame in which either party is heard inside a masked span of the audio. */
function expectNothingClear({ mask_intervals }: RecordingDocument, { channels, rate }: Wav): void {
  for (const { start_ms, end_ms } of mask_intervals) {
    const [from, to] = [start_ms + TOLERANCE, end_ms! - TOLERANCE].map((ms) =>
      Math.round((ms * rate) / 1000),
    );
    for (const samples of channels) {
      expect(samples.subarray(from, to).every((sample) => sample === 0)).to.equal(true);
    }
  }
}
