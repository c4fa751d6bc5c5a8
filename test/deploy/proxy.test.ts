import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import request from 'supertest';
import type { Document } from '../../src/http/openapi/document.js';
import { startApi } from '../support/api.js';
import { operationsOf, responseOf } from '../support/openapi.js';

interface Location {
  matches: (path: string) => boolean;
  body: string;
}

/** In the order in which nginx asks: exact ones, expressions as they stand, then the longest prefix. */
function locationsOf(conf: string): Location[] {
  const found = [...conf.matchAll(/^ {4}location (?:([=~]) )?(\S+) \{\n(.*?)^ {4}\}/gms)].map(
    ([, how = '', where = '', body = '']) => ({ how, where, body }),
  );
  const ranked = ['=', '~', ''].flatMap((kind) =>
    found
      .filter(({ how }) => how === kind)
      .sort((a, b) => (kind === '' ? b.where.length - a.where.length : 0)),
  );
  return ranked.map(({ how, where, body }) => ({
    matches: (path) =>
      how === '=' ? path === where : how === '~' ? new RegExp(where).test(path) : path.startsWith(where),
    body,
  }));
}

describe('the nginx file', () => {
  it('collects neither audio nor live streams on their way', async () => {
    const locations = locationsOf(
      await readFile(new URL('../../deploy/proxy/nginx.conf', import.meta.url), 'utf8'),
    );
    const bodyOf = (path: string) => locations.find(({ matches }) => matches(path))?.body ?? '';
    const api = await startApi();
    const document = (await request(api.app).get('/openapi.json')).body as Document;
    await api.close();
    const flowing = operationsOf(document)
      .filter(({ operation }) =>
        Object.keys(responseOf(document, operation, 200)?.content ?? {}).some((type) =>
          /^audio\/|^text\/event-stream$/.test(type),
        ),
      )
      .map(({ path }) => path.replace(/\{\w+\}/g, 'x'));
    expect(flowing).to.include.members(['/v2/accounts/x/events', '/media/x/x.x']);
    for (const path of flowing) expect(bodyOf(path), path).to.include('proxy_buffering off;');
    expect(bodyOf('/')).not.to.include('proxy_buffering off;');
  });
});
