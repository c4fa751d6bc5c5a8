import { expect } from 'chai';
import request from 'supertest';
import { asking, startApi, unwrapped, type Api, type Ask } from '../../support/api.js';

const BOB = '/v2/accounts/example.com/users/1001/metaflows';

/** The example of Kazoo's documentation of record_call, as curl sends it: without line ends. */
const EXAMPLE = `{"data": {
    "binding_digit": "*",
    "numbers": {
        "71": {
            "module": "record_call",
            "data": {
                "action": "start"
            }
        },
        "72": {
            "module":"record_call",
            "data": {
                "action":"mask"
            }
        },
        "73": {
            "module":"record_call",
            "data": {
                "action":"unmask"
            }
        },
        "74": {
            "module":"record_call",
            "data": {
                "action":"stop"
            }
        }
    }
}}`.replaceAll('\n', '');

describe('Kazoo’s metaflows', () => {
  let api: Api;
  let token: string;
  let ask: Ask;

  before(async () => {
    api = await startApi();
    ({ token } = await api.store.tokens.create({ account: 'example.com', role: 'admin' }));
    ask = asking(api, token);
  });
  after(() => api.close());

  it('answer the example of Kazoo’s documentation with what was stored, in its envelope', async () => {
    const { data } = JSON.parse(EXAMPLE) as { data: object };
    const posted = await ask('POST', BOB, EXAMPLE);
    expect(posted.status).to.equal(200);
    expect(posted.type).to.equal('application/json');
    expect(unwrapped(posted.body, token)).to.deep.equal({ status: 'success', data });
    const got = await ask('GET', BOB);
    expect(unwrapped(got.body, token)).to.deep.equal({ status: 'success', data });
    expect(got.body.revision).to.equal(posted.body.revision);
    expect(got.body.request_id).not.to.equal(posted.body.request_id);
    expect(got.headers['x-request-id']).to.equal(got.body.request_id);
    expect(api.store.metaflows.get({ account: 'example.com', user: '1001' })).to.deep.equal(data);
  });

  it('are {} where there are none, and when they are deleted', async () => {
    const path = '/v2/accounts/example.com/devices/d%2F1/metaflows';
    const none = { status: 'success', data: {} };
    expect(unwrapped((await ask('GET', path)).body, token)).to.deep.equal(none);
    expect((await ask('PUT', path, { data: { listen_on: 'both' } })).status).to.equal(200);
    const device = { account: 'example.com', device: 'd/1' };
    expect(api.store.metaflows.get(device)).to.deep.equal({ listen_on: 'both' });
    expect(unwrapped((await ask('DELETE', path)).body, token)).to.deep.equal(none);
    expect(unwrapped((await ask('GET', path)).body, token)).to.deep.equal(none);
  });

  it('are stored without defaults, and replaced whole', async () => {
    await ask('POST', BOB, EXAMPLE);
    const { status, body } = await ask('POST', BOB, { data: {} });
    expect(status).to.equal(200);
    expect(unwrapped(body, token)).to.deep.equal({ status: 'success', data: {} });
    expect((await ask('GET', BOB)).body.data).to.deep.equal({});
  });

  it('have the revision of what they are now', async () => {
    const revision = async () => (await ask('GET', BOB)).body.revision;
    await ask('POST', BOB, EXAMPLE);
    const before = await revision();
    expect(await revision()).to.equal(before);
    const patched = await ask('PATCH', BOB, { data: { listen_on: 'both' } });
    expect(await revision())
      .to.equal(patched.body.revision)
      .and.not.to.equal(before);
    await ask('POST', BOB, EXAMPLE);
    expect(await revision()).to.equal(before);
  });

  it('are asked for with an empty body too, or without what they are', async () => {
    await ask('POST', BOB, EXAMPLE);
    const headers = { 'X-Auth-Token': token };
    const got = await request(api.app)
      .get(BOB)
      .set({ ...headers, 'Content-Length': '0' });
    expect((got.body as { data: object }).data).to.deep.equal((JSON.parse(EXAMPLE) as { data: object }).data);
    const head = await request(api.app).head(BOB).set(headers);
    expect(head.headers['content-length']).to.equal(got.headers['content-length']);
    expect(head.text).to.equal(undefined);
  });

  it('are merged deeply by PATCH, where null removes', async () => {
    await ask('POST', BOB, EXAMPLE);
    const numbers = { 71: { data: { format: 'mp3' } }, 72: null, 73: null };
    const { body } = await ask('PATCH', BOB, { data: { listen_on: 'peer', numbers } });
    expect(body.data).to.deep.equal({
      binding_digit: '*',
      listen_on: 'peer',
      numbers: {
        71: { module: 'record_call', data: { action: 'start', format: 'mp3' } },
        74: { module: 'record_call', data: { action: 'stop' } },
      },
    });
    for (const data of [
      '{"numbers":{"71":{"module":"nonsense"}}}',
      '[]',
      '{"__proto__":{"binding_digit":"#"}}',
    ]) {
      expect((await ask('PATCH', BOB, `{"data":${data}}`)).status).to.equal(400);
    }
    expect((await ask('GET', BOB)).body.data).to.deep.equal(body.data);
  });

  it('lose no PATCH that comes at the same time as others', async () => {
    await ask('DELETE', BOB);
    const numbers = Array.from({ length: 20 }, (_, number) => String(number));
    const answers = await Promise.all(
      numbers.map((number) => ask('PATCH', BOB, { data: { numbers: { [number]: { module: 'none' } } } })),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal(numbers.map(() => 200));
    expect((await ask('GET', BOB)).body.data['numbers']).to.have.all.keys(numbers);
  });
});
