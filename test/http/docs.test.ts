import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { BIRD_ERRORS } from '../../src/http/bird/errors.js';
import { TELNYX_ERRORS } from '../../src/http/telnyx/errors.js';
import { validator } from '../../src/schemas.js';

/** The cells of each row of the table that comes first after `heading`, without the marks of code. */
async function table(page: string, heading: string): Promise<string[][]> {
  const text = await readFile(new URL(`../../docs/${page}.md`, import.meta.url), 'utf8');
  const [, after = ''] = text.split(`## ${heading}\n`);
  const lines = after.split('\n');
  const first = lines.findIndex((line) => line.startsWith('|'));
  const rows = lines.slice(
    first,
    lines.findIndex((line, at) => at > first && !line.startsWith('|')),
  );
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

const keysOf = (schema: string): string[] =>
  Object.keys((validator(schema).schema as { properties: object }).properties);

describe('the pages of other systems', () => {
  it('have Telnyx’s errors as they are', async () => {
    const rows = Object.entries(TELNYX_ERRORS).map(([code, [status, title]]) => [
      code,
      String(status),
      title,
    ]);
    expect(await table('telnyx', 'Errors')).to.deep.equal(rows);
  });

  it('have Bird’s errors as they are', async () => {
    const rows = Object.entries(BIRD_ERRORS).map(([code, [status]]) => [code, String(status)]);
    expect(await table('bird', 'Errors')).to.deep.equal(rows);
  });

  it('have every parameter of each system', async () => {
    const named = async (page: string, heading: string) =>
      (await table(page, heading)).map(([parameter]) => parameter);
    expect(await named('telnyx', 'Commands')).to.have.members(keysOf('telnyx-record-start'));
    expect(await named('bird', 'Recording a message')).to.have.members(keysOf('bird-record'));
  });
});
