import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import request from 'supertest';
import { GOOD_MS, Links } from '../../src/http/links.js';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { startApi, type Api } from '../support/api.js';
import { AUDIO, finished } from '../support/finished.js';

describe('links to audio', () => {
  const key = () => generateKeyPairSync('ed25519').privateKey;
  let api: Api;
  let app: Api['app'];
  let links: Links;
  let doc: RecordingDocument;
  let now: number;

  beforeEach(async () => {
    now = 1_700_000_000_000;
    links = new Links(
      key(),
      () => '',
      () => now,
    );
    api = await startApi({ links });
    ({ app } = api);
    doc = await finished(api, 0, { account: 'a/b c' });
  });
  afterEach(() => api.close());

  it('need no token, and answer ranges', async () => {
    const url = links.audio(doc);
    const { headers } = await request(app).get(url).expect(200, AUDIO);
    expect(headers['content-type']).to.equal('audio/wav');
    await request(app).get(url).set('Range', 'bytes=0-3').expect(206, Buffer.from('RIFF'));
  });

  it('are good for ten minutes', async () => {
    const url = links.audio(doc);
    now += GOOD_MS - 1000;
    await request(app).get(url).expect(200);
    now += 1000;
    await request(app).get(url).expect(403);
  });

  it('are good for nothing else, and made by nobody else', async () => {
    const other = await finished(api, 1, { account: 'a/b c' });
    const url = links.audio(doc);
    const forged = new Links(
      key(),
      () => '',
      () => now,
    ).audio(doc);
    const [path = '', query = ''] = url.split('?');
    for (const wrong of [
      url.replace(doc.id, other.id),
      url.replace('/media/a%2Fb%20c/', '/media/a/'),
      url.replace(/expires=\d+/, 'expires=99999999999'),
      url.replace(/signature=.*/, 'signature=AAAA'),
      `${path}?${query.split('&')[0]}`,
      `${url}&expires=99999999999`,
      path,
      forged,
    ]) {
      await request(app).get(wrong).expect(403);
    }
  });

  it('lead nowhere when the recording is gone', async () => {
    const url = links.audio(doc);
    await api.store.recordings.delete(doc.account_id, doc.id);
    await request(app).get(url).expect(404);
  });
});
