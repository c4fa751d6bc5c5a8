import { expect } from 'chai';
import { expand, type Scope } from '../../src/softswitch/expand.js';

const VARIABLES: Record<string, string> = {
  user: '1001',
  number: '4930123456',
  indirect: '${user}',
  empty: '',
};

const scope: Scope = {
  variable: (name) => VARIABLES[name],
  api: (name, args) => (name === 'echo' ? args : name === 'none' ? '' : undefined),
};

describe('expand', () => {
  const cases: [string, string][] = [
    ['nothing to do, not even \\n', 'nothing to do, not even \\n'],
    ['${user}@$${user}', '1001@1001'],
    ['${unknown}|${empty}|', '||'],
    ['${indirect}', '1001'],
    ['${number:2}', '30123456'],
    ['${number:0:2}', '49'],
    ['${number:-4}', '3456'],
    ['${echo(a ${user} b)}', 'a 1001 b'],
    ['${echo(${echo(${user})})}', '1001'],
    ['${echo a b}', 'a b'],
    ['[${none(x)}][${missing(x)}]', '[][]'],
    ['costs 5$ or $', 'costs 5$ or $'],
    ['at the press: \\${echo(\\${user})}', 'at the press: ${echo(${user})}'],
    ['one \\\\ of two', 'one \\ of two'],
  ];
  for (const [text, expanded] of cases) {
    it(text, () => expect(expand(text, scope)).to.equal(expanded));
  }

  it('what is escaped once is expanded the second time', () => {
    expect(expand(expand('\\${echo(\\${user})}', scope), scope)).to.equal('1001');
  });

  it('a variable that holds itself does not go on for ever', () => {
    const circular: Scope = { variable: () => '${circular}', api: () => undefined };
    expect(expand('${circular}', circular)).to.equal('${circular}');
  });
});
