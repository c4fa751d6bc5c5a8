import { createHash } from 'node:crypto';
import { expect } from 'chai';
import request from 'supertest';
import { tables, type Parameter } from '../../scripts/docs.js';
import { uuidOf } from '../../src/http/library.js';
import { startApi, type Api } from '../support/api.js';
import { channel } from '../support/channels.js';
import { finished } from '../support/finished.js';
import { recordingDocument } from '../support/recordings.js';

const NAME = '1001@example.com';
const ACCOUNT = '/v2/accounts/example.com';

/** Every parameter of the five documents. */
const DOCUMENTED: [system: string, request: string, parameters: string][] = [
  [
    'Kazoo',
    'record_call',
    'action dtmf_leg format label media_name method origin record_min_sec record_on_answer record_on_bridge record_sample_rate time_limit url',
  ],
  [
    'Telnyx',
    'record_start',
    'format channels client_state command_id play_beep max_length timeout_secs recording_track trim custom_file_name',
  ],
  ['Bird', 'record', 'endKey maxLength timeout beep transcribe transcribeLocale'],
  [
    'Ozeki',
    'Record',
    'CallId Duration FinishDigits FinishedUrl Format Inactivity RecordPath Username Password',
  ],
  ['Genesys', 'me/calls', 'operationName'],
];

/** The parameters of one request, and a client that sends them; it resolves with whether it was refused. */
interface Client {
  send: (parameters: Record<string, unknown>) => Promise<boolean>;
  /** What a request needs beside the parameter that is tried. */
  least?: Record<string, unknown>;
}

describe('the table of compatibility', () => {
  let api: Api;
  let token: string;
  let running: string;
  let completed: string;

  before(async () => {
    const transcription = { url: 'http://127.0.0.1:1/v1/audio/transcriptions', model: 'whisper-1' };
    api = await startApi({}, { transcription });
    completed = uuidOf(await finished(api, 0, { size: 1 }));
    const doc = recordingDocument();
    running = uuidOf(doc);
    await api.store.recordings.save({ ...doc, internal: { ...doc.internal, parties: ['leg'] } });
    ({ token } = await api.store.tokens.create({ account: 'example.com', role: 'admin' }));
  });
  beforeEach(() => {
    api.calls.legs.splice(0);
    api.calls.legs.push(channel('leg'));
    api.calls.ran.length = 0;
    api.calls.outcome = () => ({ result: 'started' });
  });
  after(() => api.close());

  const kazoo = async (method: 'get' | 'put' | 'post', path: string, body?: object): Promise<boolean> => {
    const { status } = await request(api.app)[method](path).set('X-Auth-Token', token).send(body);
    return status >= 400;
  };
  const run = (node: object) =>
    kazoo('put', `${ACCOUNT}/users/1001/channels/leg`, { action: 'metaflow', data: node });
  const ozeki = async (parameters: Record<string, unknown>): Promise<boolean> =>
    !(await request(api.app).get('/api').query(parameters)).text.includes('<Code>200</Code>');
  const credentials = { Username: NAME, Password: '{token}', CallId: 'leg' };
  const genesys = async (body: object): Promise<boolean> => {
    // A pause is no second pause, and a resume no second resume.
    const { operationName } = body as { operationName?: unknown };
    api.calls.legs[0] = channel('leg', {
      recording: operationName === 'ResumeCallRecording' ? 'masked' : 'recording',
    });
    const answer = await request(api.app).post('/api/v2/me/calls/leg').auth(NAME, token).send(body);
    return (answer.body as { statusCode: number }).statusCode !== 0;
  };

  const command = async (action: string, body: object): Promise<boolean> => {
    const path = `/v2/calls/leg/actions/${action}`;
    return (await request(api.app).post(path).auth(token, { type: 'bearer' }).send(body)).status >= 400;
  };
  const bird = async (
    method: 'get' | 'post' | 'patch',
    path: string,
    parameters: object,
  ): Promise<boolean> => {
    api.calls.outcome = () => ({ result: 'started', recording: recordingDocument() });
    const asked = request(api.app)
      [method](`/workspaces/example.com/${path}`)
      .set('Authorization', `AccessKey ${token}`);
    return (await (method === 'get' ? asked.query(parameters) : asked.send(parameters))).status >= 400;
  };

  const CLIENTS: Record<string, Client> = {
    'Telnyx record_start': {
      send: (body) => command('record_start', body),
      least: { format: 'wav', channels: 'single' },
    },
    'Telnyx record_pause': { send: (body) => command('record_pause', body) },
    'Telnyx record_resume': { send: (body) => command('record_resume', body) },
    'Telnyx record_stop': { send: (body) => command('record_stop', body) },
    'Telnyx recordings': {
      send: async (query) =>
        (await request(api.app).get('/v2/recordings').auth(token, { type: 'bearer' }).query(query)).status >=
        400,
    },
    'Bird record': { send: (body) => bird('post', 'channels/any/calls/leg/record', body) },
    'Bird call recording': {
      send: (body) => bird('patch', `channels/any/calls/leg/recordings/${running}`, body),
    },
    'Bird recordings': { send: (query) => bird('get', 'recordings', query) },
    'Bird transcriptions': { send: (body) => bird('post', `recordings/${completed}/transcriptions`, body) },
    'Kazoo record_call': { send: (data) => run({ module: 'record_call', data }) },
    'Kazoo module': {
      send: async (parameters) => {
        const [[module, data] = []] = Object.entries(parameters);
        return run({ module, data });
      },
    },
    'Kazoo metaflows': { send: (data) => kazoo('post', `${ACCOUNT}/metaflows`, { data }) },
    'Kazoo recordings': {
      send: (query) =>
        kazoo(
          'get',
          `${ACCOUNT}/recordings?${new URLSearchParams(query as Record<string, string>).toString()}`,
        ),
    },
    'Kazoo webhooks': {
      send: (data) => kazoo('put', `${ACCOUNT}/webhooks`, { data }),
      least: { name: 'a', uri: 'https://example.com/', hook: 'all' },
    },
    'Kazoo api_auth': { send: (data) => kazoo('put', '/v2/api_auth', { data }) },
    'Kazoo user_auth': {
      send: (data) =>
        kazoo('put', '/v2/user_auth', {
          data: 'phone_number' in data ? without(data, 'account_name') : data,
        }),
      least: { credentials: '{md5}', account_name: 'example.com' },
    },
    'Ozeki Record': { send: (parameters) => ozeki({ command: 'Record', ...parameters }), least: credentials },
    'Ozeki command': {
      send: (parameters) => ozeki({ ...credentials, Password: token, command: Object.keys(parameters)[0] }),
    },
    'Genesys me/calls': { send: genesys, least: { operationName: 'StartCallRecording' } },
  };

  /** The values that a document cannot name. */
  const real = (parameters: object): Record<string, unknown> => {
    const md5 = createHash('md5').update(`admin:${token}`).digest('hex');
    const text = JSON.stringify(parameters)
      .replaceAll('{token}', token)
      .replaceAll('{md5}', md5)
      .replaceAll('{running}', running);
    return JSON.parse(text) as Record<string, unknown>;
  };

  const told = ({ name, becomes }: Parameter, value: unknown): object => becomes ?? { [name]: value };

  it('has every system', async () => {
    expect((await tables()).map(({ system }) => system)).to.include.members([
      'Kazoo',
      'Telnyx',
      'Bird',
      'Ozeki',
      'Genesys',
    ]);
  });

  it('says what is so', async () => {
    for (const { system, requests } of await tables()) {
      for (const { request: name, parameters } of requests) {
        const client = CLIENTS[`${system} ${name}`]!;
        expect(client, `${system} ${name}`).to.be.an('object');
        for (const parameter of parameters) {
          for (const value of parameter.given) {
            const what = `${system} ${name} ${parameter.name}=${JSON.stringify(value)}`;
            api.calls.ran.length = 0;
            const refused = await client.send(real({ ...client.least, [parameter.name]: value }));
            expect(refused, what).to.equal(parameter.refused !== undefined);
            if (refused) expect(api.calls.ran, what).to.deep.equal([]);
            else if (name === 'record_call' || parameter.becomes) {
              expect(api.calls.data, what).to.deep.include(told(parameter, value));
            }
          }
          if (parameter.required === true) {
            const rest = without({ ...client.least, [parameter.name]: 0 }, parameter.name);
            expect(await client.send(real(rest)), `${system} ${name} without ${parameter.name}`).to.equal(
              true,
            );
          }
        }
      }
    }
  });

  it('leaves out nothing that a document has', async () => {
    const named = async (system: string, name: string): Promise<Set<string>> => {
      const table = (await tables()).find((each) => each.system === system)!;
      const { parameters } = table.requests.find((each) => each.request === name)!;
      return new Set(parameters.map((parameter) => parameter.name));
    };
    for (const [system, name, keys] of DOCUMENTED) {
      expect([...(await named(system, name))], `${system} ${name}`).to.include.members(keys.split(' '));
    }
  });
});

function without(data: Record<string, unknown>, key: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(data).filter(([name]) => name !== key));
}
