import { verify } from 'node:crypto';
import { expect } from 'chai';
import request from 'supertest';
import { ADMIN_TOKEN, asking, startApi, unwrapped, type Api, type Ask } from '../../support/api.js';
import { happening } from '../../../src/recording/events.js';
import { Receiver } from '../../support/delivery.js';
import { recordingDocument } from '../../support/recordings.js';

const PATH = '/v2/accounts/a/webhooks';
const SETTINGS = { name: 'New', uri: 'http://127.0.0.1:1/hook', hook: 'recording.started', retries: 3 };

describe('webhooks', () => {
  let api: Api;
  let ask: Ask;

  before(async () => {
    api = await startApi();
    ask = asking(api, ADMIN_TOKEN);
  });
  after(() => api.close());

  async function created(data: object = SETTINGS): Promise<string> {
    const { status, body } = await ask('PUT', PATH, { data });
    expect(status).to.equal(201);
    return String(body.data.id);
  }

  it('are made, listed, replaced, changed and deleted, as they were given', async () => {
    const { status, body } = await ask('PUT', PATH, { data: SETTINGS });
    const id = String(body.data.id);
    expect(status).to.equal(201);
    const shown = { status: 'success', data: { id, ...SETTINGS } };
    expect(unwrapped(body, ADMIN_TOKEN)).to.deep.equal(shown);
    const item = async () => unwrapped((await ask('GET', `${PATH}/${id}`)).body, ADMIN_TOKEN);
    expect(await item()).to.deep.equal(shown);
    expect((await ask('GET', PATH)).body.data).to.deep.equal([shown.data]);
    expect((await ask('GET', '/v2/accounts/b/webhooks')).body.data).to.deep.equal([]);
    expect((await ask('GET', `/v2/accounts/b/webhooks/${id}`)).status).to.equal(404);

    const other = { name: 'Other', uri: 'https://example.com/', hook: 'all', format: 'json' };
    expect((await ask('POST', `${PATH}/${id}`, { data: other })).body.data).to.deep.equal({ id, ...other });
    const patched = await ask('PATCH', `${PATH}/${id}`, { data: { enabled: false, format: null } });
    const { format: _, ...rest } = other;
    expect(patched.body.data).to.deep.equal({ id, ...rest, enabled: false });
    expect(await item()).to.deep.equal({ status: 'success', data: { id, ...rest, enabled: false } });

    expect((await ask('DELETE', `${PATH}/${id}`)).status).to.equal(200);
    for (const [method, path] of [
      ['GET', id],
      ['DELETE', id],
      ['POST', id],
      ['PATCH', id],
      ['GET', `${id}/attempts`],
      ['POST', `${id}/attempts/${'0'.repeat(32)}`],
      ['POST', `${id}/test`],
    ] as const) {
      expect((await ask(method, `${PATH}/${path}`, { data: SETTINGS })).status, path).to.equal(404);
    }
  });

  it('stay deleted where a change comes at the same time', async () => {
    const id = await created();
    const { webhooks } = api.store;
    const change = webhooks.change.bind(webhooks);
    webhooks.change = async (...all) => {
      await webhooks.delete('a', id);
      return change(...all);
    };
    try {
      for (const method of ['POST', 'PATCH']) {
        expect((await ask(method, `${PATH}/${id}`, { data: SETTINGS })).status).to.equal(404);
      }
    } finally {
      webhooks.change = change;
    }
    expect((await ask('GET', `${PATH}/${id}`)).status).to.equal(404);
  });

  for (const [what, data, key] of [
    ['a key that there is not', { ...SETTINGS, verb: 'post' }, 'verb'],
    ['a hook that there is not', { ...SETTINGS, hook: 'channel_create' }, 'hook'],
    ['a scheme that is not sent to', { ...SETTINGS, uri: 'ftp://example.com/' }, 'uri'],
    ['no uri', { name: 'x', hook: 'all' }, 'uri'],
    ['a secret that would do nothing', { ...SETTINGS, secret: `whsec_${'a'.repeat(40)}` }, 'signature'],
    ['a weak secret', { ...SETTINGS, signature: 'hmac-sha256', secret: 'whsec_abc' }, 'secret'],
  ] as const) {
    it(`are refused with ${what}`, async () => {
      const { status, body } = await ask('PUT', PATH, { data });
      expect(status).to.equal(400);
      expect(Object.keys(body.data)).to.deep.equal([key]);
    });
  }

  it('show a secret once, in the answer that made it', async () => {
    const made = await ask('PUT', PATH, { data: { ...SETTINGS, signature: 'hmac-sha256' } });
    const { id, secret } = made.body.data as Record<string, string>;
    expect(secret).to.match(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const at = `${PATH}/${id ?? ''}`;
    expect((await ask('GET', at)).body.data).not.to.have.property('secret');
    expect(JSON.stringify((await ask('GET', PATH)).body)).not.to.contain('whsec_');
    const renamed = await ask('PATCH', at, { data: { name: 'x' } });
    expect(renamed.body.data).not.to.have.property('secret');
    expect(api.store.webhooks.get('a', id ?? '')?.secret).to.equal(secret);
    const own = `whsec_${'A'.repeat(40)}`;
    await ask('PATCH', at, { data: { secret: own } });
    expect(api.store.webhooks.get('a', id ?? '')?.secret).to.equal(own);
    await ask('PATCH', at, { data: { signature: null } });
    expect(api.store.webhooks.get('a', id ?? '')?.secret).to.equal(undefined);
    expect(api.lines.join()).not.to.contain('whsec_');
  });

  it('are for the admins of their account, and to be read by its viewers', async () => {
    const id = await created();
    const may = async (role: 'admin' | 'user' | 'viewer', account: string) => {
      const grant = { account, role, ...(role === 'user' && { user: '1001' }) };
      const own = asking(api, (await api.store.tokens.create(grant)).token);
      return [
        (await own('GET', `${PATH}/${id}`)).status,
        (await own('GET', `${PATH}/${id}/attempts`)).status,
        (await own('PATCH', `${PATH}/${id}`, { data: {} })).status,
        (await own('POST', `${PATH}/${id}/test`)).status,
      ];
    };
    expect(await may('admin', 'a')).to.deep.equal([200, 200, 200, 200]);
    expect(await may('viewer', 'a')).to.deep.equal([200, 200, 403, 403]);
    expect(await may('user', 'a')).to.deep.equal([403, 403, 403, 403]);
    expect(await may('admin', 'b')).to.deep.equal([403, 403, 403, 403]);
  });

  it('are tested with a call of its own, signed with the key that is served to everybody', async () => {
    const receiver = new Receiver();
    const id = await created({ ...SETTINGS, uri: await receiver.listen(), format: 'json', enabled: false });
    const { body } = await ask('POST', `${PATH}/${id}/test`);
    expect(body.data).to.include({ hook_id: id, event: 'webhook.test', attempt: 1, result: 'success' });
    expect(body.data).to.include({ response_code: 200 });
    const [received] = receiver.received;
    expect(JSON.parse(received!.body.toString())).to.include({ event: 'webhook.test', account_id: 'a' });

    const key = await request(api.app).get('/v2/webhooks/public-key');
    const { pem } = (key.body as { data: { pem: string } }).data;
    const { headers } = received!;
    const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${received!.body.toString()}`;
    const signature = Buffer.from(String(headers['webhook-signature']).replace('v1a,', ''), 'base64');
    expect(verify(null, Buffer.from(signed), pem, signature)).to.equal(true);

    await receiver.close();
    const failed = await ask('POST', `${PATH}/${id}/test`);
    expect(failed.body.data).to.include({ result: 'failure', reason: 'destination_unreachable' });
    const { data } = (await ask('GET', `${PATH}/${id}/attempts`)).body;
    expect((data as unknown as { result: string }[]).map(({ result }) => result)).to.deep.equal([
      'failure',
      'success',
    ]);
  });

  it('are told again what they were told, which is answered with what came of it', async () => {
    const receiver = new Receiver();
    const id = await created({ ...SETTINGS, uri: await receiver.listen(), format: 'json' });
    const other = await created();
    const recording = recordingDocument({ account: 'a' });
    await api.store.recordings.save(recording);
    const event = happening('started', recording.internal.started_at);
    const tried = { event: 'recording.started', event_id: event.id, recording_id: recording.id };
    await api.store.webhooks.changeLog('a', id, (log) => ({
      ...log,
      attempts: [{ ...tried, at: event.at, attempt: 1, result: 'failure' as const, error: 'http_status' }],
    }));
    const { status, body } = await ask('POST', `${PATH}/${id}/attempts/${event.id}`);
    expect(status).to.equal(200);
    const shown = { hook_id: id, ...tried, attempt: 2, result: 'success', response_code: 200 };
    expect(body.data).to.include(shown);
    expect(JSON.parse(receiver.received[0]!.body.toString())).to.deep.include({
      event: 'recording.started',
      id: event.id,
      timestamp: new Date(event.at).toISOString(),
    });
    const all = (await ask('GET', `${PATH}/attempts`)).body.data as unknown as { hook_id: string }[];
    const [newest, ...others] = all.filter(({ hook_id }) => hook_id === id);
    expect(newest).to.include(shown);
    expect(others).to.have.length(1);
    expect((await ask('POST', `${PATH}/${other}/attempts/${event.id}`)).status).to.equal(404);
    await receiver.close();
  });

  it('say why the service disabled them, until they are enabled again', async () => {
    const id = await created();
    await api.store.webhooks.change('a', id, (current) => ({
      settings: { ...current.settings, enabled: false },
      disable_reason: 'it was down',
    }));
    await api.store.webhooks.changeLog('a', id, (log) => ({ ...log, given_up: 10 }));
    const renamed = await ask('PATCH', `${PATH}/${id}`, { data: { name: 'x' } });
    expect(renamed.body.data).to.include({ enabled: false, disable_reason: 'it was down' });
    const enabled = await ask('PATCH', `${PATH}/${id}`, { data: { enabled: true } });
    expect(enabled.body.data).to.include({ enabled: true }).and.not.have.property('disable_reason');
    expect((await api.store.webhooks.log('a', id)).given_up).to.equal(0);
  });

  it('have their events listed', async () => {
    const { data } = (await ask('GET', '/v2/webhooks')).body;
    expect((data as unknown as { id: string }[]).map(({ id }) => id)).to.include.members([
      'all',
      'recording.masked',
      'recording.delivered',
    ]);
  });
});
