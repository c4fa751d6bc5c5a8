import { expect } from 'chai';
import { brackets, isTrue, separate, urlDecode, urlEncode } from '../../src/softswitch/text.js';

describe('separate', () => {
  // seen on FreeSWITCH 1.10.12 with uuid_setvar, uuid_record and bind_digit_action
  const cases: [string, string, string, string[]][] = [
    ['at spaces, however many', 'a  b c', ' ', ['a', 'b', 'c']],
    ['not within single quotes', "u start '/tmp/a b.wav'", ' ', ['u', 'start', '/tmp/a b.wav']],
    ['double quotes are text', 'u aa "x', ' ', ['u', 'aa', '"x']],
    ['at the delimiter that is in front', '^^|u|stop|/tmp/a b.wav', ' ', ['u', 'stop', '/tmp/a b.wav']],
    ['an apostrophe alone is text', "it's,b", ',', ["it's", 'b']],
    ['an escaped delimiter is text', 'a\\,b,c', ',', ['a,b', 'c']],
    ['spaces at the ends go', ' a , b ', ',', ['a', 'b']],
  ];
  for (const [what, text, delimiter, fields] of cases) {
    it(what, () => expect(separate(text, delimiter)).to.deep.equal(fields));
  }

  it('leaves the rest in the last field', () => {
    expect(separate('u note some text, and more', ' ', 3)).to.deep.equal([
      'u',
      'note',
      'some text, and more',
    ]);
  });
});

describe('brackets', () => {
  it('takes variables off the front', () => {
    const { variables, rest } = brackets("{a=b,c='d,e'}user/1001");
    expect([...variables]).to.deep.equal([
      ['a', 'b'],
      ['c', 'd,e'],
    ]);
    expect(rest).to.equal('user/1001');
  });

  it('leaves a text without them alone', () => {
    expect(brackets('user/1001').rest).to.equal('user/1001');
    expect(brackets('{a=b').variables.size).to.equal(0);
  });
});

describe('values', () => {
  it('isTrue, as switch_true', () => {
    for (const yes of ['true', 'YES', 'on', '1', '42', 'enabled']) expect(isTrue(yes), yes).to.equal(true);
    for (const no of ['false', '0', '', 'maybe', undefined]) expect(isTrue(no), String(no)).to.equal(false);
  });

  it('urlDecode leaves what is no escape, urlEncode writes what plain events need', () => {
    expect(urlDecode('a%20b%zz%')).to.equal('a b%zz%');
    expect(urlDecode('%C3%A9')).to.equal('é');
    expect(urlEncode('sofia/internal/1001@pbx.test, é\n')).to.equal(
      'sofia/internal/1001%40pbx.test,%20%C3%A9%0A',
    );
  });
});
