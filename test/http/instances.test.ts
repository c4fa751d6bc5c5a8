import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { listen, type HttpServer } from '../../src/http/server.js';
import { asking, startApi, type Api } from '../support/api.js';
import { Couch } from '../support/couch.js';
import { eventually } from '../support/lab-service.js';

/** What has come of a stream, with the place of the last of it. */
interface Heard {
  text: string;
  place: string;
}

describe('two instances behind a load balancer', () => {
  let couch: Couch;
  let apis: [Api, Api];
  let servers: [HttpServer, HttpServer];

  beforeEach(async () => {
    couch = await Couch.start();
    apis = [await startApi({}, {}, couch.url()), await startApi({}, {}, couch.url())];
    servers = [await listen(apis[0].app, '127.0.0.1', 0), await listen(apis[1].app, '127.0.0.1', 0)];
  });
  afterEach(async () => {
    for (const { feed } of apis) feed.close();
    await Promise.all(servers.map((server) => server.close()));
    await Promise.all(apis.map((api) => api.close()));
    await couch.close();
  });

  it('take the token of a login at either, and neither when it ends', async () => {
    const [first, second] = apis;
    const { id, token } = await first.store.tokens.create({ account: 'a', role: 'user', user: '1001' });
    const credentials = createHash('md5').update(`1001:${token}`).digest('hex');
    const data = { credentials, account_name: 'a' };
    const { status, body } = await asking(first)('PUT', '/v2/user_auth', { data });
    expect(status).to.equal(201);
    const { auth_token: session } = body as unknown as { auth_token: string };
    const asked = async (api: Api) =>
      (await asking(api, session)('GET', '/v2/accounts/a/users/1001/metaflows')).status;
    expect(await asked(first)).to.equal(200);
    await eventually('the session', async () => (await asked(second)) === 200 || undefined);
    expect((await asking(second, session)('GET', '/v2/accounts/a/metaflows')).status).to.equal(403);

    await second.store.tokens.delete(id);
    expect(await asked(second)).to.equal(401);
    await eventually('its end', async () => (await asked(first)) === 401 || undefined);
  });

  it('tell a live stream that comes from the other to begin anew, whatever it has heard there', async () => {
    const { token } = await apis[0].store.tokens.create({ account: 'a', role: 'viewer' });
    await eventually('the token', () => Promise.resolve(apis[1].store.tokens.find(token)));
    const follow = async (at: 0 | 1, until: string, last?: string): Promise<Heard> => {
      const { body } = await fetch(`http://127.0.0.1:${servers[at].port}/v2/accounts/a/events`, {
        headers: { 'X-Auth-Token': token, ...(last !== undefined && { 'Last-Event-ID': last }) },
      });
      const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      for (let ended = false; !ended && !text.includes(until);) {
        const { done, value = '' } = await reader.read();
        text += value;
        ended = done;
      }
      await reader.cancel();
      return { text, place: [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? '' };
    };
    const tell = (api: Api, id: string, event: string) =>
      api.feed.publish({ event, id, timestamp: new Date().toISOString(), account_id: 'a' }, []);
    for (const at of [0, 1] as const) await follow(at, 'id: ');

    // A recording, which both tell with one id, and a call, which each hears of in its own time.
    const [first, second] = apis;
    tell(first, 'recording', 'recording.started');
    tell(second, 'call at the second', 'call.ended');
    tell(second, 'recording', 'recording.started');
    const here = await follow(0, 'reset', 'unknown');
    tell(first, 'call at the first', 'call.ended');
    const again = await follow(0, 'call.ended', here.place);
    expect(again.text).to.include('call at the first').and.not.include('reset');
    const there = await follow(1, 'reset', again.place);
    expect(there.text)
      .to.match(/^id: \S+\nevent: reset\n/)
      .and.not.include('call');
    tell(second, 'later', 'call.created');
    expect((await follow(1, 'later', there.place)).text).not.to.include('reset');
  });
});
