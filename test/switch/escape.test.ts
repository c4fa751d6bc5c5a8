import { expect } from 'chai';
import fc from 'fast-check';
import { isMetaflowsError } from '../../src/errors.js';
import { literal, quote, variableList } from '../../src/switch/escape.js';
import { brackets, expand, hostile, separate, strip } from '../support/switchStrings.js';

/** Each came back from `uuid_setvar` and `uuid_dump` of a FreeSWITCH 1.10.12 as it is here. */
const SEEN: Record<string, string> = {
  "'a b'": 'a b',
  "' lead'": ' lead',
  "'it\\'s'": "it's",
  "'\\'\\''": "''",
  "'back\\\\slash'": 'back\\slash',
  "'\\\\n'": '\\n',
  "'new\\nline'": 'new\nline',
  "'${uuid}'": '${uuid}',
  '100%': '100%',
  "'^^;a'": '^^;a',
  "'\vvt\v'": '\vvt\v',
  "'end\\\\\\''": "end\\'",
};

const noBraces = hostile.map((text) => text.replace(/[{}]/g, ''));

describe('quote', () => {
  it('leaves what is plain as it is', () => {
    expect(quote('/var/lib/rec_1/a-b@c.wav')).to.equal('/var/lib/rec_1/a-b@c.wav');
  });

  it('quotes the rest, so that no line break is left', () => {
    expect(quote("/a b/it's\n\\new")).to.equal("'/a b/it\\'s\\n\\\\new'");
    expect(quote('')).to.equal("''");
  });

  it('is one argument of the switch, whatever is in it', () => {
    fc.assert(
      fc.property(hostile, hostile, (one, two) => {
        const line = `U ${quote(one)} ${quote(two)}`;
        expect(line).not.to.match(/[\r\n\0]/);
        expect(separate(strip(line), ' ', 5)).to.deep.equal(['U', one, two]);
        expect(separate(strip(line), ' ', 3)).to.deep.equal(['U', one, two]);
      }),
    );
  });

  it('is what a real switch has read', () => {
    for (const [quoted, text] of Object.entries(SEEN)) {
      expect(quote(text)).to.equal(quoted);
      expect(separate(strip(`U note ${quoted}`), ' ', 3)).to.deep.equal(['U', 'note', text]);
    }
  });

  it('refuses NUL', () => {
    expect(() => quote('a\0b'))
      .to.throw()
      .that.satisfies((error: unknown) => isMetaflowsError(error, 'invalid_command'));
  });
});

describe('variableList', () => {
  it('says plain variables plainly', () => {
    expect(variableList({ RECORD_STEREO: 'true', metaflows_recording: 'a-1' })).to.equal(
      '{RECORD_STEREO=true,metaflows_recording=a-1}',
    );
  });

  it('gives exactly these variables, as the fifth argument of uuid_record', () => {
    const names = fc.string({ unit: fc.constantFrom('a', 'B', '_', '-', '.', '7'), minLength: 1 });
    fc.assert(
      fc.property(fc.dictionary(names, noBraces), (variables) => {
        const list = variableList(variables);
        expect(list).to.match(/^[^\s'\\]*$/);
        const args = separate(strip(`U start /a.wav 0 ${list}`), ' ', 5);
        expect(brackets(args[4]!)).to.deep.equal({ ...variables });
      }),
    );
  });

  for (const [what, variables] of Object.entries({
    'a brace in a value, for which there is no escape': { a: 'x}' },
    'a name that is more than a name': { 'a,b': 'x' },
    NUL: { a: '\0' },
  })) {
    it(`refuses ${what}`, () => {
      expect(() => variableList(variables))
        .to.throw()
        .that.satisfies((error: unknown) => isMetaflowsError(error, 'invalid_command'));
    });
  }
});

describe('literal', () => {
  it('is after the expansion what it was before', () => {
    expect(expand(literal('$\\{ \\$'), String)).to.equal('$\\{ \\$');
    fc.assert(
      fc.property(hostile, (text) => {
        expect(
          expand(
            literal(text),
            () => 'EXPANDED',
            () => 'RUN',
          ),
        ).to.equal(text);
      }),
    );
  });

  it('leaves what the switch would not touch', () => {
    for (const text of ['/a b/c.wav', 'a$b', 'C:\\dir', '100$']) expect(literal(text)).to.equal(text);
  });
});
