import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { Couch } from '../support/couch.js';
import { Relay } from '../support/lab-relay.js';
import { eventually, TestService, TOKEN } from '../support/lab-service.js';
import { talk } from './commands.js';
import { useLab } from './shared-lab.js';

/** What is promised to whoever stops the service, milliseconds. */
const GONE_MS = 10_000;

describe('contract: the service told to stop', function () {
  this.timeout(60_000);
  const lab = useLab();
  let service: TestService | undefined;
  afterEach(async () => {
    await lab().phones.hangupAll();
    await service?.close();
    service = undefined;
  });

  /** Resolves when the switch has masked a recording, whether or not anybody could store that. */
  const masked = (id: string): Promise<boolean> =>
    eventually('the mask', async () => {
      const noted = await lab().socket.api(`global_getvar metaflows_masked_${id}`);
      return noted.startsWith('@') || undefined;
    });

  it('finishes the code that is under way, and leaves the recording to the next start', async () => {
    service = await TestService.spawn(lab());
    await service.flows('1001');
    const { caller, callee } = await lab().phones.call('1001', '1002');
    await service.bound(caller);
    await lab().phones.press(caller, '*71');
    await lab().socket.event('RECORD_START', callee.uuid);
    const since = Date.now();
    await service.end();
    expect(Date.now() - since).to.be.below(GONE_MS);
    expect(await service.ended()).to.deep.equal([0, null]);
    expect(service.lines.join('\n')).to.include('"result":"started"');
    expect(await lab().socket.api(`uuid_buglist ${callee.uuid}`)).to.include('session_record');
    expect(await lab().socket.api('hash select/metaflows/lease')).to.equal('-ERR no reply');

    service = await TestService.spawn(lab(), service);
    await talk(300);
    expect(await service.code(caller, '*74')).to.equal('done');
    expect((await service.recording(caller, 'completed')).stop_reason).to.equal('code');
  });

  it('takes no new request and no new code, while it has something to finish', async () => {
    const couch = await Couch.start();
    try {
      service = await TestService.spawn(lab(), undefined, { DATABASE: couch.url() });
      for (const user of ['1001', '1003']) await service.flows(user);
      const { caller } = await lab().phones.call('1001', '1002');
      const other = await lab().phones.call('1003', '1004');
      for (const leg of [caller, other.caller]) await service.bound(leg);
      expect(await service.code(caller, '*71')).to.equal('done');
      const { id } = await service.recording(caller, 'recording');
      couch.silence();
      await lab().phones.press(caller, '*72');
      await masked(id);

      const { url } = service;
      let isGone = false;
      const gone = service.end().then(() => (isGone = true));
      await eventually('refusal', () =>
        fetch(`${url}/healthz`).then(
          () => undefined,
          () => true,
        ),
      );
      const mark = lab().socket.mark();
      await lab().phones.press(other.caller, '*71');
      await lab().socket.event('metaflows::code', other.caller.uuid, {}, mark);
      expect(isGone).to.equal(false);
      couch.cut();
      await gone;
      expect(await service.ended()).to.deep.equal([0, null]);
      const started = lab()
        .socket.events.slice(mark)
        .filter((event) => event['Event-Name'] === 'RECORD_START');
      expect(started).to.deep.equal([]);
    } finally {
      await couch.close();
    }
  });

  it('is gone in ten seconds where nobody answers: webhook, listener, switch and database', async () => {
    const couch = await Couch.start();
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const hook = once(silent, 'request');
    const relay = new Relay(lab().pbx.port);
    try {
      const settings = {
        DATABASE: couch.url(),
        DELIVERY_ALLOW: '127.0.0.1/32',
        SWITCHES: `esl://:${lab().pbx.password}@127.0.0.1:${await relay.open()}`,
      };
      service = await TestService.spawn(lab(), undefined, settings);
      await service.flows('1001');
      const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
      const added = await service.ask('PUT', `/accounts/${lab().domain}/webhooks`, {
        name: 'silent',
        uri: url,
        hook: 'all',
        http_verb: 'post',
      });
      expect(added.status).to.be.oneOf([200, 201]);
      const listener = await fetch(`${service.url}/v2/accounts/${lab().domain}/events`, {
        headers: { 'X-Auth-Token': TOKEN },
      });
      expect(listener.headers.get('content-type')).to.include('text/event-stream');
      const { caller, callee } = await lab().phones.call('1001', '1002');
      await service.bound(caller);
      expect(await service.code(caller, '*71')).to.equal('done');
      await hook;
      const { id } = await service.recording(caller, 'recording');
      couch.silence();
      const asked = service.record(caller, { action: 'mask' }).catch(() => undefined);
      await masked(id);
      relay.silent = true;
      const since = Date.now();
      await service.end();
      expect(Date.now() - since).to.be.below(GONE_MS);
      await asked;
      await listener.body?.cancel().catch(() => undefined);
      expect(await lab().socket.api(`uuid_buglist ${callee.uuid}`)).to.include('session_record');
    } finally {
      silent.closeAllConnections();
      silent.close();
      await relay.close();
      await couch.close();
    }
  });
});
