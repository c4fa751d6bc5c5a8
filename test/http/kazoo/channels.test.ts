import { expect } from 'chai';
import { MetaflowsError } from '../../../src/errors.js';
import { asking, startApi, unwrapped, type Api, type Ask } from '../../support/api.js';
import { channel, outsideChannel } from '../../support/channels.js';
import { recordingDocument } from '../../support/recordings.js';

const ACCOUNT = '/v2/accounts/example.com';
const MASK = { module: 'record_call', data: { action: 'mask' } };

describe('Kazoo’s channels', () => {
  let api: Api;
  let token: string;
  let tokenId: string;
  let ask: Ask;
  let askAs1001: Ask;

  before(async () => {
    api = await startApi();
    ({ token, id: tokenId } = await api.store.tokens.create({ account: 'example.com', role: 'admin' }));
    const user = await api.store.tokens.create({ account: 'example.com', role: 'user', user: '1001' });
    ask = asking(api, token);
    askAs1001 = asking(api, user.token);
  });
  after(() => api.close());

  beforeEach(() => {
    api.calls.legs.splice(0);
    api.calls.ran.splice(0);
    api.calls.outcome = () => ({ result: 'done' });
    api.calls.legs.push(
      channel('alice', { otherLeg: 'outside', recording: 'masked' }),
      outsideChannel('outside', 'alice'),
      channel('bob', { user: '1002', device: 'desk' }),
      channel('stranger', { account: 'other.com' }),
    );
  });

  const uuids = (answer: Awaited<ReturnType<Ask>>) =>
    (answer.body.data as unknown as { uuid: string }[]).map(({ uuid }) => uuid);

  it('are listed as Kazoo does, for the account, a user or a device', async () => {
    const { body } = await ask('GET', `${ACCOUNT}/users/1001/channels`);
    expect(unwrapped(body, token)).to.deep.equal({
      status: 'success',
      data: [
        {
          uuid: 'alice',
          direction: 'inbound',
          answered: true,
          other_leg: 'outside',
          destination: '1002',
          caller_id_name: 'Alice',
          caller_id_number: '1001',
          timestamp: 63934444800,
          owner_id: '1001',
          username: '1001',
          presence_id: '1001@example.com',
          recording_state: 'masked',
        },
      ],
    });
    expect(uuids(await ask('GET', `${ACCOUNT}/channels`))).to.deep.equal(['alice', 'bob']);
    const desk = (await ask('GET', `${ACCOUNT}/devices/desk/channels`)).body.data as unknown as object[];
    expect(desk).to.have.length(1);
    expect(desk[0]).to.include({ uuid: 'bob', authorizing_id: 'desk', authorizing_type: 'device' });
    expect(uuids(await askAs1001('GET', `${ACCOUNT}/channels`))).to.deep.equal(['alice']);
  });

  it('are shown by their uuid, the outside party’s too', async () => {
    const { body } = await ask('GET', `${ACCOUNT}/channels/outside`);
    expect(unwrapped(body, token)).to.deep.equal({
      status: 'success',
      data: {
        uuid: 'outside',
        direction: 'outbound',
        answered: true,
        other_leg: 'alice',
        destination: '1002',
        caller_id_name: 'Alice',
        caller_id_number: '1001',
        timestamp: 63934444800,
      },
    });
  });

  for (const path of [
    'channels/stranger',
    'channels/gone',
    'users/1002/channels/alice',
    'devices/desk/channels/alice',
  ]) {
    it(`are not found at ${path}`, async () => {
      const { status, body } = await ask('PUT', `${ACCOUNT}/${path}`, { action: 'metaflow', data: MASK });
      expect(status).to.equal(404);
      expect(body.data).to.deep.equal({ message: 'bad identifier', cause: path.split('/').at(-1) });
      expect(api.calls.ran).to.deep.equal([]);
    });
  }

  it('are a user’s where one of the two legs is the user’s', async () => {
    const status = async (uuid: string) =>
      (await askAs1001('PUT', `${ACCOUNT}/channels/${uuid}`, { action: 'metaflow', data: MASK })).status;
    expect([await status('alice'), await status('outside'), await status('bob')]).to.deep.equal([
      200, 200, 404,
    ]);
    expect(api.calls.ran.map(({ actor }) => actor.user)).to.deep.equal(['1001', '1001']);
  });

  for (const [shape, body] of Object.entries({
    'with data twice, as documented for PUT': { action: 'metaflow', data: { data: MASK } },
    'as documented for POST': { action: 'metaflow', data: MASK },
    'in the envelope': { data: { action: 'metaflow', data: MASK } },
    'in the envelope, with data twice': { data: { action: 'metaflow', data: { data: MASK } } },
  })) {
    for (const method of ['PUT', 'POST']) {
      it(`run a metaflow given ${shape}, by ${method}`, async () => {
        const recording = { ...recordingDocument(), state: 'masked' as const };
        api.calls.outcome = () => ({ result: 'masked', recording });
        const answer = await ask(method, `${ACCOUNT}/channels/alice`, body);
        expect(answer.status).to.equal(200);
        const shown = { ...recording, internal: undefined };
        expect(unwrapped(answer.body, token)).to.deep.equal({
          status: 'success',
          data: { result: 'masked', recording: JSON.parse(JSON.stringify(shown)) as object },
        });
        expect(api.calls.ran).to.deep.equal([
          { uuid: 'alice', node: MASK, actor: { account: 'example.com', tokenId } },
        ]);
      });
    }
  }

  it('show nobody the recording of the other party', async () => {
    const start = { action: 'metaflow', data: { module: 'record_call' } };
    const answered = async (as: Ask, account_id: string, owner_id: string) => {
      const recording = { ...recordingDocument(), account_id, owner_id };
      api.calls.outcome = () => ({ result: 'already_recording', recording });
      return Object.keys((await as('PUT', `${ACCOUNT}/channels/alice`, start)).body.data);
    };
    expect(await answered(ask, 'other.com', '1001')).to.deep.equal(['result']);
    expect(await answered(askAs1001, 'example.com', '1002')).to.deep.equal(['result']);
    expect(await answered(ask, 'example.com', '1002')).to.deep.equal(['result', 'recording']);
    expect(await answered(askAs1001, 'example.com', '1001')).to.deep.equal(['result', 'recording']);
  });

  it('answer with the reason why nothing happened', async () => {
    api.calls.outcome = () => {
      throw new MetaflowsError('not_recording');
    };
    const answer = await ask('PUT', `${ACCOUNT}/channels/alice`, { action: 'metaflow', data: MASK });
    expect(answer.status).to.equal(409);
    expect(unwrapped(answer.body, token)).to.deep.equal({
      data: { message: 'nothing records this call' },
      error: '409',
      message: 'not_recording',
      status: 'error',
    });
  });

  for (const [body, field] of [
    [{ action: 'transfer', data: MASK }, 'action'],
    [{ action: 'metaflow' }, 'data'],
    [{ data: { action: 'metaflow' } }, 'data'],
    [{ data: MASK }, 'action'],
    [{ data: null }, 'action'],
    [{ action: 'metaflow', data: null }, 'data'],
    [{ action: 'metaflow', data: { module: 'nonsense' } }, 'data.module'],
    [{ action: 'metaflow', data: { module: 'record_call', data: { action: 'msk' } } }, 'data.data.action'],
    [{ action: 'metaflow', data: { module: 'record_call', action: 'mask' } }, 'data.action'],
  ] as const) {
    it(`refuse ${JSON.stringify(body)}`, async () => {
      const answer = await ask('POST', `${ACCOUNT}/channels/alice`, body);
      expect(answer.status).to.equal(400);
      expect(answer.body.data).to.include.keys(field);
      expect(api.calls.ran).to.deep.equal([]);
    });
  }
});
