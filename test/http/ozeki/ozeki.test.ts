import { expect } from 'chai';
import { XMLParser } from 'fast-xml-parser';
import request from 'supertest';
import { MetaflowsError, type ErrorCode } from '../../../src/errors.js';
import { startApi, type Api } from '../../support/api.js';
import { channel, outsideChannel } from '../../support/channels.js';

const NAME = '1001@example.com';

/** The document's own answer, without the blanks between its elements. */
const OK =
  '<?xml version="1.0"?>' +
  '<Response xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">' +
  '<Code>200</Code><Message>Command successfully executed</Message></Response>';

interface Told {
  Code: number;
  Message: string;
}

describe('Ozeki’s Record', () => {
  let api: Api;
  let token: string;

  before(async () => {
    api = await startApi();
    ({ token } = await api.store.tokens.create({ account: 'example.com', role: 'user', user: '1001' }));
    api.calls.legs.push(
      channel('345fad34', { otherLeg: 'outside' }),
      outsideChannel('outside', '345fad34'),
      channel('ringing', { answered: false }),
      channel('another', { user: '1002' }),
      channel('theirs', { account: 'other.com' }),
    );
  });
  beforeEach(() => {
    api.calls.ran.length = 0;
    api.calls.outcome = () => ({ result: 'started' });
  });
  after(() => api.close());

  const given = (more: Record<string, string> = {}): Record<string, string> => ({
    command: 'Record',
    Username: NAME,
    Password: token,
    CallId: '345fad34',
    ...more,
  });
  const told = (answer: { status: number; type: string; text: string }): Told => {
    expect(answer.status).to.equal(200);
    expect(answer.type).to.equal('application/xml');
    const parser = new XMLParser({ processEntities: true });
    return (parser.parse(answer.text) as { Response: Told }).Response;
  };
  const get = async (parameters: Record<string, string>) =>
    told(await request(api.app).get('/api').query(parameters));
  const post = async (parameters: Record<string, string>) =>
    told(await request(api.app).post('/api').type('form').send(parameters));
  it('answers the document’s own request with the document’s own answer', async () => {
    const answer = await request(api.app).get(
      `/api?command=Record&Username=${NAME}&Password=${token}&CallId=345fad34&Format=mp3` +
        '&FinishedUrl=http%3a%2f%2fyourapp.com%2frecord_finished.php',
    );
    expect(answer.status).to.equal(200);
    expect(answer.type).to.equal('application/xml');
    expect(answer.text).to.equal(OK);
    const { uuid, actor } = api.calls.ran[0]!;
    expect(uuid).to.equal('345fad34');
    expect(actor).to.include({ account: 'example.com', user: '1001' });
    const { callback, ...rest } = api.calls.data;
    expect(rest).to.deep.equal({ action: 'start', origin: 'ozeki', format: 'mp3' });
    expect(callback).to.include({ system: 'ozeki', url: 'http://yourapp.com/record_finished.php' });
    expect(callback?.base_url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('takes the same by form POST, names without regard to case', async () => {
    const parameters = {
      COMMAND: 'record',
      username: NAME,
      PassWord: token,
      callid: '345fad34',
      DURATION: '60',
      finishdigits: '1234567890*#',
      Inactivity: '5',
      format: 'WAV',
    };
    expect(await post(parameters)).to.deep.equal({ Code: 200, Message: 'Command successfully executed' });
    expect(api.calls.data).to.deep.equal({
      action: 'start',
      origin: 'ozeki',
      format: 'wav',
      time_limit: 60,
      end_key: '1234567890*#',
      silence_timeout: 5,
    });
  });

  it('records the far party’s leg where that is named', async () => {
    expect((await get(given({ CallId: 'outside' }))).Code).to.equal(200);
    expect(api.calls.ran[0]!.uuid).to.equal('outside');
  });

  it('lets an account’s token act for any user of the account', async () => {
    const admin = await api.store.tokens.create({ account: 'example.com', role: 'admin' });
    const as = (Username: string) => given({ Username, Password: admin.token, CallId: 'another' });
    expect((await get(as('1002@example.com'))).Code).to.equal(200);
    expect((await get(as('1001@example.com'))).Code).to.equal(601);
    expect((await get(as('1002@other.com'))).Code).to.equal(305);
  });

  it('takes a path inside the recordings folder, and no other', async () => {
    const { recordingsMount } = api;
    for (const RecordPath of [recordingsMount, `${recordingsMount}/a/../b`, '.', 'sub/folder']) {
      expect((await get(given({ RecordPath }))).Code, RecordPath).to.equal(200);
    }
    api.calls.ran.length = 0;
    for (const RecordPath of [
      'D:/recordings',
      'D:\\recordings',
      '/etc',
      '..',
      '../recordings2',
      `${recordingsMount}-other`,
      `${recordingsMount}/../db`,
      'a\u0000b',
    ]) {
      expect(await get(given({ RecordPath })), RecordPath).to.deep.equal({
        Code: 302,
        Message: "Missing or invalid parameter 'RecordPath' for command 'Record'",
      });
    }
    expect(api.calls.ran).to.deep.equal([]);
  });

  const REFUSED: [what: string, parameters: () => Record<string, string>, told: Told][] = [
    [
      'another command',
      () => given({ command: 'Hangup' }),
      { Code: 301, Message: "Not implemented command: 'Hangup'" },
    ],
    [
      'no command',
      () => given({ command: '' }),
      { Code: 302, Message: "Missing or invalid parameter 'command' for command ''" },
    ],
    ['no name', () => given({ Username: '' }), { Code: 304, Message: 'Authentication required' }],
    ['no password', () => given({ Password: '' }), { Code: 304, Message: 'Authentication required' }],
    ...['1002@example.com', '1001@other.com', '1001', '@example.com', 'admin'].map(
      (Username): (typeof REFUSED)[number] => [
        `the name ${Username}`,
        () => given({ Username }),
        { Code: 305, Message: 'Authentication failed, bad username or password' },
      ],
    ),
    [
      'a wrong password',
      () => given({ Password: 'qwe123' }),
      { Code: 305, Message: 'Authentication failed, bad username or password' },
    ],
    ...Object.entries({
      CallId: ['', 'x'.repeat(257)],
      Duration: ['0', '-1', '1.5', 'sixty', '604801', '1e2'],
      Inactivity: ['0', 'x', '604801'],
      FinishDigits: ['A', '12a', '1'.repeat(13)],
      FinishedUrl: ['yourapp.com', 'ftp://yourapp.com/', 'javascript:1', `http://a/${'x'.repeat(2048)}`],
      Format: ['ogg', 'mp3,wav'],
    }).flatMap(([name, values]) =>
      values.map((value): (typeof REFUSED)[number] => [
        `${name}=${value.slice(0, 30)}`,
        () => given({ [name]: value }),
        { Code: 302, Message: `Missing or invalid parameter '${name}' for command 'Record'` },
      ]),
    ),
    [
      'a parameter that there is not',
      () => given({ FinishDigit: '1' }),
      { Code: 302, Message: "Missing or invalid parameter 'finishdigit' for command 'Record'" },
    ],
    ...['unknown', 'another', 'theirs', '__proto__'].map((CallId): (typeof REFUSED)[number] => [
      `the call ${CallId}`,
      () => given({ CallId }),
      { Code: 601, Message: `Call not found with ID '${CallId}'` },
    ]),
    [
      'a call that is not answered',
      () => given({ CallId: 'ringing' }),
      { Code: 303, Message: "Command 'Record' cannot be used here" },
    ],
  ];
  for (const [what, parameters, expected] of REFUSED) {
    it(`refuses ${what}, and starts nothing`, async () => {
      for (const send of [get, post]) expect(await send(parameters())).to.deep.equal(expected);
      expect(api.calls.ran).to.deep.equal([]);
    });
  }

  it('refuses a parameter whose name every object has', async () => {
    const query = new URLSearchParams([...Object.entries(given({})), ['__proto__', '1']]).toString();
    expect((await request(api.app).get(`/api?${query}`)).text).to.include('<Code>302</Code>');
    expect(api.calls.ran).to.deep.equal([]);
  });

  it('refuses what is said twice, other methods, and bodies that are no form', async () => {
    const query = new URLSearchParams(given({ Format: 'wav' })).toString();
    const asked = [
      request(api.app).get(`/api?${query}&format=mp3`),
      request(api.app).post(`/api?${query}`).type('form').send('Format=mp3'),
      request(api.app).put(`/api?${query}`),
      request(api.app).delete(`/api?${query}`),
      request(api.app).post('/api').send(given()),
      request(api.app)
        .post('/api')
        .type('form')
        .send(`${query}&x=${'x'.repeat(70_000)}`),
    ];
    for (const each of asked) expect(told(await each).Code).to.equal(300);
    await request(api.app).head(`/api?${query}`).expect(200);
    expect(api.calls.ran).to.deep.equal([]);
  });

  it('repeats nothing that XML could not hold', async () => {
    const { Code, Message } = await get(given({ command: '<a & "b">\u0001\u0000' }));
    expect({ Code, Message }).to.deep.equal({
      Code: 301,
      Message: 'Not implemented command: \'<a & "b">\uFFFD\uFFFD\'',
    });
  });

  it('refuses a token that only reads', async () => {
    const viewer = await api.store.tokens.create({ account: 'example.com', role: 'viewer' });
    expect(await get(given({ Password: viewer.token }))).to.deep.equal({
      Code: 306,
      Message: 'User is not allowed to use API in ACL',
    });
    expect(api.calls.ran).to.deep.equal([]);
  });

  for (const [code, expected] of Object.entries({
    format_unavailable: { Code: 302, Message: "Missing or invalid parameter 'Format' for command 'Record'" },
    call_gone: { Code: 601, Message: "Call not found with ID '345fad34'" },
    disk_full: { Code: 303, Message: "Command 'Record' cannot be used here" },
    switch_down: { Code: 303, Message: "Command 'Record' cannot be used here" },
    no_audio: { Code: 303, Message: "Command 'Record' cannot be used here" },
  })) {
    it(`says ${expected.Code} where the recorder says ${code}`, async () => {
      api.calls.outcome = () => {
        throw new MetaflowsError(code as ErrorCode);
      };
      expect(await get(given())).to.deep.equal(expected);
    });
  }

  it('says that a call is recorded already', async () => {
    api.calls.outcome = () => ({ result: 'already_recording' });
    expect((await get(given())).Code).to.equal(303);
  });

  it('says nothing of what nobody foresaw, but the log does', async () => {
    api.calls.outcome = () => {
      throw new Error('a detail for nobody outside');
    };
    expect((await get(given())).Code).to.equal(303);
    expect(api.lines.join('\n')).to.include('a detail for nobody outside');
  });

  it('says it in its own words that an address asks too often', async () => {
    const limited = await startApi({ requestsPerMinute: 1 });
    try {
      expect(told(await request(limited.app).get('/api')).Code).to.equal(302);
      expect(told(await request(limited.app).get('/api'))).to.deep.equal({
        Code: 307,
        Message: 'Use API from this address is forbidden',
      });
    } finally {
      await limited.close();
    }
  });

  it('writes no password into the log', () => {
    const log = api.lines.join('\n');
    expect(log).to.include("path: '/api'");
    expect(log).not.to.include(token);
    expect(log).not.to.include('qwe123');
  });
});
