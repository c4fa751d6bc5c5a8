import { expect } from 'chai';
import request from 'supertest';
import { MetaflowsError, type ErrorCode } from '../../../src/errors.js';
import { startApi, type Api } from '../../support/api.js';
import { channel, outsideChannel } from '../../support/channels.js';

/** The document's own call. */
const ID = '01RCC3N118B1V0SL8O7GK2LAES00000V';
const NAME = '1001@example.com';

interface Told {
  statusCode: number;
  statusMessage?: string;
}

describe('Genesys’s operations', () => {
  let api: Api;
  let token: string;

  before(async () => {
    api = await startApi();
    ({ token } = await api.store.tokens.create({ account: 'example.com', role: 'user', user: '1001' }));
  });
  beforeEach(() => {
    api.calls.ran.length = 0;
    api.calls.outcome = () => ({ result: 'done' });
    api.calls.legs.splice(0);
    api.calls.legs.push(
      channel(ID, { otherLeg: 'outside', device: 'desk' }),
      outsideChannel('outside', ID),
      channel('masked', { recording: 'masked' }),
      channel('recording', { recording: 'recording' }),
      channel('ringing', { answered: false }),
      channel('another', { user: '1002' }),
      channel('theirs', { account: 'other.com' }),
    );
  });
  after(() => api.close());

  const post = async (path: string, body: unknown, name = NAME, password = token) => {
    const answer = await request(api.app)
      .post(`/api/v2/me/${path}`)
      .auth(name, password)
      .set('Origin', 'http://server')
      .type('json')
      .send(typeof body === 'string' ? body : JSON.stringify(body));
    expect(answer.type).to.equal('application/json');
    return { status: answer.status, told: answer.body as Told };
  };
  const operate = (id: string, operationName: string, name?: string, password?: string) =>
    post(`calls/${id}`, { operationName }, name, password);

  it('answer the document’s own request with the document’s own answer', async () => {
    const { status, told } = await operate(ID, 'StartCallRecording');
    expect(status).to.equal(200);
    expect(told).to.deep.equal({ statusCode: 0 });
    expect(api.calls.data).to.deep.equal({ action: 'start', origin: 'genesys' });
    expect(api.calls.ran[0]).to.nested.include({ uuid: ID, 'actor.user': '1001' });
  });

  for (const [operation, action, id] of [
    ['PauseCallRecording', 'mask', 'recording'],
    ['ResumeCallRecording', 'unmask', 'masked'],
    ['StopCallRecording', 'stop', 'masked'],
    ['StopCallRecording', 'stop', 'recording'],
  ] as const) {
    it(`${action} with ${operation} what is ${id}`, async () => {
      expect((await operate(id, operation)).told).to.deep.equal({ statusCode: 0 });
      expect(api.calls.data).to.deep.equal({ action });
    });
  }

  it('take a call by its device, by either leg, and JSON that is called a form', async () => {
    for (const path of [`devices/desk/calls/${ID}`, 'devices/1001/calls/recording', 'calls/outside']) {
      expect((await post(path, { operationName: 'StartCallRecording' })).told, path).to.deep.equal({
        statusCode: 0,
      });
    }
    const form = await request(api.app)
      .post(`/api/v2/me/calls/${ID}`)
      .auth(NAME, token)
      .type('form')
      .send('{"operationName":"StartCallRecording"}');
    expect(form.body).to.deep.equal({ statusCode: 0 });
  });

  it('let an account’s token act for any user of the account', async () => {
    const admin = await api.store.tokens.create({ account: 'example.com', role: 'admin' });
    const as = async (name: string) =>
      (await operate('another', 'StartCallRecording', name, admin.token)).told.statusCode;
    expect([await as('1002@example.com'), await as('1001@example.com'), await as('1002@other.com')])
      .to.deep //
      .equal([0, 6, 20]);
  });

  const REFUSED: [what: string, path: string, body: unknown, http: number, statusCode: number][] = [
    ['no body', `calls/${ID}`, '', 400, 1],
    ['no operation', `calls/${ID}`, {}, 400, 1],
    ['JSON that is none', `calls/${ID}`, '{"operationName"', 400, 10],
    ['an unknown operation', `calls/${ID}`, { operationName: 'Hold' }, 400, 10],
    ['an operation that is no text', `calls/${ID}`, { operationName: ['StartCallRecording'] }, 400, 10],
    ['a key too many', `calls/${ID}`, { operationName: 'StartCallRecording', format: 'mp3' }, 400, 10],
    ['a list', `calls/${ID}`, [], 400, 10],
    ['too long a body', `calls/${ID}`, 'x'.repeat(70_000), 413, 10],
    ['an unknown call', 'calls/unknown', { operationName: 'StartCallRecording' }, 404, 6],
    ['another user’s call', 'calls/another', { operationName: 'StartCallRecording' }, 404, 6],
    ['another account’s call', 'calls/theirs', { operationName: 'StopCallRecording' }, 404, 6],
    ['another device', `devices/1001/calls/${ID}`, { operationName: 'StartCallRecording' }, 404, 6],
    ['a path that there is not', 'devices/desk', { operationName: 'StartCallRecording' }, 404, 6],
    ['a call that rings', 'calls/ringing', { operationName: 'StartCallRecording' }, 409, 2],
    ['a second pause', 'calls/masked', { operationName: 'PauseCallRecording' }, 409, 2],
    ['a second resume', 'calls/recording', { operationName: 'ResumeCallRecording' }, 409, 2],
  ];
  for (const [what, path, body, http, statusCode] of REFUSED) {
    it(`refuse ${what}, and do nothing`, async () => {
      const { status, told } = await post(path, body);
      expect({ status, statusCode: told.statusCode }).to.deep.equal({ status: http, statusCode });
      expect(told).to.have.all.keys('statusCode', 'statusMessage');
      expect(api.calls.ran).to.deep.equal([]);
    });
  }

  it('ask for credentials, and take none but a user’s own', async () => {
    const nobody = await request(api.app).post(`/api/v2/me/calls/${ID}`).send({});
    expect(nobody.status).to.equal(401);
    expect(nobody.headers['www-authenticate']).to.match(/^Basic /);
    expect(nobody.body).to.deep.equal({
      statusCode: 20,
      statusMessage: 'User is not authenticated. Any subsequent request should provide credentials',
    });
    for (const [name, password] of [
      [NAME, 'wrong'],
      ['1002@example.com', token],
      ['1001@other.com', token],
      ['1001', token],
      ['', ''],
    ] as const) {
      const { status, told } = await operate(ID, 'StartCallRecording', name, password);
      expect({ status, ...told }, name).to.include({ status: 401, statusCode: 20 });
    }
    for (const header of [
      `Bearer ${token}`,
      'Basic',
      'Basic !',
      `Basic ${Buffer.from('a').toString('base64')}`,
    ]) {
      await request(api.app).post(`/api/v2/me/calls/${ID}`).set('Authorization', header).expect(401);
    }
    expect(api.calls.ran).to.deep.equal([]);
  });

  it('refuse a token that only reads', async () => {
    const viewer = await api.store.tokens.create({ account: 'example.com', role: 'viewer' });
    const { status, told } = await operate(ID, 'StartCallRecording', NAME, viewer.token);
    expect({ status, statusCode: told.statusCode }).to.deep.equal({ status: 403, statusCode: 5 });
    expect(api.calls.ran).to.deep.equal([]);
  });

  it('refuse other methods', async () => {
    for (const method of ['get', 'put', 'delete'] as const) {
      const answer = await request(api.app)[method](`/api/v2/me/calls/${ID}`).auth(NAME, token);
      expect(answer.status).to.equal(405);
      expect(answer.headers['allow']).to.equal('POST');
      expect((answer.body as Told).statusCode).to.equal(3);
    }
  });

  for (const [code, http, statusCode] of [
    ['not_recording', 409, 2],
    ['call_gone', 404, 6],
    ['stop_not_allowed', 403, 5],
    ['no_audio', 502, 4],
    ['switch_down', 503, 4],
    ['disk_full', 507, 4],
    ['mask_incomplete', 502, 4],
  ] satisfies [ErrorCode, number, number][]) {
    it(`say ${statusCode} where the recorder says ${code}`, async () => {
      api.calls.outcome = () => {
        throw new MetaflowsError(code);
      };
      const { status, told } = await operate(ID, 'StartCallRecording');
      expect({ status, statusCode: told.statusCode }).to.deep.equal({ status: http, statusCode });
    });
  }

  it('say 2 where the call is recorded already', async () => {
    api.calls.outcome = () => ({ result: 'already_recording' });
    expect((await operate('recording', 'StartCallRecording')).told.statusCode).to.equal(2);
  });

  it('say nothing of what nobody foresaw, but the log does; and no password is in it', async () => {
    api.calls.outcome = () => {
      throw new Error('a detail for nobody outside');
    };
    const { status, told } = await operate(ID, 'StartCallRecording');
    expect(status).to.equal(500);
    expect(told).to.deep.equal({ statusCode: 4, statusMessage: 'An internal error occurred.' });
    const log = api.lines.join('\n');
    expect(log).to.include('a detail for nobody outside');
    expect(log).not.to.include(token);
    expect(log).not.to.include(Buffer.from(`${NAME}:${token}`).toString('base64'));
  });

  it('say in their own words that an address asks too often', async () => {
    const limited = await startApi({ requestsPerMinute: 1 });
    try {
      await request(limited.app).post('/api/v2/me/calls/a').expect(401);
      const answer = await request(limited.app).post('/api/v2/me/calls/a');
      const { statusCode } = answer.body as Told;
      expect({ status: answer.status, statusCode }).to.deep.equal({ status: 429, statusCode: 3 });
    } finally {
      await limited.close();
    }
  });
});
