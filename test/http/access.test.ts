import { expect } from 'chai';
import { ADMIN_TOKEN, asking, startApi, type Api } from '../support/api.js';
import { channel } from '../support/channels.js';
import { recordingDocument } from '../support/recordings.js';

const OURS = '/v2/accounts/example.com';
const THEIRS = '/v2/accounts/other.com';

const HOLDERS = [
  'site admin',
  'site viewer',
  'admin',
  'viewer',
  '1001',
  '1002',
  'other admin',
  'nobody',
] as const;

/** What each holder of a token is answered, in the order of HOLDERS. */
const MATRIX: Record<string, readonly number[]> = {
  [`GET ${OURS}/metaflows`]: [200, 200, 200, 200, 403, 403, 403, 401],
  [`POST ${OURS}/metaflows`]: [200, 403, 200, 403, 403, 403, 403, 401],
  [`PATCH ${OURS}/metaflows`]: [200, 403, 200, 403, 403, 403, 403, 401],
  [`DELETE ${OURS}/metaflows`]: [200, 403, 200, 403, 403, 403, 403, 401],
  [`GET ${OURS}/users/1001/metaflows`]: [200, 200, 200, 200, 200, 403, 403, 401],
  [`PUT ${OURS}/users/1001/metaflows`]: [200, 403, 200, 403, 200, 403, 403, 401],
  [`DELETE ${OURS}/users/1001/metaflows`]: [200, 403, 200, 403, 200, 403, 403, 401],
  [`GET ${OURS}/devices/1001/metaflows`]: [200, 200, 200, 200, 403, 403, 403, 401],
  [`POST ${OURS}/devices/1001/metaflows`]: [200, 403, 200, 403, 403, 403, 403, 401],
  [`GET ${THEIRS}/metaflows`]: [200, 200, 403, 403, 403, 403, 200, 401],
  [`GET ${THEIRS}/users/1001/metaflows`]: [200, 200, 403, 403, 403, 403, 200, 401],
  [`GET ${OURS}/channels`]: [200, 200, 200, 200, 200, 200, 403, 401],
  [`GET ${OURS}/users/1001/channels`]: [200, 200, 200, 200, 200, 403, 403, 401],
  [`GET ${OURS}/channels/leg`]: [200, 200, 200, 200, 200, 404, 403, 401],
  [`PUT ${OURS}/channels/leg`]: [200, 403, 200, 403, 200, 404, 403, 401],
  [`POST ${OURS}/users/1001/channels/leg`]: [200, 403, 200, 403, 200, 403, 403, 401],
  [`GET ${THEIRS}/channels/leg`]: [404, 404, 403, 403, 403, 403, 404, 401],
  [`GET ${OURS}/recordings`]: [200, 200, 200, 200, 200, 200, 403, 401],
  [`GET ${OURS}/users/1001/recordings`]: [200, 200, 200, 200, 200, 403, 403, 401],
  [`GET ${OURS}/recordings/ID`]: [200, 200, 200, 200, 200, 404, 403, 401],
  [`GET ${OURS}/users/1002/recordings/ID`]: [404, 404, 404, 404, 403, 404, 403, 401],
  [`GET ${THEIRS}/recordings/ID`]: [404, 404, 403, 403, 403, 403, 404, 401],
  // it runs, so whoever may delete it is told that it has not ended
  [`DELETE ${OURS}/recordings/ID`]: [409, 403, 409, 403, 409, 404, 403, 401],
  'GET /v2/tokens': [200, 403, 403, 403, 403, 403, 403, 401],
  'POST /v2/tokens': [200, 403, 403, 403, 403, 403, 403, 401],
  'DELETE /v2/tokens/none': [404, 403, 403, 403, 403, 403, 403, 401],
};

const BODIES: Record<string, object> = {
  tokens: { data: { account: 'a', role: 'viewer' } },
  channels: { action: 'metaflow', data: { module: 'hangup' } },
  metaflows: { data: {} },
};

describe('access', () => {
  let api: Api;
  const tokens: (string | undefined)[] = [];
  const recording = recordingDocument();

  before(async () => {
    api = await startApi();
    api.calls.legs.push(channel('leg'));
    await api.store.recordings.save(recording);
    const made = [
      await api.store.tokens.create({ account: null, role: 'viewer' }),
      await api.store.tokens.create({ account: 'example.com', role: 'admin' }),
      await api.store.tokens.create({ account: 'example.com', role: 'viewer' }),
      await api.store.tokens.create({ account: 'example.com', role: 'user', user: '1001' }),
      await api.store.tokens.create({ account: 'example.com', role: 'user', user: '1002' }),
      await api.store.tokens.create({ account: 'other.com', role: 'admin' }),
    ];
    tokens.push(ADMIN_TOKEN, ...made.map(({ token }) => token), undefined);
  });
  after(() => api.close());

  for (const [what, expected] of Object.entries(MATRIX)) {
    it(`decides ${what}`, async () => {
      const [method = '', path = ''] = what.replace('ID', recording.id).split(' ');
      const kind = Object.keys(BODIES).find((each) => path.includes(each));
      const body = method === 'GET' || method === 'DELETE' ? undefined : BODIES[kind ?? ''];
      const statuses: [holder: string, status: number][] = [];
      for (const [index, holder] of HOLDERS.entries()) {
        statuses.push([holder, (await asking(api, tokens[index])(method, path, body)).status]);
      }
      expect(statuses).to.deep.equal(HOLDERS.map((holder, index) => [holder, expected[index]]));
    });
  }

  it('shows a user the user’s own channels and recordings, and nothing of others', async () => {
    const seen = async (holder: (typeof HOLDERS)[number], path: string) =>
      (await asking(api, tokens[HOLDERS.indexOf(holder)])('GET', path)).body.data;
    for (const path of [`${OURS}/channels`, `${OURS}/recordings`]) {
      expect(await seen('1001', path)).to.have.length(1);
      expect(await seen('1002', path)).to.have.length(0);
      expect(await seen('admin', path)).to.have.length(1);
    }
  });
});
