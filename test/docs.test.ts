import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { rendered } from '../scripts/docs.js';
import { STATUSES } from '../src/http/genesys/answers.js';
import { MESSAGES } from '../src/http/ozeki/answers.js';

/** The cells of the last table of a page, without the marks of code. */
async function lastTable(page: string): Promise<string[][]> {
  const text = await readFile(new URL(`../docs/${page}.md`, import.meta.url), 'utf8');
  const body = text
    .split(/^\| -[ |-]*$/m)
    .at(-1)!
    .trim()
    .split('\n\n')[0]!;
  return body.split('\n').map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

describe('the pages of docs', () => {
  it('are what their data render', async () => {
    for (const [path, text] of await rendered()) {
      expect(await readFile(path, 'utf8'), `${path}: npm run docs`).to.equal(text);
    }
  });

  it('have Ozeki’s codes', async () => {
    expect(await lastTable('ozeki')).to.deep.equal(Object.entries(MESSAGES));
  });

  it('have Genesys’s status codes', async () => {
    expect(await lastTable('genesys')).to.deep.equal(
      Object.entries(STATUSES).map(([code, { http, message }]) => [code, String(http), message]),
    );
  });
});
