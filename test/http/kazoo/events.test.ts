import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { expect } from 'chai';
import express from 'express';
import { Feed } from '../../../src/delivery/feed.js';
import type { Notice } from '../../../src/delivery/notice.js';
import { kazooErrorHandler } from '../../../src/http/kazoo/answers.js';
import { events } from '../../../src/http/kazoo/events.js';
import { serve } from '../../../src/http/kazoo/resource.js';
import { listen, type HttpServer } from '../../../src/http/server.js';
import { startApi, type Api } from '../../support/api.js';

const NOW = new Date().toISOString();
const notice = (id: string, rest: object = {}): Notice => ({
  event: 'recording.started',
  id,
  timestamp: NOW,
  account_id: 'a',
  ...rest,
});
const text = (of: Notice) => `event: ${of.event}\ndata: ${JSON.stringify(of)}\n\n`;

describe('the stream of events', () => {
  let api: Api;
  let http: HttpServer;
  let token: string;
  let base: string;
  /** Those that were read last. */
  let places: string[];

  beforeEach(async () => {
    api = await startApi();
    http = await listen(api.app, '127.0.0.1', 0);
    base = `http://127.0.0.1:${http.port}/v2/accounts/a`;
    ({ token } = await api.store.tokens.create({ account: 'a', role: 'viewer' }));
  });
  afterEach(async () => {
    api.feed.close();
    await http.close();
    await api.close();
  });

  async function open(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
    const [response] = (await once(get(url, { headers }), 'response')) as [IncomingMessage];
    response.setEncoding('utf8').on('error', () => undefined);
    return response;
  }

  /** Reads until so much has come, or to the end; the places in the stream are kept apart. */
  async function read(response: IncomingMessage, length = Infinity): Promise<string> {
    let all = '';
    const told = () => all.replaceAll(/^id: .*\n\n?/gm, '');
    while (told().length < length && !response.readableEnded && !response.destroyed) {
      const chunk: unknown = response.read();
      if (typeof chunk === 'string') all += chunk;
      else await new Promise((resolve) => response.once('readable', resolve).once('close', resolve));
    }
    places = [...all.matchAll(/^id: (.*)$/gm)].map(([, place = '']) => place);
    return told();
  }

  const stream = (last?: string) =>
    open(`${base}/events?auth_token=${token}`, last === undefined ? {} : { 'Last-Event-ID': last });

  it('tells what happens, with the token in the query as an EventSource has it', async () => {
    const response = await stream();
    expect(response.statusCode).to.equal(200);
    expect(response.headers).to.include({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    });
    api.feed.publish(notice('1'), []);
    api.feed.publish(notice('2', { account_id: 'b' }), []);
    api.feed.publish(notice('3'), []);
    const expected = text(notice('1')) + text(notice('3'));
    expect(await read(response, expected.length)).to.equal(expected);
    response.destroy();
    expect(api.lines.join()).not.to.contain(token);
  });

  it('goes on where it was cut off, and says so where it cannot', async () => {
    const cut = await stream();
    for (const id of ['1', '2', '3']) api.feed.publish(notice(id), []);
    const all = ['1', '2', '3'].map((id) => text(notice(id)));
    await read(cut, all.join('').length);
    const [begun, first, , third] = places;
    const early = await stream(begun);
    expect(await read(early, all.join('').length)).to.equal(all.join(''));
    const expected = all.slice(1).join('');
    const resumed = await stream(first);
    expect(await read(resumed, expected.length)).to.equal(expected);
    const lost = await stream('0');
    expect(await read(lost, 1)).to.equal('event: reset\ndata: {}\n\n');
    expect(places).to.deep.equal([third]);
    const up_to_date = await stream(third);
    api.feed.publish(notice('4'), []);
    expect(await read(up_to_date, 1)).to.equal(text(notice('4')));
    for (const response of [cut, early, resumed, lost, up_to_date]) response.destroy();
  });

  it('tells a user’s token what concerns that user alone', async () => {
    const own = await api.store.tokens.create({ account: 'a', role: 'user', user: '1001' });
    const response = await open(`${base}/events`, { 'X-Auth-Token': own.token });
    api.feed.publish(notice('1'), ['1002']);
    api.feed.publish(notice('2'), ['1001', '1002']);
    expect(await read(response, 1)).to.equal(text(notice('2')));
    response.destroy();
    expect((await open(`${base}/users/1002/events`, { 'X-Auth-Token': own.token })).statusCode).to.equal(403);
    expect((await open(`${base}/events`)).statusCode).to.equal(401);
    const other = `http://127.0.0.1:${http.port}/v2/accounts/b/events?auth_token=${token}`;
    expect((await open(other)).statusCode).to.equal(403);
  });

  it('is open for a token only so many times', async () => {
    const open_ = await Promise.all(Array.from({ length: 6 }, () => stream()));
    const refused = await stream();
    expect(refused.statusCode).to.equal(429);
    refused.resume();
    const [first] = open_;
    first!.destroy();
    let again = await stream();
    while (again.statusCode === 429) {
      again.resume();
      again = await stream();
    }
    expect(again.statusCode).to.equal(200);
    for (const response of [...open_, again]) response.destroy();
  });

  it('answers a HEAD, and is not open then', async () => {
    const response = await fetch(`${base}/events?auth_token=${token}`, { method: 'HEAD' });
    expect(response.headers.get('content-type')).to.match(/^text\/event-stream/);
  });

  it('ends with the service', async () => {
    const response = await stream();
    api.feed.publish(notice('1'), []);
    api.feed.close();
    api.feed.publish(notice('2'), []);
    expect(await read(response)).to.equal(text(notice('1')));
  });

  it('cuts off whoever does not keep up', async () => {
    const response = await stream();
    const big = { recording: { label: 'x'.repeat(1_000_000) } };
    for (let i = 0; i < 30; i++) api.feed.publish(notice(`x${i}`, big), []);
    const got = await read(response);
    expect(got.length).to.be.lessThan(30 * 1_000_000);
    expect(response.complete).to.equal(false);
  });

  it('beats while nothing happens, and ends when its token is deleted', async () => {
    const app = express();
    const router = express.Router();
    serve(router, api.store.tokens, '1.2.3', events(new Feed(), api.store.tokens, 20));
    app.use('/v2', router, kazooErrorHandler('1.2.3'));
    const server = await listen(app, '127.0.0.1', 0);
    const { id, token: own } = await api.store.tokens.create({ account: 'a', role: 'viewer' });
    const response = await open(`http://127.0.0.1:${server.port}/v2/accounts/a/events?auth_token=${own}`);
    expect(await read(response, 6)).to.equal(':\n\n:\n\n');
    await api.store.tokens.delete(id);
    expect(await read(response)).to.match(/^(:\n\n)*$/);
    await server.close();
  });

  it('ends at once when its token is deleted', async () => {
    const { id, token: own } = await api.store.tokens.create({ account: 'a', role: 'viewer' });
    const response = await open(`${base}/events?auth_token=${own}`);
    const other = await stream();
    await api.store.tokens.delete(id);
    expect(await read(response)).to.equal('');
    api.feed.publish(notice('1'), []);
    expect(await read(other, 1)).to.equal(text(notice('1')));
    other.destroy();
  });
});
