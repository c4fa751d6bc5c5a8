import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMetaflowsError } from '../../src/errors.js';
import type { Channel } from '../../src/softswitch/channel.js';
import { Softswitch } from '../../src/softswitch/softswitch.js';
import { LabSocket } from '../support/lab-socket.js';
import { capturingLog } from '../support/log.js';
import { heardInTurn } from '../support/tones.js';
import { readWav } from '../support/wav.js';

describe('Softswitch', () => {
  let softswitch: Softswitch;
  let socket: LabSocket;
  let folder: string;
  let lines: string[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-softswitch-'));
    const captured = capturingLog();
    lines = captured.lines;
    softswitch = new Softswitch({ recordingsDir: folder, log: captured.log });
    const { pbx } = await softswitch.start();
    socket = await LabSocket.open('pbx', pbx);
  });
  afterEach(async () => {
    socket.close();
    await softswitch.close();
    await rm(folder, { recursive: true });
  });

  const leg = (direction: string, at = 0): Channel =>
    [...softswitch.pbx.channels.values()].filter((one) => one.direction === direction)[at]!;
  const refusal = async (doing: Promise<string>): Promise<string | undefined> => {
    try {
      await doing;
      return undefined;
    } catch (error) {
      if (!isMetaflowsError(error)) throw error;
      return error.code;
    }
  };

  describe('its phones, by hand', () => {
    it('call, hold, transfer and hang up, and say so', async () => {
      expect(await softswitch.call('1001', '1002')).to.equal('1001 talks to 1002');
      const caller = leg('inbound').uuid;
      expect(await softswitch.hold('1002')).to.equal('1002 holds its call');
      await socket.event('CHANNEL_HOLD', leg('outbound').uuid);
      expect(await softswitch.unhold('1002')).to.equal('1002 took its call back');
      await socket.event('CHANNEL_UNHOLD', leg('outbound').uuid);
      const mark = socket.mark();
      expect(await softswitch.transfer('1002', '1003')).to.equal('1002 transferred its call to 1003');
      await socket.event('CHANNEL_BRIDGE', caller, {}, mark);
      expect(await softswitch.hangup('1003')).to.equal('1003 hung up');
      await socket.event('CHANNEL_DESTROY', caller);
      expect(softswitch.pbx.channels.size).to.equal(0);
    });

    it('tell which tones were played to the presser alone', async () => {
      await softswitch.call('1001', '1002');
      const { caller, callee } = { caller: leg('inbound').uuid, callee: leg('outbound').uuid };
      const tone = `${caller} start tone_stream://%(100,0,1500) 0 m`;
      await socket.execute(caller, 'bind_digit_action', `^^;r;*1;api:uuid_displace;${tone}`);
      await socket.event('CHANNEL_EXECUTE', caller, { Application: 'bind_digit_action' });
      expect(await softswitch.press('1001', '*1')).to.match(/heard 1500/);
      expect(await softswitch.press('1002', '5')).to.equal('1002 pressed its keys and heard no tone');
      await socket.event('DTMF', callee, { 'DTMF-Digit': '5' });
    });

    it('refuse with a code what they cannot do', async () => {
      expect(await refusal(softswitch.call('1099', '1002'))).to.equal('no_such_phone');
      expect(await refusal(softswitch.call('1001', '777'))).to.equal('phone_refused');
      expect(await refusal(softswitch.press('1002', '*71'))).to.equal('phone_idle');
      await softswitch.call('1001', '1002');
      expect(await refusal(softswitch.press('1002', 'x'))).to.equal('phone_refused');
    });

    it('no key that is pressed is in the log', async () => {
      await softswitch.call('1001', '1002');
      await softswitch.press('1001', '4929#');
      expect(lines.join()).not.to.include('4929');
    });
  });

  it('calls two users from outside and joins them (click to call)', async () => {
    expect(await socket.api('originate user/1001 &bridge(user/1002)')).to.match(/^\+OK /);
    await socket.event('CHANNEL_BRIDGE', leg('outbound').uuid);
    expect(leg('outbound').get('call_uuid')).to.equal(leg('outbound').uuid);
    expect(leg('outbound', 1).variables.get('dialed_user')).to.equal('1002');
    expect(await socket.api('originate user/9999 &park')).to.equal('-ERR SUBSCRIBER_ABSENT');
  });

  it('a caller who gives up while it rings ends the called leg too', async () => {
    const phones = softswitch.call('1001', '1002');
    await socket.until('called leg', (event) => event['Call-Direction'] === 'outbound');
    const called = leg('outbound').uuid;
    await socket.api(`uuid_kill ${leg('inbound').uuid}`);
    const hangup = await socket.event('CHANNEL_HANGUP', called);
    expect(hangup['Hangup-Cause']).to.equal('ORIGINATOR_CANCEL');
    expect(await refusal(phones)).to.equal('phone_refused');
    await socket.event('CHANNEL_DESTROY', called);
  });

  it('within the first half second a recording that is stopped has nearly nothing, with the default pre-buffer', async () => {
    await softswitch.call('1001', '1002');
    const { uuid } = leg('inbound');
    const path = join(folder, 'short.wav');
    await socket.api(`uuid_record ${uuid} start ${path}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await socket.api(`uuid_record ${uuid} stop ${path}`);
    const stopped = await socket.event('RECORD_STOP', uuid);
    expect(Number(stopped.variable_record_ms)).to.be.at.most(20);
  });

  it('unmasking writes in clear what the pre-buffer kept back', async () => {
    await softswitch.call('1001', '1002');
    const { uuid } = leg('inbound');
    const path = join(folder, 'leak.wav');
    await socket.api(`uuid_record ${uuid} start ${path}`);
    await socket.api(`uuid_record ${uuid} mask ${path}`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await socket.api(`uuid_record ${uuid} unmask ${path}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await socket.api(`uuid_record ${uuid} stop ${path}`);
    const { channels, rate } = await readWav(path);
    expect(heardInTurn(channels[0]!, rate)).to.deep.equal(['440+880']);
  });

  it('plays a tone to a leg that hears something, and to one that is parked never: it stays and blocks the next', async () => {
    const tone = 'tone_stream://%(100,0,1500)';
    await softswitch.call('1001', '9196');
    const hearing = leg('inbound').uuid;
    expect(await socket.api(`uuid_displace ${hearing} start ${tone} 0 m`)).to.equal('+OK Success');
    await socket.event('MEDIA_BUG_STOP', hearing, { 'Media-Bug-Target': tone });
    await softswitch.call('1002', '5900');
    const parked = leg('inbound', 1).uuid;
    expect(await socket.api(`uuid_displace ${parked} start ${tone} 0 m`)).to.equal('+OK Success');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await socket.api(`uuid_buglist ${parked}`)).to.include(tone);
    expect(await socket.api(`uuid_displace ${parked} start ${tone} 0 m`)).to.equal(
      '-ERR Cannot displace session!',
    );
    expect(await socket.api(`uuid_displace ${parked} stop ${tone}`)).to.equal('+OK Success');
  });

  it('says that there is no mp3', async () => {
    await softswitch.call('1001', '1002');
    expect(await socket.api('module_exists mod_shout')).to.equal('false');
    expect(await socket.api(`uuid_record ${leg('inbound').uuid} start ${folder}/a.mp3`)).to.equal(
      '-ERR Cannot record session!',
    );
  });

  it('crashes: the connection is cut, a recording is left without its lengths', async () => {
    await softswitch.call('1001', '1002');
    const path = join(folder, 'crash.wav');
    await socket.api(
      `uuid_record ${leg('inbound').uuid} start ${path} 0 {enable_file_write_buffering=false}`,
    );
    await softswitch.crash();
    await softswitch.hangup('1001');
    await softswitch.close();
    expect(readFileSync(path).readUInt32LE(40)).to.equal(0);
  });

  it('closed in the middle of a call it finishes the recording and leaves nothing running', async () => {
    await softswitch.call('1001', '1002');
    const path = join(folder, 'closed.wav');
    await socket.api(`uuid_record ${leg('inbound').uuid} start ${path} 0 {RECORD_PRE_BUFFER_FRAMES=0}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await softswitch.close();
    expect(existsSync(path)).to.equal(true);
    expect((await readWav(path)).ms).to.be.above(100);
  });
});
