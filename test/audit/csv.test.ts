import { expect } from 'chai';
import { beginningOf, hashOf, lineAfter } from '../../src/audit/chain.js';
import { csvOf } from '../../src/audit/csv.js';

describe('audit as CSV', () => {
  it('has a row of names, and of each line all that it holds and its hash', () => {
    const line = lineAfter(beginningOf('i'), {
      action: 'mask',
      at: '2026-01-01T00:00:00.000Z',
      by: 'code',
      account_id: 'example.com',
      recording_id: '202601-1',
      owner_id: '1001',
      user_id: '1002',
      call_id: 'leg',
      result: 'ok',
    });
    const [names, row, end] = csvOf([line]).split('\r\n');
    expect(names).to.equal(
      '"at","action","result","by","user_id","call_id","token_id","account_id","recording_id","owner_id",' +
        '"webhook_id","before","after","instance","seq","previous","hash"',
    );
    expect(row).to.equal(
      '"2026-01-01T00:00:00.000Z","mask","ok","code","1002","leg","","example.com","202601-1","1001","","","","i","1",' +
        `"${'0'.repeat(64)}","${hashOf(line)}"`,
    );
    expect(end).to.equal('');
  });

  for (const [text, expected] of [
    ['=HYPERLINK("http://evil","x")', `"'=HYPERLINK(""http://evil"",""x"")"`],
    ['+49 30 1234', `"'+49 30 1234"`],
    ['-2+3', `"'-2+3"`],
    ['@SUM(A1)', `"'@SUM(A1)"`],
    ['\t=1', `"'\t=1"`],
    ['\r=1', `"'\r=1"`],
    ['＝1', `"'＝1"`],
    ['a "b", c', '"a ""b"", c"'],
    ['1001', '"1001"'],
  ] as const) {
    it(`lets a spreadsheet run nothing of ${JSON.stringify(text)}`, () => {
      const event = { action: 'mask', at: 'now', by: 'code', account_id: text, result: 'ok' } as const;
      expect(csvOf([lineAfter(beginningOf('i'), event)])).to.include(`,"",${expected},"",`);
    });
  }
});
