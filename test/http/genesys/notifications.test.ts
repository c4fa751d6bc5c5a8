import { expect } from 'chai';
import type { Message } from 'cometd';
import { recordingNotice } from '../../../src/delivery/notice.js';
import { happening, type Happening } from '../../../src/recording/events.js';
import { listen, type HttpServer } from '../../../src/http/server.js';
import { startApi, type Api } from '../../support/api.js';
import { channel, outsideChannel } from '../../support/channels.js';
import { CometDClient } from '../../support/cometd.js';
import { recordingDocument } from '../../support/recordings.js';

const CHANNEL = '/v2/me/calls';
const ACCOUNT = 'example.com';
const ID = '01RCC3N118B1V0SL8O7GK2LAES00000V';
const HANDSHAKE = { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'] };
const AT = Date.UTC(2026, 0, 1);

/** A mapping of the capabilities, as the table of the four operations has them. */
const AFTER: [event: Happening['type'], state: string, flag: string, capabilities: string[]][] = [
  ['started', 'Recording', 'ON', ['PauseCallRecording', 'StopCallRecording']],
  ['masked', 'Paused', 'PAUSED', ['ResumeCallRecording', 'StopCallRecording']],
  ['unmasked', 'Recording', 'ON', ['PauseCallRecording', 'StopCallRecording']],
  ['stopped', 'Stopped', 'OFF', ['StartCallRecording']],
];

describe('Genesys’s notifications', () => {
  let api: Api;
  let server: HttpServer;
  let url: string;
  let tokens: Record<string, { id: string; token: string }>;
  const clients: CometDClient[] = [];

  before(async () => {
    api = await startApi();
    server = await listen(api.app, '127.0.0.1', 0);
    url = `http://127.0.0.1:${server.port}/notifications`;
    tokens = {};
    for (const user of ['15000', '15001', '15002']) {
      tokens[user] = await api.store.tokens.create({ account: ACCOUNT, role: 'user', user });
    }
  });
  beforeEach(() => {
    api.calls.legs.splice(0);
    api.calls.legs.push(
      channel(ID, { user: '15000', otherLeg: 'callee', destination: '15001', callerIdNumber: '15000' }),
      channel('callee', {
        user: '15001',
        otherLeg: ID,
        direction: 'outbound',
        destination: '15001',
        callerIdNumber: '15000',
      }),
      channel('elsewhere', { user: '15002' }),
    );
  });
  afterEach(() => Promise.all(clients.splice(0).map((client) => client.disconnect())));
  after(async () => {
    api.feed.close();
    await server.close();
    await api.close();
  });

  const connect = async (user: string, subscribe = true): Promise<CometDClient> => {
    const client = new CometDClient(url, `${user}@${ACCOUNT}`, tokens[user]!.token);
    clients.push(client);
    expect((await client.handshake()).successful).to.equal(true);
    if (subscribe) expect((await client.subscribe(CHANNEL)).successful).to.equal(true);
    return client;
  };
  const recording = (changes: object = {}) => ({
    ...recordingDocument({ user: '15000' }),
    call_id: ID,
    ...changes,
  });
  const publish = (type: Happening['type'], seconds: number, doc = recording()) => {
    const notice = recordingNotice({ ...happening(type, AT + seconds * 1000), recording: doc });
    api.feed.publish(notice, ['15000']);
  };
  const callOf = ({ data }: Message) => (data as { call: Record<string, unknown> }).call;

  it('are the document’s own, every field', async () => {
    const client = await connect('15000');
    publish('started', 34);
    const [message] = await client.messages(1);
    const base = `http://127.0.0.1:${server.port}`;
    expect(message).to.deep.equal({
      data: {
        notificationType: 'CallRecordingStateChange',
        call: {
          id: ID,
          state: 'Established',
          callUuid: ID,
          connId: ID.slice(0, 16),
          deviceUri: `${base}/api/v2/devices/15000`,
          participants: [
            { e164Number: '', formattedPhoneNumber: '15001', phoneNumber: '15001', digits: '15001' },
          ],
          dnis: '15001',
          callType: 'Internal',
          capabilities: ['PauseCallRecording', 'StopCallRecording'],
          userData: {
            GSIP_RECORD: 'ON',
            IW_BundleUid: ID,
            IW_CaseUid: ID,
            GSIP_REC_FN: (callOf(message!)['userData'] as Record<string, string>)['GSIP_REC_FN'],
          },
          duration: '34',
          mute: 'Off',
          recordingState: 'Recording',
          supervisorListeningIn: false,
          monitoredUserMuted: false,
          monitoring: false,
          uri: `${base}/api/v2/me/calls/${ID}`,
          path: `/calls/${ID}`,
        },
        phoneNumber: '15000',
        messageType: 'CallStateChangeMessage',
      },
      channel: CHANNEL,
    });
  });

  it('say after each operation what the table says', async () => {
    const client = await connect('15000');
    const doc = recording();
    AFTER.forEach(([type], index) => publish(type, index, doc));
    const told = (await client.messages(AFTER.length)).map(callOf);
    expect(
      told.map(({ recordingState, userData, capabilities, state }) => [
        recordingState,
        (userData as Record<string, string>)['GSIP_RECORD'],
        capabilities,
        state,
      ]),
    ).to.deep.equal(AFTER.map(([, ...expected]) => [...expected, 'Established']));
    for (const { userData } of told) expect(userData).to.include({ GSIP_REC_FN: doc.id });
  });

  it('tell each party of its own leg, and nobody else', async () => {
    const [caller, callee, stranger] = [
      await connect('15000'),
      await connect('15001'),
      await connect('15002'),
    ];
    publish('started', 1);
    const [told] = (await callee.messages(1)).map(callOf);
    expect(told).to.include({ id: 'callee', dnis: '15001', callType: 'Internal' });
    expect(told!['participants']).to.have.nested.property('[0].phoneNumber', '15000');
    expect(callOf((await caller.messages(1))[0]!)).to.include({ id: ID });
    // whoever is told of a call of their own would have been told of the other one before
    publish('started', 2, recording({ id: 'another', call_id: 'elsewhere' }));
    expect((await stranger.messages(1)).map((message) => callOf(message)['id'])).to.deep.equal(['elsewhere']);
    expect([caller.told.length, callee.told.length]).to.deep.equal([1, 1]);
  });

  it('say who called whom, with the world outside', async () => {
    api.calls.legs.splice(0);
    api.calls.legs.push(
      channel('out', { user: '15000', otherLeg: 'far', destination: '+15551234' }),
      outsideChannel('far', 'out'),
      channel('in', { user: '15000', direction: 'outbound', callerIdNumber: '5559876', otherLeg: 'near' }),
      outsideChannel('near', 'in'),
    );
    const client = await connect('15000');
    publish('started', 1, recording({ id: 'a', call_id: 'far' }));
    publish('started', 1, recording({ id: 'b', call_id: 'in' }));
    const told = (await client.messages(2)).map(callOf);
    expect(told.map(({ id, callType }) => [id, callType])).to.deep.equal([
      ['out', 'Outbound'],
      ['in', 'Inbound'],
    ]);
    expect(told[0]!['participants']).to.deep.equal([
      {
        e164Number: '+15551234',
        formattedPhoneNumber: '+15551234',
        phoneNumber: '+15551234',
        digits: '+15551234',
      },
    ]);
    expect(told[1]!['participants']).to.have.nested.property('[0].phoneNumber', '5559876');
  });

  it('tell of a recording that ended with its call that the call is released', async () => {
    const client = await connect('15000');
    publish('started', 1);
    await client.messages(1);
    api.calls.legs.splice(0);
    publish('stopped', 5, recording({ id: 'not known', stop_reason: 'hangup' }));
    publish('stopped', 5, { ...recording({ stop_reason: 'hangup' }), id: docIdOf(client.told[0]!) });
    const [, message] = await client.messages(2);
    expect(callOf(message!)).to.deep.include({
      id: ID,
      state: 'Released',
      recordingState: 'Stopped',
      capabilities: [],
      duration: '5',
    });
  });

  it('tell nothing to whoever has not subscribed, of other events, and of other accounts', async () => {
    const client = await connect('15000', false);
    publish('started', 1);
    expect((await client.subscribe(CHANNEL)).successful).to.equal(true);
    publish('completed', 2);
    api.feed.publish(
      { ...recordingNotice({ ...happening('started', AT), recording: recording() }), account_id: 'b' },
      [],
    );
    publish('masked', 3);
    expect((await client.messages(1)).map((message) => callOf(message)['recordingState'])).to.deep.equal([
      'Paused',
    ]);
  });

  it('let nobody publish, nor subscribe to anything else', async () => {
    const client = await connect('15000');
    for (const other of ['/v2/me/*', '/**', '/v2/me/devices', '/__proto__']) {
      const reply = await client.subscribe(other).catch((error: unknown) => error as Message);
      expect((reply as { successful?: boolean }).successful, other).not.to.equal(true);
    }
    expect(await client.publish(CHANNEL, { call: 'made up' })).to.include({ successful: false });
    expect(await client.publish('/service/a', {})).to.include({ successful: false });
    // Whoever listens to everything hears the protocol's own messages too.
    expect(client.told.filter(({ channel }) => !channel.startsWith('/meta/'))).to.deep.equal([]);
  });

  it('know nobody without credentials, or with another’s', async () => {
    for (const [name, password] of [
      [`15000@${ACCOUNT}`, 'wrong'],
      [`15000@${ACCOUNT}`, tokens['15001']!.token],
      ['15000@other.com', tokens['15000']!.token],
      ['', ''],
    ] as const) {
      const answer = await post([HANDSHAKE], name, password);
      expect(answer.status).to.equal(401);
      expect(await answer.json()).to.include({ statusCode: 20 });
    }
  });

  it('serve a session to the token alone with which it was opened', async () => {
    const { id } = await connect('15000');
    const answer = await raw('15001', [
      { channel: '/meta/connect', clientId: id, connectionType: 'long-polling' },
    ]);
    expect(answer.status).to.equal(403);
    expect(await answer.json()).to.include({ statusCode: 5 });
  });

  it('end when the token is revoked', async () => {
    const { id, token } = await api.store.tokens.create({ account: ACCOUNT, role: 'user', user: '15000' });
    const client = new CometDClient(url, `15000@${ACCOUNT}`, token);
    await client.handshake();
    await client.subscribe(CHANNEL);
    await api.store.tokens.delete(id);
    const ended = client.ended();
    publish('started', 1);
    await ended;
    expect(client.told).to.deep.equal([]);
    await client.disconnect();
  });

  it('open no more than four sessions for one token', async () => {
    for (let open = 0; open < 4; open++) await connect('15002', false);
    expect((await raw('15002', [HANDSHAKE])).status).to.equal(429);
    await clients.pop()!.disconnect();
    await connect('15002', false);
  });

  const post = (body: unknown, name: string, password: string, Cookie = ''): Promise<Response> =>
    fetch(url, {
      method: 'POST',
      headers: { Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`, Cookie },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const raw = (user: string, body: unknown): Promise<Response> =>
    post(body, `${user}@${ACCOUNT}`, tokens[user]!.token);

  it('survive whatever is no Bayeux', async () => {
    for (const body of [
      'x',
      '{}',
      '[]',
      '[[]]',
      '[null]',
      '5',
      [{ channel: 5 }],
      [{ channel: 'no path' }],
      [HANDSHAKE, HANDSHAKE],
      [{ channel: '/meta/subscribe', subscription: 5 }],
      [{ channel: '/meta/connect', clientId: {} }],
      Array.from({ length: 51 }, () => HANDSHAKE),
    ]) {
      const answer = await raw('15000', body);
      expect(answer.status, JSON.stringify(body)).to.equal(400);
      expect(await answer.json()).to.include({ statusCode: 10 });
    }
    const opened = await raw('15000', [HANDSHAKE]);
    const cookie = opened.headers.get('set-cookie')!;
    const [{ clientId } = { clientId: '' }] = (await opened.json()) as { clientId: string }[];
    const name = `15000@${ACCOUNT}`;
    const send = async (message: object) =>
      (
        await post([{ clientId, ...message }], name, tokens['15000']!.token, cookie)
      ).json() as Promise<unknown>;
    for (const subscription of ['__proto__', '/meta/connect', 'constructor', '']) {
      const [reply] = (await send({ channel: '/meta/subscribe', subscription })) as object[];
      expect(reply, subscription).to.include({ successful: false });
    }
    expect(await send({ channel: '/meta/disconnect' })).to.deep.equal([
      { channel: '/meta/disconnect', successful: true },
    ]);
    expect((await fetch(url)).status).to.equal(405);
    const unknown = await raw('15000', [{ channel: '/meta/connect', clientId: 'x', id: '1' }]);
    expect(await unknown.json()).to.deep.equal([
      {
        id: '1',
        channel: '/meta/connect',
        successful: false,
        error: '402::session_unknown',
        advice: { reconnect: 'handshake', interval: 0 },
      },
    ]);
  });
});

describe('Genesys’s notifications, when the service stops', () => {
  it('end at once, at a path of one’s own', async () => {
    const api = await startApi({ notificationsPath: '/genesys/cometd' });
    const server = await listen(api.app, '127.0.0.1', 0);
    const { token } = await api.store.tokens.create({ account: ACCOUNT, role: 'user', user: '15000' });
    const client = new CometDClient(
      `http://127.0.0.1:${server.port}/genesys/cometd`,
      `15000@${ACCOUNT}`,
      token,
    );
    await client.handshake();
    await client.subscribe(CHANNEL);
    const ended = client.ended();
    api.feed.close();
    await ended;
    const closing = server.close();
    await client.disconnect();
    await closing;
    await api.close();
  });
});

function docIdOf({ data }: Message): string {
  return (data as { call: { userData: { GSIP_REC_FN: string } } }).call.userData.GSIP_REC_FN;
}
