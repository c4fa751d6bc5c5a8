import { expect } from 'chai';
import { join } from 'node:path';
import { nameOf } from '../support/lab-socket.js';
import type { LabCall, Leg } from '../support/lab-phones.js';
import { silentSpans, windows } from '../support/tones.js';
import { readWav } from '../support/wav.js';
import { talk } from './commands.js';
import { useLab, useService } from './shared-lab.js';

describe('contract: the service, beside a dialplan’s own', () => {
  const lab = useLab();
  const service = useService(lab);
  let call: LabCall;
  let mark = 0;

  const begin = async (prefix: string): Promise<void> => {
    call = await lab().phones.call('1001', '1002', { prefix });
    mark = lab().socket.mark();
  };
  const featuresOf = (leg: Leg): (string | undefined)[] =>
    lab()
      .socket.of('lab::code', leg.uuid, mark)
      .map((event) => event['Lab-Code']);

  afterEach(() => lab().phones.hangupAll());

  it('FusionPBX: its codes and ours all work on both legs, and stay hidden', async () => {
    await begin('82');
    for (const leg of [call.caller, call.callee]) await settled(leg, 'local');
    for (const [leg, far] of [
      [call.caller, call.callee],
      [call.callee, call.caller],
    ] as const) {
      expect(await lab().phones.pressed(leg, far, '*1*2')).to.equal('');
      expect(featuresOf(leg)).to.have.members(['1', '2']);
      expect(await service().code(leg, '*71')).to.equal('done');
      expect(await service().code(leg, '*74')).to.equal('done');
      expect(await lab().phones.pressed(leg, far, '*95')).to.equal('*95');
    }
  });

  it('the vanilla codes of the called party: they and ours all work, and stay hidden', async () => {
    await begin('83');
    await service().bound(call.callee);
    await settled(call.callee, 'metaflows');
    expect(await lab().phones.pressed(call.callee, call.caller, '*1*3')).to.equal('');
    expect(featuresOf(call.callee)).to.deep.equal(['1', '3']);
    expect(await service().code(call.callee, '*71')).to.equal('done');
    expect(await service().code(call.caller, '*74')).to.equal('done');
    expect(await lab().phones.pressed(call.callee, call.caller, '*9')).to.equal('*9');
  });

  it('such codes of the calling party: they and ours all work, and stay hidden', async () => {
    await begin('87');
    await service().bound(call.caller);
    await settled(call.caller, 'metaflows');
    expect(await lab().phones.pressed(call.caller, call.callee, '*1*3')).to.equal('');
    expect(featuresOf(call.caller)).to.deep.equal(['1', '3']);
    expect(await service().code(call.caller, '*71')).to.equal('done');
    expect(await service().code(call.callee, '*74')).to.equal('done');
  });

  it('a mask code masks the dialplan’s own recording too, with ours or alone', async () => {
    await begin('85');
    for (const leg of [call.caller, call.callee]) await service().bound(leg);
    const theirs = join(lab().recordingsDir, `dialplan-${call.caller.uuid}.wav`);
    for (const before of [[], ['*71']]) {
      for (const code of before) expect(await service().code(call.callee, code)).to.equal('done');
      expect(await service().code(call.callee, '*72')).to.equal('done');
      await talk(700);
      expect(await service().code(call.callee, '*73')).to.equal('done');
      await talk(700);
    }
    await lab().phones.hangup(call.caller);
    await lab().socket.event('RECORD_STOP', call.caller.uuid, { 'Record-File-Path': theirs });
    const { channels, rate } = await readWav(theirs);
    expect(silentSpans(channels[0]!, rate, 400)).to.have.lengthOf(2);
  });

  it('once the call is over its codes are taken off, for what the switch itself asks of the party', async () => {
    await begin('86');
    await service().bound(call.caller);
    await lab().phones.hangup(call.callee);
    await lab().socket.event(
      'CHANNEL_EXECUTE',
      call.caller.uuid,
      { Application: 'clear_digit_action' },
      mark,
    );
    await lab().phones.press(call.caller, '*71');
    await lab().socket.event('DTMF', call.caller.uuid, { 'DTMF-Digit': '1' }, mark);
    expect(lab().socket.of('metaflows::code', call.caller.uuid, mark)).to.deep.equal([]);
  });

  it('media that bypass the switch are brought back for a recording over HTTP', async () => {
    await begin('84');
    // uuid_media in the breath in which the legs are bridged answers +OK and may bring nothing back
    await talk(500);
    for (const leg of [call.caller, call.callee]) {
      const { status, data } = await service().record(leg, { action: 'start' });
      expect([status, data.result]).to.deep.equal([
        200,
        leg === call.caller ? 'started' : 'already_recording',
      ]);
    }
    await talk(700);
    await service().record(call.caller, { action: 'stop' });
    const doc = await service().recording(call.caller, 'completed');
    const { channels, rate } = await service().audio(doc);
    expect(windows(channels[0]!, rate)).to.include('440');
    expect(windows(channels[1]!, rate)).to.include('880');
  });

  it('behind a loopback channel the real leg is recorded', async () => {
    await begin('81');
    await lab().socket.until(
      'bridge of the real legs',
      (event) =>
        nameOf(event) === 'CHANNEL_BRIDGE' &&
        [event['Bridge-A-Unique-ID'], event['Bridge-B-Unique-ID']].sort().join() ===
          [call.caller.uuid, call.callee.uuid].sort().join(),
    );
    await service().bound(call.callee);
    await settled(call.callee, 'metaflows');
    expect(await service().code(call.callee, '*71')).to.equal('done');
    await talk(500);
    expect(await service().code(call.callee, '*74')).to.equal('done');
    const doc = await service().recording(call.callee, 'completed');
    expect(doc.segments.map(({ call_id }) => call_id)).to.deep.equal([call.caller.uuid]);
    const { channels, rate } = await service().audio(doc);
    expect(windows(channels[0]!, rate)).to.include('440');
  });

  /** Waits until all our codes are bound in a realm of a leg, and nothing more comes: `*74` is the last of ours. */
  async function settled(leg: Leg, realm: string): Promise<void> {
    await lab().socket.until(
      `codes in ${realm}`,
      (event) =>
        event['Unique-ID'] === leg.uuid &&
        event.Application === 'bind_digit_action' &&
        event['Application-Data']!.startsWith(`^^;${realm};*74;`),
    );
    // what follows the codes, for the dialplan's own, is queued behind them
    const last = lab().socket.mark();
    await lab().socket.execute(leg.uuid, 'eval', 'settled');
    await lab().socket.event('CHANNEL_EXECUTE', leg.uuid, { Application: 'eval' }, last);
  }
});
