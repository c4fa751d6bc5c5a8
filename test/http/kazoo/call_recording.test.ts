import { expect } from 'chai';
import { ADMIN_TOKEN, asking, startApi, unwrapped, type Api } from '../../support/api.js';

const ACCOUNT = '/v2/accounts/example.com/call_recording';
const BOB = '/v2/accounts/example.com/users/1001/call_recording';

describe('call_recording over HTTP', () => {
  let api: Api;

  beforeEach(async () => {
    api = await startApi();
  });
  afterEach(() => api.close());

  const tokenOf = async (data: object): Promise<string> => {
    const { body } = await asking(api, ADMIN_TOKEN)('POST', '/v2/tokens', { data });
    return body.data['token'] as string;
  };

  it('is stored for the account, a device and a user, each as it was given', async () => {
    const ask = asking(api, ADMIN_TOKEN);
    const data = { any: { offnet: { enabled: true, time_limit: 600 } } };
    const { status, body } = await ask('POST', ACCOUNT, { data });
    expect(status).to.equal(200);
    expect(unwrapped(body, ADMIN_TOKEN)).to.deep.equal({ data, status: 'success' });
    await ask('PUT', '/v2/accounts/example.com/devices/d/call_recording', { data: {} });
    await ask('PATCH', BOB, { data: { inbound: { any: { enabled: false } } } });
    const patched = await ask('PATCH', BOB, { data: { inbound: { any: { format: 'mp3' } } } });
    expect(patched.body.data).to.deep.equal({ inbound: { any: { enabled: false, format: 'mp3' } } });
    expect(api.store.callRecording.forLeg('example.com', '1001', 'd')).to.deep.equal({
      account: data,
      device: {},
      user: patched.body.data,
    });
    await ask('DELETE', BOB);
    expect((await ask('GET', BOB)).body.data).to.deep.equal({});
    expect((await ask('GET', ACCOUNT)).body.data).to.deep.equal(data);
  });

  it('refuses what would silently do nothing, and stores nothing of it', async () => {
    const ask = asking(api, ADMIN_TOKEN);
    for (const [path, data, key] of [
      [ACCOUNT, { any: { any: { enabeld: true } } }, 'any.any.enabeld'],
      [BOB, { consent: { beep_interval: 15 } }, 'consent'],
      [ACCOUNT, { consent: { play: 'recorded.wav' } }, 'consent.play'],
    ] as const) {
      const { status, body } = await ask('POST', path, { data });
      expect(status).to.equal(400);
      expect(Object.keys(body.data)).to.deep.equal([key]);
    }
    expect((await ask('GET', ACCOUNT)).body.data).to.deep.equal({});
  });

  it('a user sees what is recorded of it, and cannot switch it off', async () => {
    const ask = asking(api, await tokenOf({ account: 'example.com', role: 'user', user: '1001' }));
    expect((await ask('GET', BOB)).status).to.equal(200);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      expect((await ask(method, BOB, { data: {} })).status).to.equal(403);
    }
    const admin = asking(api, await tokenOf({ account: 'example.com', role: 'admin' }));
    expect((await admin('POST', BOB, { data: {} })).status).to.equal(200);
    const other = asking(api, await tokenOf({ account: 'other.com', role: 'admin' }));
    expect((await other('GET', BOB)).status).to.equal(403);
  });
});
