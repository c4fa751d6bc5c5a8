import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabCall } from '../support/lab-phones.js';
import { heardInTurn, silentSpans, windows } from '../support/tones.js';
import { readWav } from '../support/wav.js';
import { talk } from './commands.js';
import { fenced } from '../../src/switch/fence.js';
import { record, recordSilent } from '../../src/switch/commands.js';
import { useLab } from './shared-lab.js';

/** As the service asks for it: no half second before an unmask leaks. */
const AT_ONCE = 'RECORD_PRE_BUFFER_FRAMES=0';

describe('contract: uuid_record', () => {
  const lab = useLab();
  let call: LabCall;
  let files = 0;

  beforeEach(async () => {
    call = await lab().phones.call('1001', '1002');
  });
  afterEach(() => lab().phones.hangupAll());

  const file = (): string => join(lab().recordingsDir, `contract-${(files += 1)}.wav`);
  const ask = (uuid: string, rest: string): Promise<string> =>
    lab().socket.api(`uuid_record ${uuid} ${rest}`);
  const stop = async (uuid: string, path: string): Promise<void> => {
    expect(await ask(uuid, `stop ${path}`)).to.equal('+OK Success');
    await lab().socket.event('RECORD_STOP', uuid, { 'Record-File-Path': path });
  };

  it('starts: +OK, RECORD_START with the variables it was given, MEDIA_BUG_START', async () => {
    const path = file();
    const leg = call.callee.uuid;
    expect(await ask(leg, `start ${path} 60 {metaflows_recording=202611-1,${AT_ONCE}}`)).to.equal(
      '+OK Success',
    );
    const start = await lab().socket.event('RECORD_START', leg);
    expect(start['Record-File-Path']).to.equal(path);
    expect(start['Recording-Variable-metaflows_recording']).to.equal('202611-1');
    const bug = await lab().socket.event('MEDIA_BUG_START', leg);
    expect(bug['Media-Bug-Function']).to.equal('session_record');
    expect(bug['Media-Bug-Target']).to.equal(path);

    await talk(200);
    await stop(leg, path);
    const end = await lab().socket.event('RECORD_STOP', leg);
    expect(end['Recording-Variable-metaflows_recording']).to.equal('202611-1');
    expect(end['Record-Completion-Cause']).to.equal('success-maxtime');
    await lab().socket.event('MEDIA_BUG_STOP', leg, { 'Media-Bug-Target': path });
  });

  it('answers +OK to a second start on the same path, and nothing changes', async () => {
    const path = file();
    const leg = call.callee.uuid;
    await ask(leg, `start ${path} 60 {${AT_ONCE}}`);
    expect(await ask(leg, `start ${path} 60 {${AT_ONCE}}`)).to.equal('+OK Success');
    await stop(leg, path);
    expect(lab().socket.of('RECORD_START', leg)).to.have.lengthOf(1);
  });

  it('says why not: no such leg, no such folder or format, nothing recorded at that path', async () => {
    const leg = call.callee.uuid;
    const gone = '00000000-0000-4000-8000-000000000000';
    expect(await ask(gone, `start ${file()} 60`)).to.equal('-ERR Cannot locate session!');
    expect(await ask(leg, `start /proc/none/a.wav 60`)).to.equal('-ERR Cannot record session!');
    expect(await ask(leg, `start ${file()}x 60`)).to.equal('-ERR Cannot record session!');
    for (const verb of ['mask', 'unmask'] as const) {
      expect(await ask(leg, `${verb} ${file()}`)).to.equal(`-ERR Cannot ${verb} recording session!`);
    }
    expect(await ask(leg, `stop ${file()}`)).to.equal('-ERR Cannot stop record session!');
  });

  it('makes a folder that is missing', async () => {
    const path = join(lab().recordingsDir, 'account', '2026', `${Date.now()}.wav`);
    await ask(call.callee.uuid, `start ${path} 60 {${AT_ONCE}}`);
    await talk(200);
    await stop(call.callee.uuid, path);
    expect(existsSync(path)).to.equal(true);
  });

  it('masks both parties with exact silence, keeps the timeline, and unmasks; twice is once', async () => {
    const path = file();
    const leg = call.callee.uuid;
    await ask(leg, `start ${path} 60 {RECORD_STEREO=true,${AT_ONCE}}`);
    await talk(500);
    for (const verb of ['mask', 'mask'] as const) {
      expect(await ask(leg, `${verb} ${path}`)).to.equal('+OK Success');
    }
    await talk(600);
    for (const verb of ['unmask', 'unmask'] as const) {
      expect(await ask(leg, `${verb} ${path}`)).to.equal('+OK Success');
    }
    await talk(500);
    await stop(leg, path);

    const { channels, rate, ms } = await readWav(path);
    expect(ms).to.be.within(1500, 1900);
    for (const [channel, tone] of [
      [0, '880'],
      [1, '440'],
    ] as const) {
      expect(heardInTurn(channels[channel]!, rate)).to.deep.equal([tone, 'silence', tone]);
      const spans = silentSpans(channels[channel]!, rate);
      expect(spans).to.have.lengthOf(1);
      expect(spans[0]!.startMs).to.be.within(400, 700);
      expect(spans[0]!.endMs - spans[0]!.startMs).to.be.within(500, 750);
    }
  });

  it('writes no clear frame where one command starts and masks, whatever the path is like', async () => {
    const leg = call.callee.uuid;
    const path = join(lab().recordingsDir, "it's) (one/${of}/$${d} {a}}\\n.wav");
    const options = { variables: { RECORD_PRE_BUFFER_FRAMES: '0' } };
    const { command, args } = fenced(recordSilent('mask', leg, path, options), undefined);
    expect(await lab().socket.api(`${command} ${args}`)).to.equal('+OK Success');
    await talk(400);
    const { args: stopped } = record('stop', leg, path);
    expect(await lab().socket.api(`uuid_record ${stopped}`)).to.equal('+OK Success');
    await lab().socket.event('RECORD_STOP', leg, { 'Record-File-Path': path });
    const { channels, rate } = await readWav(path);
    expect(heardInTurn(channels[0]!, rate)).to.deep.equal(['silence']);
    expect([...channels[0]!].every((sample) => sample === 0)).to.equal(true);
  });

  it('mixes both parties in mono; in stereo the leg is left and the other right, or swapped', async () => {
    const [mono, stereo, swapped] = [file(), file(), file()];
    const leg = call.caller.uuid;
    await ask(leg, `start ${mono} 60 {${AT_ONCE}}`);
    await ask(leg, `start ${stereo} 60 {RECORD_STEREO=true,${AT_ONCE}}`);
    await ask(leg, `start ${swapped} 60 {RECORD_STEREO=true,RECORD_STEREO_SWAP=true,${AT_ONCE}}`);
    await talk(500);
    await Promise.all([mono, stereo, swapped].map((path) => stop(leg, path)));
    const heard = await Promise.all(
      [mono, stereo, swapped].map(async (path) => {
        const { channels, rate } = await readWav(path);
        return channels.map((samples) => windows(samples, rate)[2]);
      }),
    );
    expect(heard).to.deep.equal([['440+880'], ['440', '880'], ['880', '440']]);
  });

  it('writes at the rate that is asked for', async () => {
    const path = file();
    await ask(call.caller.uuid, `start ${path} 60 {record_sample_rate=16000,${AT_ONCE}}`);
    await talk(500);
    await stop(call.caller.uuid, path);
    const { channels, rate, ms } = await readWav(path);
    expect(rate).to.equal(16000);
    expect(ms).to.be.within(380, 700);
    expect(windows(channels[0]!, rate)[2]).to.equal('440+880');
  });

  it('lists what records a leg, the dialplan’s own recording too; one masked leaves the other clear', async () => {
    const { caller } = await lab().phones.call('1003', '1004', { prefix: '85' });
    const theirs = join(lab().recordingsDir, `dialplan-${caller.uuid}.wav`);
    const ours = file();
    await ask(caller.uuid, `start ${ours} 60 {${AT_ONCE}}`);
    const bugs = await lab().socket.api(`uuid_buglist ${caller.uuid}`);
    for (const path of [theirs, ours]) {
      expect(bugs).to.match(new RegExp(`<function>session_record</function>\\s*<target>${path}</target>`));
    }
    expect(await ask(caller.uuid, `mask ${ours}`)).to.equal('+OK Success');
    await talk(800);
    await stop(caller.uuid, ours);
    await stop(caller.uuid, theirs);
    expect(await lab().socket.api(`uuid_buglist ${caller.uuid}`)).not.to.include('session_record');
    const wav = await readWav(theirs);
    expect(windows(wav.channels[0]!, wav.rate).slice(-8)).not.to.include('silence');
    const masked = await readWav(ours);
    expect(windows(masked.channels[0]!, masked.rate).slice(2)).to.satisfy((heard: string[]) =>
      heard.every((what) => what === 'silence'),
    );
  });

  it('removes a file shorter than RECORD_MIN_SEC, and says so', async () => {
    const path = file();
    await ask(call.caller.uuid, `start ${path} 60 {RECORD_MIN_SEC=2,${AT_ONCE}}`);
    await talk(300);
    await ask(call.caller.uuid, `stop ${path}`);
    const end = await lab().socket.event('RECORD_STOP', call.caller.uuid);
    expect(end['Record-Completion-Cause']).to.equal('input-too-short');
    await lab().socket.event('MEDIA_BUG_STOP', call.caller.uuid);
    expect(existsSync(path)).to.equal(false);
  });

  it('stops by itself at a limit', async () => {
    const path = file();
    await ask(call.caller.uuid, `start ${path} 1 {${AT_ONCE}}`);
    await lab().socket.event('RECORD_STOP', call.caller.uuid, { 'Record-File-Path': path });
    expect((await readWav(path)).ms).to.be.below(1200);
  });

  it('ends with its leg: RECORD_STOP, with the length of the audio', async () => {
    const path = file();
    await ask(call.callee.uuid, `start ${path} 60 {${AT_ONCE}}`);
    await talk(500);
    await lab().phones.hangup(call.caller);
    const end = await lab().socket.event('RECORD_STOP', call.callee.uuid);
    expect(end['Record-Completion-Cause']).to.equal('success-silence');
    expect(Math.abs(Number(end.variable_record_ms) - (await readWav(path)).ms)).to.be.below(1);
  });

  it('writes nothing while the recorded leg’s own party holds; the other’s hold shortens nothing', async () => {
    const [held, holds] = [file(), file()];
    const { caller, callee } = call;
    await ask(callee.uuid, `start ${held} 60 {${AT_ONCE}}`);
    await ask(caller.uuid, `start ${holds} 60 {${AT_ONCE}}`);
    await talk(400);
    await lab().phones.hold(caller);
    await talk(1000);
    await lab().phones.unhold(caller);
    await talk(400);
    await Promise.all([stop(callee.uuid, held), stop(caller.uuid, holds)]);
    expect((await readWav(held)).ms).to.be.above(1700);
    expect((await readWav(holds)).ms).to.be.below(1300);
  });

  it('grows on the disk within half a second where file buffering is off', async () => {
    const path = file();
    await ask(call.callee.uuid, `start ${path} 60 {enable_file_write_buffering=false,${AT_ONCE}}`);
    await talk(1200);
    expect((await stat(path)).size).to.be.above(8000);
  });

  it('with the media in bypass: +OK and no file on one leg, -ERR on the other; uuid_media brings them back', async () => {
    const { caller, callee } = await lab().phones.call('1003', '1004', { prefix: '84' });
    const empty = file();
    expect(await ask(caller.uuid, `start ${empty} 60 {${AT_ONCE}}`)).to.equal('+OK Success');
    await lab().socket.event('RECORD_START', caller.uuid);
    await talk(300);
    expect(await ask(caller.uuid, `mask ${empty}`)).to.equal('+OK Success');
    await stop(caller.uuid, empty);
    const end = await lab().socket.event('RECORD_STOP', caller.uuid);
    expect(end['Record-Completion-Cause']).to.equal('empty-file');
    expect(existsSync(empty)).to.equal(false);
    // a leg that has never had media knows no rate to write at
    expect(await ask(callee.uuid, `start ${empty} 60`)).to.equal('-ERR Cannot record session!');

    expect(await lab().socket.api(`uuid_media ${callee.uuid}`)).to.equal('+OK Success');
    const path = file();
    await ask(callee.uuid, `start ${path} 60 {${AT_ONCE}}`);
    await talk(1000);
    await stop(callee.uuid, path);
    const { channels, rate } = await readWav(path);
    expect(windows(channels[0]!, rate)).to.include('620+1120');
  });

  it('mixes a tone for one party alone: the other does not hear it, nor does a recording of the other’s leg', async () => {
    const path = file();
    const { caller, callee } = call;
    await ask(callee.uuid, `start ${path} 60 {${AT_ONCE}}`);
    const presser = await lab().phones.listen(caller);
    const other = await lab().phones.listen(callee);
    const tone = 'tone_stream://%(300,0,1500)';
    expect(await lab().socket.api(`uuid_displace ${caller.uuid} start ${tone} 0 m`)).to.equal('+OK Success');
    await lab().socket.event('MEDIA_BUG_STOP', caller.uuid, { 'Media-Bug-Function': 'displace' });
    const [heard, elsewhere] = [await presser(), await other()];
    await stop(callee.uuid, path);
    const wav = await readWav(path);

    expect(windows(heard.channels[0]!, heard.rate)).to.include('880+1500');
    for (const { channels, rate } of [elsewhere, wav]) {
      expect(windows(channels[0]!, rate).filter((what) => what.includes('1500'))).to.deep.equal([]);
    }
  });

  it('stays on a leg that is transferred, and stops on one that leaves', async () => {
    const [stays, leaves] = [file(), file()];
    const { caller, callee } = call;
    await ask(caller.uuid, `start ${stays} 60 {${AT_ONCE}}`);
    await ask(callee.uuid, `start ${leaves} 60 {${AT_ONCE}}`);
    await lab().phones.transfer(callee, '1003');
    await lab().socket.event('RECORD_STOP', callee.uuid, { 'Record-File-Path': leaves });
    await talk(500);
    expect(await ask(caller.uuid, `mask ${stays}`)).to.equal('+OK Success');
    await talk(300);
    await stop(caller.uuid, stays);
    const { channels, rate } = await readWav(stays);
    expect(windows(channels[0]!, rate)).to.include.members(['440+1120', 'silence']);
    expect(lab().socket.of('RECORD_START', caller.uuid)).to.have.lengthOf(1);
  });
});
