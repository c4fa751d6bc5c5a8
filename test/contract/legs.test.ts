import { expect } from 'chai';
import { LabSocket, nameOf, type LabEvent } from '../support/lab-socket.js';
import type { Leg } from '../support/lab-phones.js';
import { absorb } from './commands.js';
import { useLab } from './shared-lab.js';

const IDENTITY = ['user_name', 'domain_name', 'dialed_user', 'dialed_domain'];

describe('contract: legs', () => {
  const lab = useLab();
  let mark = 0;

  beforeEach(() => {
    mark = lab().socket.mark();
  });
  afterEach(() => lab().phones.hangupAll());

  const created = (leg: Leg): Promise<LabEvent> => lab().socket.event('CHANNEL_CREATE', leg.uuid);
  const identity = (event: LabEvent): Record<string, string> =>
    Object.fromEntries(
      IDENTITY.filter((name) => event[`variable_${name}`] !== undefined).map((name) => [
        name,
        event[`variable_${name}`]!,
      ]),
    );
  const variable = (leg: Leg, name: string): Promise<string> =>
    lab().socket.api(`uuid_getvar ${leg.uuid} ${name}`);
  const namesOf = (leg: Leg): string[] =>
    lab()
      .socket.events.slice(mark)
      .filter((event) => event['Unique-ID'] === leg.uuid)
      .map(nameOf);
  const parties = (bridge: LabEvent): (string | undefined)[] => [
    bridge['Bridge-A-Unique-ID'],
    bridge['Bridge-B-Unique-ID'],
  ];

  describe('whose they are, at CHANNEL_CREATE', () => {
    it('a caller who authenticated, and the user who is called', async () => {
      const { caller, callee } = await lab().phones.call('1001', '1002');
      const inbound = await created(caller);
      expect(inbound['Call-Direction']).to.equal('inbound');
      expect(inbound['Caller-Destination-Number']).to.equal('1002');
      expect(identity(inbound)).to.deep.equal({ user_name: '1001', domain_name: 'pbx.test' });
      const outbound = await created(callee);
      expect(outbound['Call-Direction']).to.equal('outbound');
      expect(outbound['Channel-Name']).to.match(/^sofia\/internal\/1002@/);
      expect(identity(outbound)).to.include({ dialed_user: '1002', dialed_domain: 'pbx.test' });
      expect(identity(outbound)).not.to.have.any.keys('user_name', 'domain_name');
    });

    it('nobody, for a caller from outside, whatever the From claims', async () => {
      for (const from of [undefined, '1003']) {
        const { caller } = await lab().phones.outsideCall('1002', from === undefined ? {} : { from });
        expect(identity(await created(caller))).to.deep.equal({});
        await lab().phones.hangup(caller);
      }
    });

    it('a domain and no user, where the dialplan sets domain_name for an inbound number', async () => {
      const { caller } = await lab().phones.outsideCall('1002', { did: true });
      expect(identity(await created(caller))).to.deep.equal({});
      expect(await variable(caller, 'domain_name')).to.equal('pbx.test');
      expect(await variable(caller, 'user_name')).to.equal('_undef_');
    });

    it('nobody, for a number outside that is called', async () => {
      const { callee } = await lab().phones.callOutside('1001', '5551234567');
      expect(identity(await created(callee))).not.to.have.any.keys('user_name', 'dialed_user');
    });

    it('later the switch writes dialed_user on the leg that bridges; what is pinned stays', async () => {
      const { caller, callee } = await lab().phones.outsideCall('1002');
      expect(await variable(caller, 'dialed_user')).to.equal('1002');
      expect(await lab().socket.api(`uuid_setvar ${callee.uuid} metaflows_owner pinned`)).to.equal('+OK');
      await lab().phones.transfer(caller, '1003');
      expect(await variable(callee, 'dialed_user')).to.equal('1003');
      expect(await variable(callee, 'metaflows_owner')).to.equal('pinned');
    });
  });

  describe('the life of a call', () => {
    it('create, answer, bridge; then hangup, unbridge, hangup complete and destroy in no fixed order', async () => {
      const { caller, callee } = await lab().phones.call('1001', '1002', { ring: 300 });
      const bridge = await lab().socket.event('CHANNEL_BRIDGE', caller.uuid);
      expect(parties(bridge)).to.deep.equal([caller.uuid, callee.uuid]);
      for (const leg of [caller, callee]) await lab().socket.event('CHANNEL_ANSWER', leg.uuid);
      await lab().phones.hangup(callee);
      await lab().socket.event('CHANNEL_DESTROY', caller.uuid);
      for (const leg of [caller, callee]) {
        const hangup = await lab().socket.event('CHANNEL_HANGUP', leg.uuid);
        expect(hangup['Hangup-Cause']).to.equal('NORMAL_CLEARING');
        expect(namesOf(leg)[0]).to.equal('CHANNEL_CREATE');
        expect(namesOf(leg)).to.include('CHANNEL_HANGUP_COMPLETE');
        expect(namesOf(leg).at(-1)).to.equal('CHANNEL_DESTROY');
      }
      const unbridge = lab()
        .socket.events.slice(mark)
        .filter((event) => nameOf(event) === 'CHANNEL_UNBRIDGE');
      expect(unbridge.map(parties)).to.deep.equal([[caller.uuid, callee.uuid]]);
    });

    it('hold and unhold, on the leg whose party holds', async () => {
      const { caller, callee } = await lab().phones.call('1001', '1002');
      await lab().phones.hold(callee);
      await lab().phones.unhold(callee);
      expect(namesOf(caller).filter((name) => name.includes('HOLD'))).to.deep.equal([]);
    });

    it('a leg alone is answered and never bridged', async () => {
      const leg = await lab().phones.callAlone('1001', '9196');
      await lab().phones.hangup(leg);
      expect(namesOf(leg)).not.to.include('CHANNEL_BRIDGE');
    });
  });

  describe('transfers', () => {
    it('the called party’s: the caller’s leg stays and is bridged with the third', async () => {
      const { caller, callee } = await lab().phones.call('1001', '1002');
      mark = lab().socket.mark();
      const third = await lab().phones.transfer(callee, '1003');
      const bridge = await lab().socket.event('CHANNEL_BRIDGE', caller.uuid, {}, mark);
      expect(parties(bridge)).to.deep.equal([caller.uuid, third.uuid]);
      await lab().socket.event('CHANNEL_DESTROY', callee.uuid);
    });

    it('the caller’s: the called party’s leg stays and is bridged with the third', async () => {
      const { caller, callee } = await lab().phones.call('1001', '1002');
      mark = lab().socket.mark();
      const third = await lab().phones.transfer(caller, '1003');
      const bridge = await lab().socket.event('CHANNEL_BRIDGE', callee.uuid, {}, mark);
      expect(parties(bridge)).to.deep.equal([callee.uuid, third.uuid]);
      await lab().socket.event('CHANNEL_DESTROY', caller.uuid);
    });

    it('attended: both legs of who transfers end, the other two are bridged', async () => {
      const first = await lab().phones.call('1001', '1002');
      const second = await lab().phones.call('1002', '1003');
      await lab().phones.attendedTransfer(first.callee, second.caller, first.caller, second.callee);
      for (const leg of [first.callee, second.caller]) {
        await lab().socket.event('CHANNEL_DESTROY', leg.uuid);
      }
      for (const leg of [first.caller, second.callee]) expect(namesOf(leg)).not.to.include('CHANNEL_HANGUP');
    });

    it('intercept takes a leg over, that rings or talks: whoever was at its other end is picked off', async () => {
      const ringing = await lab().phones.ring('1001', '1002');
      const talking = await lab().phones.call('1004', '1005');
      for (const [taken, from] of [
        [ringing, '1006'],
        [talking.caller, '1007'],
      ] as const) {
        mark = lab().socket.mark();
        const third = await lab().phones.callAlone(from, '5900');
        await lab().phones.pickUp(third, taken);
        const causes = await lab().socket.until(
          'leg that is picked off',
          (event) => nameOf(event) === 'CHANNEL_HANGUP' && event['Hangup-Cause'] === 'PICKED_OFF',
          mark,
        );
        expect(causes['Call-Direction']).to.equal('outbound');
        expect(namesOf(taken)).not.to.include('CHANNEL_HANGUP');
      }
    });

    it('uuid_transfer moves the leg that it names, bindings and all', async () => {
      const { caller, callee } = await lab().phones.call('1001', '1002');
      await absorb(lab().socket, caller.uuid, ['*71']);
      mark = lab().socket.mark();
      expect(await lab().socket.api(`uuid_transfer ${caller.uuid} 1003`)).to.match(/^\+OK/);
      await lab().socket.event('CHANNEL_BRIDGE', caller.uuid, {}, mark);
      await lab().socket.event('CHANNEL_DESTROY', callee.uuid);
      await lab().phones.press(caller, '*71');
      await lab().socket.event('metaflows::code', caller.uuid, {}, mark);
    });

    it('a loopback channel leaves: both its legs hang up, the real ones are bridged', async () => {
      const { caller, callee } = await lab().phones.call('1001', '1002', { prefix: '81' });
      const loopback = lab()
        .socket.events.slice(mark)
        .filter(
          (event) =>
            nameOf(event) === 'CHANNEL_CREATE' && event['Channel-Name']!.startsWith('loopback/1002-'),
        );
      expect(loopback).to.have.lengthOf(2);
      await lab().socket.until(
        'bridge of the real ones',
        (event) =>
          nameOf(event) === 'CHANNEL_BRIDGE' &&
          [...parties(event)].sort().join() === [caller.uuid, callee.uuid].sort().join(),
        mark,
      );
      for (const leg of loopback) await lab().socket.event('CHANNEL_DESTROY', leg['Unique-ID']!);
    });
  });

  describe('asking again', () => {
    it('show channels as json: a row for each leg, some time later; a count of 0 and no rows without any', async () => {
      interface Shown {
        row_count: number;
        rows?: LabEvent[];
      }
      // no event tells when the switch's table has caught up with its events: up to 0.3 s later
      const shown = async (count: number): Promise<Shown> => {
        const answer = JSON.parse(await lab().socket.api('show channels as json')) as Shown;
        return answer.row_count === count ? answer : shown(count);
      };
      expect(await shown(0)).to.deep.equal({ row_count: 0 });
      const { caller, callee } = await lab().phones.call('1001', '1002');
      const { rows } = await shown(2);
      expect(rows!.map((row) => row.uuid)).to.have.members([caller.uuid, callee.uuid]);
      expect(rows!.map((row) => row.direction)).to.have.members(['inbound', 'outbound']);
    });

    it('uuid_dump as json: what events of the leg say, its variables too, and whom it is bridged with', async () => {
      const { caller, callee } = await lab().phones.call('1001', '1002');
      await lab().socket.api(`uuid_setvar ${caller.uuid} metaflows_owner pinned`);
      const dump = JSON.parse(await lab().socket.api(`uuid_dump ${caller.uuid} json`)) as LabEvent;
      expect(dump).to.include({
        'Unique-ID': caller.uuid,
        'Call-Direction': 'inbound',
        'Answer-State': 'answered',
        variable_user_name: '1001',
        variable_metaflows_owner: 'pinned',
        variable_bridge_uuid: callee.uuid,
      });
      const gone = '00000000-0000-4000-8000-000000000000';
      expect(await lab().socket.api(`uuid_dump ${gone} json`)).to.equal('-ERR No such channel!');
    });

    it('uuid_setvar_multi sets several at once, and knows no leg that is gone', async () => {
      const { caller } = await lab().phones.call('1001', '1002');
      const pairs = 'metaflows_one=800;metaflows_two=a.b:c@d+e-f';
      expect(await lab().socket.api(`uuid_setvar_multi ${caller.uuid} ${pairs}`)).to.equal('+OK');
      expect(await variable(caller, 'metaflows_one')).to.equal('800');
      expect(await variable(caller, 'metaflows_two')).to.equal('a.b:c@d+e-f');
      const gone = '00000000-0000-4000-8000-000000000000';
      expect(await lab().socket.api(`uuid_setvar_multi ${gone} ${pairs}`)).to.match(/^-ERR No such channel!/);
    });

    it('uuid_getvar and uuid_setvar: _undef_, an empty value removes, an unknown leg is an error', async () => {
      const { caller } = await lab().phones.call('1001', '1002');
      expect(await variable(caller, 'metaflows_none')).to.equal('_undef_');
      await lab().socket.api(`uuid_setvar ${caller.uuid} metaflows_note some text, and more`);
      expect(await variable(caller, 'metaflows_note')).to.equal('some text, and more');
      await lab().socket.api(`uuid_setvar ${caller.uuid} metaflows_note`);
      expect(await variable(caller, 'metaflows_note')).to.equal('_undef_');
      const gone = '00000000-0000-4000-8000-000000000000';
      expect(await lab().socket.api(`uuid_setvar ${gone} a b`)).to.equal('-ERR No such channel!');
      expect(await lab().socket.execute(gone, 'eval', 'x')).to.match(/^-ERR invalid session id/);
    });
  });

  describe('the event socket', () => {
    it('refuses a wrong password', async () => {
      const wrong = { ...lab().pbx, password: 'wrong' };
      const refused = await LabSocket.open('refused', wrong).catch((error: unknown) => String(error));
      expect(refused).to.include('-ERR invalid');
    });

    it('answers in order, an unknown command with -ERR', async () => {
      const replies = await lab().socket.together(['api none', 'api uuid_getvar', 'nonsense']);
      expect(replies[0]).to.match(/^-ERR none Command not found!/);
      expect(replies[1]).to.match(/^-USAGE/);
      expect(replies[2]).to.match(/^-ERR command not found/);
    });

    it('hash: inserts once, deletes only what matches; a command runs only for who holds the lease', async () => {
      const { callee } = await lab().phones.call('1001', '1002');
      const ask = (command: string): Promise<string> => lab().socket.api(command);
      expect(await ask('hash insert_ifempty/metaflows/lease/me-7')).to.equal('+OK');
      expect(await ask('hash insert_ifempty/metaflows/lease/me-8')).to.match(/^-ERR/);
      expect(await ask('hash select/metaflows/lease')).to.equal('me-7');

      const fenced = (who: string): Promise<string> =>
        ask(
          `expand uuid_record \${cond(\${hash(select/metaflows/lease)} == ${who} ? ${callee.uuid} : fenced)} ` +
            `start ${lab().recordingsDir}/fenced.wav 60`,
        );
      expect(await fenced('me-8')).to.equal('-ERR Cannot locate session!');
      expect(await fenced('me-7')).to.equal('+OK Success');

      expect(await ask('hash delete_ifmatch/metaflows/lease/me-8')).to.match(/^-ERR/);
      expect(await ask('hash delete_ifmatch/metaflows/lease/me-7')).to.equal('+OK');
      expect(await ask('hash select/metaflows/lease')).to.equal('-ERR no reply');
    });
  });
});
