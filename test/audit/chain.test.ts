import { createHash } from 'node:crypto';
import { expect } from 'chai';
import {
  BEGINNING,
  beginningOf,
  canonical,
  hashOf,
  lineAfter,
  placeOf,
  verify,
  type AuditLine,
  type Head,
  type StoredLine,
} from '../../src/audit/chain.js';

interface Chain {
  head: Head;
  lines: StoredLine[];
}

function chain(instance: string, length: number): Chain {
  let head = beginningOf(instance);
  const lines: StoredLine[] = [];
  for (let n = 1; n <= length; n++) {
    const at = new Date(n * 1000).toISOString();
    const line = lineAfter(head, { action: 'mask', at, by: 'api', account_id: 'example.com', result: 'ok' });
    lines.push({ place: placeOf(instance, n), line });
    head = { instance, seq: n, hash: hashOf(line) };
  }
  return { head, lines };
}

async function* each(lines: StoredLine[]): AsyncGenerator<StoredLine> {
  for (const line of lines) yield await Promise.resolve(line);
}

/** What is found, as `instance what from-to`. */
async function found(...chains: Chain[]): Promise<string[]> {
  const heads = chains.map(({ head }) => head);
  const breaks = await verify(heads, each(chains.flatMap(({ lines }) => lines)), () => Promise.resolve([]));
  return breaks.map(({ instance, what, from, to }) => `${instance} ${what} ${from}-${to}`);
}

describe('audit chain', () => {
  it('holds the SHA-256 of the line before in each line, and zeros in the first', () => {
    const { lines, head } = chain('a', 2);
    const [first, second] = lines.map(({ line }) => line as AuditLine);
    const text =
      '{"account_id":"example.com","action":"mask","at":"1970-01-01T00:00:01.000Z","by":"api","instance":"a",' +
      `"previous":"${BEGINNING}","result":"ok","seq":1}`;
    expect(canonical(first)).to.equal(text);
    expect(second?.previous).to.equal(createHash('sha256').update(text).digest('hex'));
    expect(head.hash).to.equal(hashOf(second!));
    expect(lines.map(({ place }) => place)).to.deep.equal(['a/000000000001', 'a/000000000002']);
  });

  it('is the same whatever the order of keys, and says what is not there of nothing', () => {
    expect(canonical({ b: [1, { z: 'ü"', y: undefined }], a: null })).to.equal(
      '{"a":null,"b":[1,{"z":"ü\\""}]}',
    );
    expect(hashOf({ a: 1, b: 2 })).to.equal(hashOf({ b: 2, a: 1 }));
    expect(hashOf({ a: 1 })).not.to.equal(hashOf({ a: '1' }));
  });

  it('is whole where nobody touched it, also while it grows', async () => {
    const [a, b] = [chain('a', 5), chain('b', 3)];
    expect(await found(a, b)).to.deep.equal([]);
    const older = chain('a', 3).head;
    expect(await found({ head: older, lines: a.lines })).to.deep.equal([]);
    expect(await found({ head: beginningOf('c'), lines: [] })).to.deep.equal([]);
  });

  const length = 5;
  const cases: [what: string, change: (chain: Chain) => Chain, expected: string[]][] = [
    ['a changed first line', changed(1, { result: 'no' }), ['a changed 1-1']],
    ['a changed line', changed(3, { at: 'never' }), ['a changed 3-3']],
    ['a changed last line', changed(length, { by: 'code' }), ['a changed 5-5']],
    ['a key that was added', changed(3, { user_id: 'nobody' }), ['a changed 3-3']],
    ['a missing first line', without(1), ['a missing 1-1']],
    ['missing lines', without(2, 3), ['a missing 2-3']],
    ['a missing last line', without(length), ['a missing 5-5']],
    ['no lines at all', without(1, 2, 3, 4, 5), ['a missing 1-5']],
    [
      'lines that changed places',
      ({ head, lines }) => {
        const places = [1, 3, 2, 4, 5];
        return { head, lines: lines.map(({ place }, n) => ({ place, line: lines[places[n]! - 1]!.line })) };
      },
      ['a changed 1-1', 'a misplaced 2-2', 'a changed 2-2', 'a misplaced 3-3', 'a changed 3-3'],
    ],
    [
      'a line that another took the number of',
      ({ head, lines }) => {
        const rest = lines.slice(2).map(({ line }, n) => ({ place: placeOf('a', n + 2), line }));
        return { head, lines: [...lines.slice(0, 1), ...rest] };
      },
      ['a misplaced 2-2', 'a changed 1-1', 'a misplaced 3-3', 'a misplaced 4-4', 'a missing 5-5'],
    ],
    [
      'a line after the last that does not fit',
      ({ head, lines }) => ({
        head,
        lines: [...lines, { place: placeOf('a', 6), line: chain('a', 6).lines[0]!.line }],
      }),
      ['a misplaced 6-6', 'a changed 5-5'],
    ],
    [
      'a document where no line belongs',
      ({ head, lines }) => ({ head, lines: [...lines, { place: 'a/6', line: {} }] }),
      ['a/6 foreign 0-0'],
    ],
  ];
  for (const [what, change, expected] of cases) {
    it(`tells of ${what}, and leaves other chains alone`, async () => {
      const breaks = await found(change(chain('a', length)), chain('b', 2));
      expect(breaks).to.have.members(expected);
    });
  }

  it('tells of a head that is gone, not of one that came meanwhile, and of one whose hash was changed', async () => {
    const { lines, head } = chain('a', 2);
    const [gone] = await verify([], each(lines), () => Promise.resolve([]));
    expect(await verify([], each(lines), () => Promise.resolve([head]))).to.deep.equal([]);
    expect(gone).to.deep.equal({ instance: 'a', what: 'headless', from: 2, to: 2 });
    expect(await found({ head: { ...head, hash: BEGINNING }, lines })).to.deep.equal(['a changed 2-2']);
  });
});

function changed(seq: number, change: object): (chain: Chain) => Chain {
  return ({ head, lines }) => ({
    head,
    lines: lines.map(({ place, line }, n) => ({
      place,
      line: n + 1 === seq ? { ...line, ...change } : line,
    })),
  });
}

function without(...seqs: number[]): (chain: Chain) => Chain {
  return ({ head, lines }) => ({ head, lines: lines.filter((_, n) => !seqs.includes(n + 1)) });
}
