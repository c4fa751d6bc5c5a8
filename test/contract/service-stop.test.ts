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
      await eventually('the mask, which is not stored', async () => {
        const noted = await lab().socket.api(`global_getvar metaflows_masked_${id}`);
        return noted.startsWith('@') || undefined;
      });
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
