import { expect } from 'chai';
import { asking, startApi, type Api } from '../../support/api.js';

const PATH = '/v2/accounts/example.com/retention';

describe('Kazoo’s retention', () => {
  let api: Api;

  before(async () => {
    api = await startApi();
  });
  after(() => api.close());

  it('is for ever until an account’s admin says for how many days', async () => {
    const ask = asking(api, (await api.store.tokens.create({ account: 'example.com', role: 'admin' })).token);
    expect((await ask('GET', PATH)).body.data).to.deep.equal({});
    expect((await ask('POST', PATH, { data: { days: 90 } })).body.data).to.deep.equal({ days: 90 });
    expect((await ask('GET', PATH)).body.data).to.deep.equal({ days: 90 });
    expect((await ask('PUT', PATH, { data: { days: 30 } })).body.data).to.deep.equal({ days: 30 });
    expect(api.store.retention.accounts()).to.deep.equal(['example.com']);
    for (const days of [0, 1.5, '30', 36_501]) {
      expect((await ask('POST', PATH, { data: { days } })).status).to.equal(400);
    }
    expect((await ask('POST', PATH, { data: {} })).status).to.equal(400);
    expect((await ask('DELETE', PATH)).body.data).to.deep.equal({});
    expect((await ask('GET', PATH)).body.data).to.deep.equal({});
    expect(api.store.retention.accounts()).to.deep.equal([]);
  });

  it('is nobody else’s to set', async () => {
    for (const grant of [
      { account: 'example.com', role: 'viewer' },
      { account: 'example.com', role: 'user', user: '1001' },
      { account: 'other', role: 'admin' },
    ] as const) {
      const { token } = await api.store.tokens.create(grant);
      expect((await asking(api, token)('POST', PATH, { data: { days: 1 } })).status).to.equal(403);
    }
  });
});
