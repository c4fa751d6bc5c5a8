import { expect } from 'chai';
import { commands } from '../../src/softswitch/commands.js';
import type { Instance } from '../../src/softswitch/instance.js';
import { expand } from '../../src/softswitch/expand.js';
import {
  noteTime,
  record,
  recordSilent,
  setGlobal,
  setVariable,
  type ApiCommand,
} from '../../src/switch/commands.js';
import { acts, fenced, fencedData } from '../../src/switch/fence.js';

const NO_SWITCH = undefined as unknown as Instance;
const UUID = '0a1b2c3d-0000-4000-8000-00000000000a';

/** What the switch makes of a text while `holder` has the lease. */
function expanded(text: string, holder: string): string {
  return expand(text, {
    variable: (name) => `the variable ${name}`,
    api: (name, args) => (name === 'hash' ? holder : (commands.get(name)!(NO_SWITCH, args) as string)),
  });
}

function asRun(command: ApiCommand, holder: string): string {
  const { command: name, args } = fenced(command, 'me');
  expect(name).to.equal('expand');
  const [, inner, rest] = /^(\S+) (.*)$/s.exec(args)!;
  return `${inner} ${expanded(rest!, holder)}`;
}

describe('a command behind the fence', () => {
  const hard = [
    '/recordings/a b.wav',
    "/it's/${hostname}/$${domain}/\\${x}.wav",
    '/back\\\\slash\\n/\\$/$.wav',
    '/${uuid_kill(all)}/%41/"quoted".wav',
  ];
  for (const path of hard) {
    it(`arrives as it is for the holder: ${path}`, () => {
      for (const command of [
        record('start', UUID, path, { variables: { metaflows_recording: 'a' } }),
        setVariable(UUID, 'metaflows_note', path),
        setGlobal('metaflows_masked_202611-a', '@1795178399258'),
      ]) {
        expect(asRun(command, 'me')).to.equal(`${command.command} ${command.args}`);
      }
    });

    it(`is about no leg for anybody else: ${path}`, () => {
      const { args } = record('mask', UUID, path);
      expect(asRun(record('mask', UUID, path), 'another')).to.equal(
        `uuid_record ${args.replace(UUID, 'fenced')}`,
      );
      expect(asRun(record('mask', UUID, path), '')).to.include('uuid_record fenced');
    });
  }

  describe('with what the switch is to note of it', () => {
    const first = [noteTime('metaflows_clear_a'), setGlobal('metaflows_masked_a', '-')];
    /** What the switch is made to do, in order. */
    const ran = (command: ApiCommand, as: string | undefined, holder: string): string[] => {
      const { args } = fenced(command, as);
      const done: string[] = [];
      const api = (name: string, given: string): string => {
        if (name === 'hash') return holder;
        if (name === 'strmicroepoch') return '1795178399258123';
        if (name !== 'global_setvar') return commands.get(name)!(NO_SWITCH, given) as string;
        done.push(`global_setvar ${given}`);
        return '+OK';
      };
      const run = `${command.command} ${expand(args.replace(/^\S+ /, ''), { variable: () => '', api })}`;
      return [...done, run];
    };
    const path = "/it's/${hostname}.wav";
    const unmask = { ...record('unmask', UUID, path), first };
    const whole = `uuid_record ${record('unmask', UUID, path).args} +OK+OK`;
    const notes = ['global_setvar metaflows_clear_a=@1795178399258123', 'global_setvar metaflows_masked_a=-'];

    it('takes the note and runs, for the holder and where there are no leases', () => {
      expect(ran(unmask, 'me', 'me')).to.deep.equal([...notes, whole]);
      expect(ran(unmask, undefined, '')).to.deep.equal([...notes, whole]);
    });

    it('takes none for anybody else', () => {
      expect(ran(unmask, 'me', 'another')).to.deep.equal([
        'global_setvar fenced',
        'global_setvar fenced',
        whole.replace(UUID, 'fenced'),
      ]);
    });
  });

  describe('that starts a recorder masked', () => {
    const options = { variables: { metaflows_recording: 'a' } };
    /** The commands that the switch runs, in order. */
    const ran = (path: string, as: string | undefined, holder: string): string[] => {
      const { args } = fenced(recordSilent('mask', UUID, path, options), as);
      const done: string[] = [];
      const api = (name: string, given: string): string => {
        if (name === 'hash') return holder;
        if (name !== 'uuid_record') return commands.get(name)!(NO_SWITCH, given) as string;
        done.push(given);
        return '';
      };
      const last = expand(args.replace(/^\S+ /, ''), { variable: () => '', api });
      return [...done, last.trimEnd()];
    };

    for (const path of [...hard, '/a) (b/{c}}/${d).wav']) {
      it(`runs both as they are, and neither for anybody else: ${path}`, () => {
        const [start, mask] = [record('start', UUID, path, options).args, record('mask', UUID, path).args];
        expect(ran(path, 'me', 'me')).to.deep.equal([start, mask]);
        expect(ran(path, undefined, '')).to.deep.equal([start, mask]);
        const [other, another] = [start, mask].map((args) => args.replace(UUID, 'fenced'));
        expect(ran(path, 'me', 'another')).to.deep.equal([other, another]);
      });
    }
  });

  it('is one that changes something', () => {
    expect(acts(record('stop', UUID, '/a.wav'))).to.equal(true);
    expect(acts({ command: 'uuid_buglist', args: UUID })).to.equal(false);
  });

  it('binds for the holder alone: for anybody else the data are one argument, which is too few', () => {
    const data = '^^;metaflows;*71;exec[i]:event;Event-Name=CUSTOM,Metaflow-Code=*71';
    expect(expanded(fencedData(data, 'me'), 'me')).to.equal(data);
    const others = expanded(fencedData(data, 'me'), 'another');
    expect(others.slice(0, 3)).to.equal('^^|');
    expect(others.slice(3)).not.to.include('|');
  });

  it('clears nothing of anybody else’s', () => {
    expect(expanded(fencedData('all', 'me'), 'me')).to.equal('all');
    expect(expanded(fencedData('all', 'me'), 'another')).to.equal('fenced');
  });
});
