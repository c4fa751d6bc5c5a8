import { expect } from 'chai';
import { ADMIN_TOKEN, asking, startApi, unwrapped } from '../../support/api.js';

describe('how the service does', () => {
  it('is told as it is', async () => {
    const state = { id: '127.0.0.1:8021', connected: true, ready: false, embedded: false };
    const api = await startApi({
      system: () =>
        Promise.resolve({ switches: [{ ...state, latencyMs: 3 }, state], outbox: 2, freeBytes: undefined }),
    });
    const { body } = await asking(api, ADMIN_TOKEN)('GET', '/v2/system');
    expect(unwrapped(body, ADMIN_TOKEN)).to.deep.equal({
      data: { switches: [{ ...state, latency_ms: 3 }, state], outbox: 2 },
      status: 'success',
    });
    await api.close();
  });
});
