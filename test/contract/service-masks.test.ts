import { expect } from 'chai';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { FaultyRelay } from '../chaos/relay.js';
import { inTurn } from '../support/heard.js';
import { Relay } from '../support/lab-relay.js';
import type { Leg } from '../support/lab-phones.js';
import { eventually, TestService } from '../support/lab-service.js';
import { silentSpans } from '../support/tones.js';
import { talk } from './commands.js';
import { useLab } from './shared-lab.js';

/** How far a mask in the document may be from the silence in the file, milliseconds. */
const TOLERANCE = 250;

describe('contract: the service killed, masks', function () {
  this.timeout(60_000);
  const lab = useLab();
  let service: TestService;

  beforeEach(async () => {
    service = await TestService.spawn(lab());
    for (const user of ['1001', '1002']) await service.flows(user);
  });
  afterEach(async () => {
    await lab().phones.hangupAll();
    await service.close();
  });

  /** The caller's leg of a call whose codes are known. */
  const connected = async (): Promise<Leg> => {
    const { caller } = await lab().phones.call('1001', '1002');
    await service.connected(caller);
    return caller;
  };
  const holds = async (leg: Leg, ms: number): Promise<void> => {
    await lab().phones.hold(leg);
    await talk(ms);
    await lab().phones.unhold(leg);
  };
  /** Presses the mask code with no service to hear of it; the switch masks by itself, or has nothing to mask. */
  const maskAlone = async (leg: Leg): Promise<void> => {
    const mark = lab().socket.mark();
    await lab().phones.press(leg, '*72');
    await lab().socket.event('metaflows::code', leg.uuid, {}, mark);
  };
  /** What is heard in the finished recording, whose one mask is where the audio is silent. */
  const heardIn = async (doc: RecordingDocument): Promise<string[][]> => {
    const wav = await service.audio(doc);
    expect(doc.mask_intervals).to.have.lengthOf(1);
    const [{ start_ms, end_ms } = { start_ms: 0 }] = doc.mask_intervals;
    for (const samples of wav.channels) {
      const spans = silentSpans(samples, wav.rate, 200);
      expect(spans).to.have.lengthOf(1);
      expect(Math.abs(start_ms - spans[0]!.startMs), 'start of the mask').to.be.below(TOLERANCE);
      expect(Math.abs(end_ms! - spans[0]!.endMs), 'end of the mask').to.be.below(TOLERANCE);
    }
    return inTurn(wav);
  };
  /** Masks, unmasks and ends a recording: its document says where it is silent. */
  const maskedWhereHeard = async (leg: Leg): Promise<void> => {
    await service.record(leg, { action: 'mask' });
    await talk(600);
    await service.record(leg, { action: 'unmask' });
    await talk(600);
    await lab().phones.hangup(leg);
    expect(await heardIn(await service.recording(leg, 'completed'))).to.have.lengthOf(2);
  };
  const unmaskedAndEnded = async (leg: Leg): Promise<string[][]> => {
    await service.recording(leg, 'masked');
    await talk(600);
    expect((await service.record(leg, { action: 'unmask' })).data.result).to.equal('unmasked');
    await talk(800);
    await lab().phones.hangup(leg);
    const doc = await service.recording(leg, 'completed');
    expect(doc.segments).to.have.lengthOf(2);
    return heardIn(doc);
  };

  it('while its party holds, which lets go: a mask lies where it is heard', async () => {
    const caller = await connected();
    await service.record(caller, {});
    await talk(600);
    await holds(caller, 600);
    await talk(400);
    await lab().phones.hold(caller);
    await talk(400);
    await service.kill();
    await talk(400);
    await lab().phones.unhold(caller);
    await talk(400);
    service = await TestService.spawn(lab(), service);
    await maskedWhereHeard(caller);
  });

  it('while its party talks, which holds: a mask after that lies where it is heard', async () => {
    const caller = await connected();
    await service.record(caller, {});
    await talk(600);
    await service.kill();
    await lab().phones.hold(caller);
    await talk(400);
    service = await TestService.spawn(lab(), service);
    await lab().phones.unhold(caller);
    await talk(400);
    await maskedWhereHeard(caller);
  });

  it('while its party talks, which holds and lets go, as it had before: a mask lies where it is heard', async () => {
    const caller = await connected();
    for (const record of [true, false]) {
      await holds(caller, 400);
      await talk(600);
      if (record) await service.record(caller, {});
    }
    await service.kill();
    await holds(caller, 600);
    await talk(400);
    service = await TestService.spawn(lab(), service);
    await maskedWhereHeard(caller);
  });

  it('while its party holds, which lets go and hangs up: what was said counts for record_min_sec', async () => {
    const caller = await connected();
    await service.record(caller, { record_min_sec: 1 });
    await lab().phones.hold(caller);
    await talk(300);
    await service.kill();
    await lab().phones.unhold(caller);
    await talk(2000);
    await lab().phones.hangup(caller);
    service = await TestService.spawn(lab(), service);
    expect((await service.recording(caller, 'completed', 'discarded')).state).to.equal('completed');
  });

  it('masked inside the switch, then the recorded leg leaves: the next segment begins masked', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await service.bound(caller);
    expect(await service.code(caller, '*71')).to.equal('done');
    await talk(600);
    await service.kill();
    await maskAlone(caller);
    await talk(600);
    await lab().phones.transfer(callee, '1003');
    service = await TestService.spawn(lab(), service);
    expect(await unmaskedAndEnded(caller)).to.deep.equal([
      ['440', 'silence', '440'],
      ['880', 'silence', '1120'],
    ]);
  });

  it('the same, where the leg that pressed is the recorded one', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await service.bound(caller);
    await service.connected(callee);
    expect((await service.record(caller, {})).status).to.equal(200);
    await talk(600);
    await service.kill();
    await maskAlone(caller);
    await talk(600);
    await lab().phones.transfer(caller, '1003');
    service = await TestService.spawn(lab(), service);
    await service.recording(caller, 'masked');
    await talk(600);
    expect((await service.record(callee, { action: 'unmask' })).data.result).to.equal('unmasked');
    await talk(800);
    await lab().phones.hangup(callee);
    const heard = await heardIn(await service.recording(caller, 'completed'));
    expect(heard).to.deep.equal([
      ['440', 'silence', '1120'],
      ['880', 'silence', '880'],
    ]);
  });

  it('pressed when the recorded leg has left already: the next segment begins masked all the same', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await service.bound(caller);
    expect(await service.code(caller, '*71')).to.equal('done');
    await talk(600);
    await service.kill();
    await lab().phones.transfer(callee, '1003');
    await maskAlone(caller);
    service = await TestService.spawn(lab(), service);
    expect(await unmaskedAndEnded(caller)).to.deep.equal([
      ['440', 'silence', '440'],
      ['880', 'silence', '1120'],
    ]);
  });

  it('masked inside the switch, twice, then the call ends: the document says where the mask lies', async () => {
    const { caller } = await lab().phones.call('1001', '1002');
    await service.bound(caller);
    expect(await service.code(caller, '*71')).to.equal('done');
    await talk(600);
    await service.kill();
    await maskAlone(caller);
    await talk(600);
    await maskAlone(caller);
    await talk(600);
    await lab().phones.hangup(caller);
    service = await TestService.spawn(lab(), service);
    const doc = await service.recording(caller, 'completed');
    expect(await heardIn(doc)).to.deep.equal([
      ['440', 'silence'],
      ['880', 'silence'],
    ]);
    await eventually('switch without notes of it', async () => {
      const notes = (await lab().socket.api('global_getvar')).split('\n');
      return notes.every((note) => !note.includes(doc.id)) || undefined;
    });
  });

  it('killed right after the write that starts a segment of a masked recording: no frame of it is in clear', async () => {
    const relay = new Relay(lab().pbx.port);
    const { password } = lab().pbx;
    const settings = { SWITCHES: `esl://:${password}@127.0.0.1:${await relay.open()}` };
    try {
      await service.close();
      service = await TestService.spawn(lab(), undefined, settings);
      await service.flows('1001');
      const { caller, callee } = await lab().phones.call('1001', '1002');
      await service.bound(caller);
      expect(await service.code(caller, '*71')).to.equal('done');
      await talk(600);
      expect(await service.code(caller, '*72')).to.equal('done');
      const cut = relay.cutAfter(/uuid_record .* start /);
      await lab().phones.transfer(callee, '1003');
      await cut;
      await service.kill();
      await talk(1000);
      relay.port = lab().pbx.port;
      service = await TestService.spawn(lab(), service, settings);
      expect(await unmaskedAndEnded(caller)).to.deep.equal([
        ['440', 'silence', '440'],
        ['880', 'silence', '1120'],
      ]);
    } finally {
      await lab().phones.hangupAll();
      await relay.close();
    }
  });
});

describe('contract: the service behind a connection that stalls, masks', function () {
  this.timeout(60_000);
  const lab = useLab();
  let relay: FaultyRelay;
  let settings: Record<string, string>;
  let service: TestService;
  let caller: Leg;

  beforeEach(async () => {
    relay = new FaultyRelay(lab().pbx.port);
    settings = { SWITCHES: `esl://:${lab().pbx.password}@127.0.0.1:${await relay.open()}` };
  });
  afterEach(async () => {
    await lab().phones.hangupAll();
    await service.close();
    await relay.close();
  });

  const recorded = async (): Promise<void> => {
    await service.flows('1001');
    ({ caller } = await lab().phones.call('1001', '1002'));
    await service.bound(caller);
    expect(await service.code(caller, '*71')).to.equal('done');
    await talk(600);
  };
  const trapped = (moment: 'reply' | 'command'): Promise<void> =>
    new Promise((resolve) => {
      relay.trap = { command: /uuid_record .* unmask/, moment, spring: resolve };
    });
  /** The masks of the document are the silences of the file, and so many; resolves with the document. */
  const masksAreHeard = async (count: number): Promise<RecordingDocument> => {
    await lab().phones.hangup(caller);
    const doc = await service.recording(caller, 'completed');
    const { channels, rate } = await service.audio(doc);
    const silent = silentSpans(channels[0]!, rate, 200);
    expect(silent).to.have.lengthOf(count);
    expect(doc.mask_intervals).to.have.lengthOf(count);
    for (const [index, { start_ms, end_ms }] of doc.mask_intervals.entries()) {
      expect(Math.abs(start_ms - silent[index]!.startMs), `start of mask ${index}`).to.be.below(TOLERANCE);
      expect(Math.abs(end_ms! - silent[index]!.endMs), `end of mask ${index}`).to.be.below(TOLERANCE);
    }
    return doc;
  };
  const steps = ({ audit }: RecordingDocument) => audit.map(({ action, result }) => `${action} ${result}`);

  it('a code that is pressed meanwhile is run when it goes on, and the mask lies where it is heard', async () => {
    service = await TestService.start(lab(), settings);
    await recorded();
    const stalled = relay.stall(2500);
    // a lease that was renewed a moment ago is sure; the next renewal is on its way until it goes on
    await talk(500);
    expect(await service.code(caller, '*72')).to.equal('done');
    await stalled;
    await talk(600);
    expect(steps(await masksAreHeard(1))).to.deep.equal(['start ok', 'mask ok', 'stop hangup']);
  });

  it('an unmask that the switch carried out before the connection broke: masked again, and said so', async () => {
    service = await TestService.start(lab(), settings);
    await recorded();
    expect(await service.code(caller, '*72')).to.equal('done');
    await talk(600);
    const sprung = trapped('reply');
    await lab().phones.press(caller, '*73');
    await sprung;
    await relay.reset(800);
    await eventually('masked again', async () => {
      const { mask_intervals } = await service.recording(caller, 'masked');
      return mask_intervals.length === 2 || undefined;
    });
    await talk(800);
    expect(await service.code(caller, '*73')).to.equal('done');
    await talk(600);
    expect(steps(await masksAreHeard(2))).to.deep.equal([
      'start ok',
      'mask ok',
      'unmask connection_lost',
      'unmask connection_lost',
      'mask ok',
      'unmask ok',
      'stop hangup',
    ]);
  });

  it('the same, and killed, also before it stores that: masked from when it was the first time', async () => {
    service = await TestService.spawn(lab(), undefined, settings);
    // Where somebody is to be told of it, what happens is stored right before the document.
    const hook = { name: 'nobody', uri: 'http://127.0.0.1:9/', hook: 'recording' };
    await service.ask('PUT', `/accounts/${lab().domain}/webhooks`, hook);
    await recorded();
    expect(await service.code(caller, '*72')).to.equal('done');
    await talk(600);
    const sprung = trapped('reply');
    await lab().phones.press(caller, '*73');
    await sprung;
    await service.kill();
    await talk(800);
    await TestService.spawn(lab(), service, settings, 'news/ unmasked').catch(() => undefined);
    await talk(800);
    service = await TestService.spawn(lab(), service, settings);
    await service.recording(caller, 'masked');
    await talk(600);
    expect(await service.code(caller, '*73')).to.equal('done');
    await talk(600);
    await masksAreHeard(2);
  });

  it('an unmask that did not reach the switch: masked all the time', async () => {
    service = await TestService.spawn(lab(), undefined, settings);
    await recorded();
    expect(await service.code(caller, '*72')).to.equal('done');
    await talk(600);
    const sprung = trapped('command');
    await lab().phones.press(caller, '*73');
    await sprung;
    await service.kill();
    await talk(600);
    service = await TestService.spawn(lab(), service, settings);
    await talk(600);
    expect(await service.code(caller, '*73')).to.equal('done');
    await talk(600);
    await masksAreHeard(1);
  });
});
