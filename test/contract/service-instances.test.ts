import { expect } from 'chai';
import { Couch } from '../support/couch.js';
import type { Leg } from '../support/lab-phones.js';
import { CODES, eventually, TestService } from '../support/lab-service.js';
import { heardInTurn, silentSpans } from '../support/tones.js';
import { talk } from './commands.js';
import { useLab } from './shared-lab.js';

describe('contract: two instances on one switch and one CouchDB', function () {
  this.timeout(60_000);
  const lab = useLab();
  let couch: Couch;
  let first: TestService;
  let second: TestService;

  before(async () => {
    couch = await Couch.start();
  });
  after(() => couch.close());

  beforeEach(async () => {
    const settings = { DATABASE: couch.url() };
    first = await TestService.spawn(lab(), undefined, settings);
    await holder();
    second = await TestService.spawn(lab(), undefined, settings);
    for (const user of ['1001', '1002']) await first.flows(user);
  });
  afterEach(async () => {
    for (const service of [second, first]) {
      service.wake();
      await service.close();
    }
    await lab().phones.hangupAll();
  });

  /** Who acts for the switch, as soon as somebody does who is not `but`. */
  async function holder(but?: string): Promise<string> {
    return eventually('lease', async () => {
      const told = await lab().socket.api('hash select/metaflows/lease');
      return told.startsWith('-ERR') || told === but ? undefined : told;
    });
  }

  /** The tones that a leg's party has heard since `mark`. */
  function tones({ uuid }: Leg, mark: number): number {
    return lab()
      .socket.of('MEDIA_BUG_START', uuid, mark)
      .filter((event) => event['Media-Bug-Function'] === 'displace').length;
  }

  async function file(leg: Leg): Promise<string> {
    const bugs = await lab().socket.api(`uuid_buglist ${leg.uuid}`);
    return [...bugs.matchAll(/<target>([^<]+\.wav)<\/target>/g)].map(([, path]) => path).join();
  }

  it('one acts, the other knows the calls and has what it is asked done', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await first.bound(caller);
    const mark = lab().socket.mark();
    expect(await first.code(caller, '*71')).to.equal('done');
    await second.connected(caller);
    const masked = await second.record(caller, { action: 'mask' });
    expect(masked).to.deep.include({ status: 200 });
    expect(masked.data).to.deep.include({ result: 'masked' });
    expect(
      (await first.recording(caller, 'masked')).audit.map(({ by, action }) => `${by} ${action}`),
    ).to.deep.equal(['code start', 'api mask']);
    expect(await second.record(caller, { action: 'stop' })).to.deep.include({ status: 200 });
    expect(await second.record(caller, { action: 'stop' })).to.deep.include({
      status: 409,
      message: 'not_recording',
    });
    expect(tones(caller, mark)).to.equal(1);
    expect(lab().socket.of('RECORD_START', callee.uuid, mark)).to.have.lengthOf(1);
    const bound = lab()
      .socket.of('CHANNEL_EXECUTE', caller.uuid)
      .filter(
        (event) =>
          event.Application === 'bind_digit_action' && event['Application-Data']!.includes('Code=*71'),
      );
    expect(bound).to.have.lengthOf(1);
  });

  it('metaflows that the other is given are those of its calls within a second', async () => {
    const { caller } = await lab().phones.call('1003', '1004');
    await first.connected(caller);
    await second.flows('1003');
    const given = Date.now();
    await first.bound(caller);
    expect(Date.now() - given).to.be.below(1000);
    expect(await first.code(caller, '*71')).to.equal('done');
  });

  it('the one that acts is killed: the other does within 3 s, and the mask holds', async () => {
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await first.bound(caller);
    expect(await first.code(caller, '*71')).to.equal('done');
    await talk(600);
    expect(await first.code(caller, '*72')).to.equal('done');
    const held = await holder();
    const killedAt = Date.now();
    await first.kill();
    // It stands by still, and does what it is asked as soon as it acts.
    const { status, data } = await second.record(caller, { action: 'mask' });
    expect(Date.now() - killedAt).to.be.below(3000);
    expect([status, data['result']]).to.deep.equal([200, 'masked']);
    expect(await holder(held)).not.to.equal(held);
    const recorded = await file(callee);
    await talk(300);
    expect(await second.code(caller, '*73')).to.equal('done');
    await talk(600);
    expect(await second.code(caller, '*74')).to.equal('done');
    const doc = await second.recording(caller, 'completed');
    expect(recorded).to.match(new RegExp(`${doc.segments[0]!.file}$`));
    const { channels, rate } = await second.file(doc);
    expect(heardInTurn(channels[1]!, rate)).to.deep.equal(['880', 'silence', '880']);
  });

  it('the one that acts is told to stop: the other does at once', async () => {
    const { caller } = await lab().phones.call('1001', '1002');
    await first.bound(caller);
    const held = await holder();
    await first.end();
    const released = Date.now();
    await holder(held);
    expect(Date.now() - released).to.be.below(1000);
    expect(await eventually('code', () => pressed(caller))).to.equal('done');
  });

  /** Presses a start until the instance that takes over has seen the call. */
  async function pressed(caller: Leg): Promise<string | undefined> {
    const { data } = await second.record(caller, { action: 'start' });
    return data['result'] === 'started' ? 'done' : undefined;
  }

  it('one that was paused and wakes can do nothing any more, and nothing happens twice', async () => {
    const start = { ...CODES.numbers[71], data: { action: 'start', mask_time_limit: 6 } };
    await first.flows('1001', { numbers: { ...CODES.numbers, 71: start } });
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await first.bound(caller);
    expect(await first.code(caller, '*71')).to.equal('done');
    const held = await holder();
    expect(await first.code(caller, '*72')).to.equal('done');
    const maskedAt = Date.now();
    first.pause();
    const other = await holder(held);
    await eventually('recording carried on', async () => {
      const { data } = await second.ask('GET', `/accounts/${lab().domain}/channels/${caller.uuid}`);
      return data['recording_state'] === 'masked' ? true : undefined;
    });
    // Masked anew by the other, which counts the limit from now; the one that sleeps has it as over when it wakes.
    expect(await second.code(caller, '*73')).to.equal('done');
    expect(await second.code(caller, '*72')).to.equal('done');
    await talk(maskedAt + 6500 - Date.now());
    first.wake();
    await eventually('refusal', () =>
      Promise.resolve(first.lines.find((line) => line.includes('"code":"not_acting"'))),
    );
    expect(await holder()).to.equal(other);
    const mark = lab().socket.mark();
    expect(await second.code(caller, '*71')).to.equal('done');
    await talk(500);
    expect(tones(caller, mark)).to.equal(1);
    expect(lab().socket.of('RECORD_START', callee.uuid, mark)).to.have.lengthOf(0);
    expect(await second.code(caller, '*74')).to.equal('done');
    const doc = await second.recording(caller, 'completed');
    const { channels, rate } = await second.file(doc);
    expect(heardInTurn(channels[1]!, rate).at(-1)).to.equal('silence');
    // It follows again, and has what it is asked done by the other.
    const again = await first.record(caller, { action: 'start' });
    expect(again.data).to.deep.include({ result: 'started' });
    expect(await second.recording(caller, 'recording')).to.be.an('object');
  });

  it('a masked recording is carried over a kill: one document, one file, silent where it was masked', async () => {
    const { caller } = await lab().phones.call('1001', '1002');
    await first.bound(caller);
    expect(await first.code(caller, '*71')).to.equal('done');
    await talk(600);
    expect(await first.code(caller, '*72')).to.equal('done');
    const { id } = await first.recording(caller, 'masked');
    await eventually('the other’s word that it is masked', async () => {
      const { data } = await second.ask('GET', `/accounts/${lab().domain}/channels/${caller.uuid}`);
      return data['recording_state'] === 'masked' || undefined;
    });
    await first.kill();
    await eventually('unmask', async () => {
      const { status } = await second.record(caller, { action: 'unmask' });
      return status === 200 || undefined;
    });
    await talk(600);
    expect(await second.code(caller, '*74')).to.equal('done');

    const doc = await second.recording(caller, 'completed');
    expect(doc.id).to.equal(id);
    expect((await second.recordings()).filter(({ call_id }) => call_id === caller.uuid)).to.have.lengthOf(1);
    expect(doc.audit.map(({ action }) => action)).to.deep.equal(['start', 'mask', 'unmask', 'stop']);
    const { channels, rate } = await second.file(doc);
    const spans = silentSpans(channels[1]!, rate, 200);
    expect(spans).to.have.lengthOf(1);
    expect(doc.mask_intervals).to.have.lengthOf(1);
    expect(Math.abs(doc.mask_intervals[0]!.start_ms - spans[0]!.startMs)).to.be.below(250);
    expect(Math.abs(doc.mask_intervals[0]!.end_ms! - spans[0]!.endMs)).to.be.below(250);
  });
});
