import { expect } from 'chai';
import { join } from 'node:path';
import { LabSocket, nameOf } from '../support/lab-socket.js';
import type { LabCall } from '../support/lab-phones.js';
import { heardInTurn } from '../support/tones.js';
import { readWav } from '../support/wav.js';
import { absorb, bind, codeEvent, talk } from './commands.js';
import { useLab } from './shared-lab.js';

const CODES = ['*71', '*72', '*73', '*74'];

describe('contract: digits', () => {
  const lab = useLab();
  let call: LabCall;
  let mark = 0;

  /** Who pressed what, as DTMF events have it since the test began. */
  const digits = (leg: { uuid: string }): string =>
    lab()
      .socket.of('DTMF', leg.uuid, mark)
      .map((event) => event['DTMF-Digit'])
      .join('');
  const codes = (leg: { uuid: string }): (string | undefined)[] =>
    lab()
      .socket.of('metaflows::code', leg.uuid, mark)
      .map((event) => event['Metaflow-Code']);
  const features = (): [string | undefined, string | undefined][] =>
    lab()
      .socket.events.slice(mark)
      .filter((event) => nameOf(event) === 'lab::code')
      .map((event) => [event['Unique-ID'], event['Lab-Code']]);

  describe('nothing bound', () => {
    before(async () => {
      call = await lab().phones.call('1001', '1002');
      mark = lab().socket.mark();
    });
    after(() => lab().phones.hangupAll());

    it('one DTMF event, on the leg whose party pressed; the far end hears it', async () => {
      expect(await lab().phones.pressed(call.callee, call.caller, '12*#')).to.equal('12*#');
      expect(digits(call.callee)).to.equal('12*#D');
      expect(digits(call.caller)).to.equal('');
      expect(lab().phones.heard(call.callee)).to.equal('');
      expect(lab().socket.of('DTMF', call.callee.uuid)[0]!['DTMF-Source']).to.equal('RTP');
    });
  });

  describe('codes bound on the leg', () => {
    before(async () => {
      call = await lab().phones.call('1001', '1002');
      await absorb(lab().socket, call.caller.uuid, CODES);
    });
    beforeEach(() => {
      mark = lab().socket.mark();
    });
    after(() => lab().phones.hangupAll());

    it('a code fires its event, no DTMF event, and the far end hears nothing', async () => {
      expect(await lab().phones.pressed(call.caller, call.callee, '*71*74')).to.equal('');
      expect(codes(call.caller)).to.deep.equal(['*71', '*74']);
      expect(digits(call.caller)).to.equal('D');
    });

    for (const keys of ['5', '1234#', '*9', '*99', '*5*', '*7*71', '**71', '*7#']) {
      it(`hands ${keys} on, in order, each once, and fires nothing`, async () => {
        expect(await lab().phones.pressed(call.caller, call.callee, keys)).to.equal(keys);
        expect(digits(call.caller)).to.equal(`${keys}D`);
        expect(codes(call.caller)).to.deep.equal([]);
        expect(lab().socket.of('DTMF', call.caller.uuid, mark)[0]!['DTMF-Source']).to.equal('APP');
      });
    }

    it('a lone binding digit, and a code pressed too slowly, are handed on after the digit timeout', async () => {
      expect(await lab().phones.pressed(call.caller, call.callee, '*W')).to.equal('*');
      expect(await lab().phones.pressed(call.caller, call.callee, '*7WW1')).to.equal('*71');
      expect(codes(call.caller)).to.deep.equal([]);
    });

    it('the other party’s keys are untouched', async () => {
      expect(await lab().phones.pressed(call.callee, call.caller, '*71')).to.equal('*71');
      expect(codes(call.callee)).to.deep.equal([]);
    });

    it('the same digits bound again in the same realm do the new thing, once', async () => {
      await bind(lab().socket, call.caller.uuid, '*74', codeEvent('*74', ',Again=yes'));
      expect(await lab().phones.pressed(call.caller, call.callee, '*74')).to.equal('');
      const fired = lab().socket.of('metaflows::code', call.caller.uuid, mark);
      expect(fired.map((event) => event.Again)).to.deep.equal(['yes']);
    });

    it('once the realm is cleared the far end hears the codes', async () => {
      await lab().socket.execute(call.caller.uuid, 'clear_digit_action', 'metaflows');
      await lab().socket.event('CHANNEL_EXECUTE', call.caller.uuid, {
        Application: 'clear_digit_action',
      });
      expect(await lab().phones.pressed(call.caller, call.callee, '*71')).to.equal('*71');
      expect(codes(call.caller)).to.deep.equal([]);
    });
  });

  describe('a binding that masks inside the switch', () => {
    it('expands at the press what is escaped at the binding: masks, tells so, and notes when', async () => {
      call = await lab().phones.call('1001', '1002');
      const { caller, callee } = call;
      const path = join(lab().recordingsDir, `in-switch-${caller.uuid}.wav`);
      const { socket } = lab();
      await socket.api(`uuid_setvar ${caller.uuid} metaflows_mask ${callee.uuid} mask ${path}`);
      const more =
        ',Masked=\\${uuid_record(\\${metaflows_mask})}' +
        `,Note=\\\${global_setvar(metaflows_noted_${caller.uuid}=\\\${strmicroepoch()})}`;
      await bind(socket, caller.uuid, '*72', codeEvent('*72', more));

      mark = socket.mark();
      await lab().phones.press(caller, '*72');
      const refused = await socket.event('metaflows::code', caller.uuid, {}, mark);
      expect(refused.Masked).to.match(/^-ERR Cannot mask recording session!/);

      await socket.api(`uuid_record ${callee.uuid} start ${path} 60 {RECORD_PRE_BUFFER_FRAMES=0}`);
      await talk(300);
      mark = socket.mark();
      await lab().phones.press(caller, '*72');
      const masked = await socket.event('metaflows::code', caller.uuid, {}, mark);
      expect(masked.Masked).to.match(/^\+OK Success/);
      const noted = Number(await socket.api(`global_getvar metaflows_noted_${caller.uuid}`));
      expect(Math.abs(noted - Number(masked['Event-Date-Timestamp']))).to.be.below(100_000);
      await talk(300);
      await socket.api(`uuid_record ${callee.uuid} stop ${path}`);
      await socket.event('RECORD_STOP', callee.uuid);
      const { channels, rate } = await readWav(path);
      const heard = heardInTurn(channels[0]!, rate);
      expect(heard[0]).to.equal('440+880');
      // a phone that presses a key is not heard meanwhile
      expect(heard.filter((what) => what === 'silence')).to.have.lengthOf(1);
      expect(heard.at(-1)).to.equal('silence');
      await lab().phones.hangupAll();
    });
  });

  describe('a dialplan with bindings of its own in a realm (FusionPBX)', () => {
    /** Waits for a binding of the dialplan: those of the called leg come 200 ms after CHANNEL_BRIDGE. */
    const boundByDialplan = (leg: { uuid: string }, keys: string): Promise<unknown> =>
      lab().socket.until(
        `binding of ${keys}`,
        (event) =>
          event['Unique-ID'] === leg.uuid &&
          event.Application === 'bind_digit_action' &&
          event['Application-Data']!.startsWith(`local,${keys},exec`),
      );

    beforeEach(async () => {
      call = await lab().phones.call('1001', '1002', { prefix: '82' });
      await boundByDialplan(call.callee, '*2');
      mark = lab().socket.mark();
    });
    afterEach(() => lab().phones.hangupAll());

    it('tells of each by CHANNEL_EXECUTE, on both legs; they work and stay hidden', async () => {
      for (const leg of [call.caller, call.callee]) {
        for (const keys of ['*1', '*2']) await boundByDialplan(leg, keys);
      }
      expect(await lab().phones.pressed(call.caller, call.callee, '*1')).to.equal('');
      expect(await lab().phones.pressed(call.callee, call.caller, '*2')).to.equal('');
      expect(features()).to.deep.equal([
        [call.caller.uuid, '1'],
        [call.callee.uuid, '2'],
      ]);
    });

    it('a new binding makes its realm the active one, one that replaces another does not', async () => {
      const { caller, callee } = call;
      await absorb(lab().socket, callee.uuid, ['*71']);
      expect(await lab().phones.pressed(callee, caller, '*1*71')).to.equal('*1');
      expect(codes(callee)).to.deep.equal(['*71']);

      await bind(lab().socket, callee.uuid, '*8', codeEvent('*8'), 'local');
      expect(await lab().phones.pressed(callee, caller, '*1*71')).to.equal('*71');
      expect(features()).to.deep.equal([[callee.uuid, '1']]);

      await absorb(lab().socket, callee.uuid, ['*71']);
      expect(await lab().phones.pressed(callee, caller, '*71')).to.equal('*71');
    });

    it('ours in the realm that is there: all work, and stay hidden', async () => {
      for (const leg of [call.caller, call.callee]) await absorb(lab().socket, leg.uuid, CODES, 'local');
      expect(await lab().phones.pressed(call.callee, call.caller, '*71*1')).to.equal('');
      expect(await lab().phones.pressed(call.caller, call.callee, '*2*74')).to.equal('');
      expect(features()).to.deep.equal([
        [call.callee.uuid, '1'],
        [call.caller.uuid, '2'],
      ]);
      expect(codes(call.callee)).to.deep.equal(['*71']);
      expect(codes(call.caller)).to.deep.equal(['*74']);
    });
  });

  describe('bind_meta_app for the called party (vanilla)', () => {
    beforeEach(async () => {
      call = await lab().phones.call('1001', '1002', { prefix: '83' });
      mark = lab().socket.mark();
    });
    afterEach(() => lab().phones.hangupAll());

    it('its codes work, and are hidden', async () => {
      expect(await lab().phones.pressed(call.callee, call.caller, '*1')).to.equal('');
      expect(features()).to.deep.equal([[call.callee.uuid, '1']]);
    });

    it('ours on the called leg: what they hand on no longer starts its codes', async () => {
      await absorb(lab().socket, call.callee.uuid, CODES);
      expect(await lab().phones.pressed(call.callee, call.caller, '*1*71')).to.equal('*1');
      expect(features()).to.deep.equal([]);
      expect(codes(call.callee)).to.deep.equal(['*71']);
    });

    it('its codes bound as well, to be sent to the caller’s leg with its hooks: all work, and stay hidden', async () => {
      await absorb(lab().socket, call.callee.uuid, CODES);
      await bind(lab().socket, call.callee.uuid, '*1', `api:uuid_send_dtmf;${call.caller.uuid} ~*1`);
      expect(await lab().phones.pressed(call.callee, call.caller, '*1*71')).to.equal('');
      expect(features()).to.deep.equal([[call.callee.uuid, '1']]);
      expect(codes(call.callee)).to.deep.equal(['*71']);
    });
  });

  describe('bind_meta_app for the calling party', () => {
    beforeEach(async () => {
      call = await lab().phones.call('1001', '1002', { prefix: '87' });
      await absorb(lab().socket, call.caller.uuid, CODES);
      mark = lab().socket.mark();
    });
    afterEach(() => lab().phones.hangupAll());

    it('ours on its leg: its codes work, but the far end hears them', async () => {
      expect(await lab().phones.pressed(call.caller, call.callee, '*1*71')).to.equal('*1');
      expect(features()).to.deep.equal([[call.caller.uuid, '1']]);
      expect(codes(call.caller)).to.deep.equal(['*71']);
    });

    it('its codes bound as well, to nothing: all work, and stay hidden', async () => {
      await bind(lab().socket, call.caller.uuid, '*1', 'none');
      expect(await lab().phones.pressed(call.caller, call.callee, '*1*71')).to.equal('');
      expect(features()).to.deep.equal([[call.caller.uuid, '1']]);
      expect(codes(call.caller)).to.deep.equal(['*71']);
    });
  });

  describe('bindings and transfers', () => {
    afterEach(() => lab().phones.hangupAll());

    it('stay on the leg that stays', async () => {
      call = await lab().phones.call('1001', '1002');
      await absorb(lab().socket, call.caller.uuid, CODES);
      mark = lab().socket.mark();
      const third = await lab().phones.transfer(call.callee, '1003');
      expect(await lab().phones.pressed(call.caller, third, '*71*9')).to.equal('*9');
      expect(codes(call.caller)).to.deep.equal(['*71']);
    });
  });

  describe('bindings after the bridge', () => {
    afterEach(() => lab().phones.hangupAll());

    it('outlive it: in an application of the switch a code still vanishes', async () => {
      call = await lab().phones.call('1001', '1002', { prefix: '86' });
      await absorb(lab().socket, call.caller.uuid, CODES);
      mark = lab().socket.mark();
      await lab().phones.hangup(call.callee);
      await lab().phones.press(call.caller, '*71');
      await lab().socket.event('metaflows::code', call.caller.uuid, {}, mark);

      await lab().socket.execute(call.caller.uuid, 'clear_digit_action', 'metaflows');
      await lab().socket.event('CHANNEL_EXECUTE', call.caller.uuid, { Application: 'clear_digit_action' });
      mark = lab().socket.mark();
      await lab().phones.press(call.caller, '*71');
      await lab().socket.event('DTMF', call.caller.uuid, { 'DTMF-Digit': '1' }, mark);
      expect(digits(call.caller)).to.equal('*71');
      expect(codes(call.caller)).to.deep.equal([]);
    });
  });

  describe('a connection that hears of bindings alone', () => {
    it('gets what its filters name, and nothing else', async () => {
      const filtered = await LabSocket.open('filtered', lab().pbx, 'CHANNEL_EXECUTE');
      for (const application of ['bind_digit_action', 'bind_meta_app']) {
        expect(await filtered.command(`filter Application ${application}`)).to.match(/^\+OK/);
      }
      ({ caller: call.caller, callee: call.callee } = await lab().phones.call('1001', '1002', {
        prefix: '83',
      }));
      await bind(lab().socket, call.caller.uuid, '*71', codeEvent('*71'));
      await filtered.event('CHANNEL_EXECUTE', call.caller.uuid, { Application: 'bind_digit_action' });
      expect(filtered.events.map((event) => event.Application)).to.deep.equal([
        ...Array<string>(3).fill('bind_meta_app'),
        'bind_digit_action',
      ]);
      filtered.close();
      await lab().phones.hangupAll();
    });
  });
});
