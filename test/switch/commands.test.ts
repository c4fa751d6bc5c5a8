import { expect } from 'chai';
import fc from 'fast-check';
import { isMetaflowsError, type ErrorCode } from '../../src/errors.js';
import * as commands from '../../src/switch/commands.js';
import { brackets, expand, hostile, separate, strip } from '../support/switchStrings.js';

const UUID = '0a1b2c3d-0000-4000-8000-00000000000f';

function refuses(act: () => unknown, code: ErrorCode = 'invalid_command'): void {
  expect(act)
    .to.throw()
    .that.satisfies((error: unknown) => isMetaflowsError(error, code));
}

/** The arguments that a command of the switch reads, of which it takes `max`. */
function argumentsOf({ args }: commands.ApiCommand, max: number): string[] {
  expect(args).not.to.match(/[\r\n\0]/);
  return separate(strip(args), ' ', max);
}

const text = fc.oneof(hostile, fc.string({ unit: 'binary' })).map((each) => each.replaceAll('\0', ''));
const notEmpty = text.filter((each) => each !== '');
const path = text.map((each) => `/rec/${each}.wav`);

describe('commands', () => {
  it('says plain things plainly', () => {
    const variables = { metaflows_recording: 'a1', RECORD_STEREO: 'true' };
    const path = '/rec/example.com/2026/01/02/a1.wav';
    expect(commands.record('start', UUID, path, { limitSeconds: 86403, variables })).to.deep.equal({
      command: 'uuid_record',
      args: `${UUID} start ${path} 86403 {metaflows_recording=a1,RECORD_STEREO=true}`,
    });
    expect(commands.record('mask', UUID, path).args).to.equal(`${UUID} mask ${path}`);
    expect(commands.setVariable(UUID, 'metaflows_masked', '1').args).to.equal(`${UUID} metaflows_masked 1`);
    expect(commands.uuidMedia(UUID)).to.deep.equal({ command: 'uuid_media', args: UUID });
    expect(commands.hangup(UUID)).to.deep.equal({ command: 'uuid_kill', args: UUID });
    expect(commands.buglist(UUID)).to.deep.equal({ command: 'uuid_buglist', args: UUID });
    expect(commands.dump(UUID)).to.deep.equal({ command: 'uuid_dump', args: `${UUID} json` });
    expect(commands.receiveDigits(UUID, '*71')).to.deep.equal({
      command: 'uuid_recv_dtmf',
      args: `${UUID} *71`,
    });
  });

  it('gives uuid_record the path and the variables that were meant', () => {
    const value = text.map((each) => each.replace(/[{}]/g, ''));
    fc.assert(
      fc.property(path, value, fc.nat(), (file, comment, limitSeconds) => {
        const variables = { RECORD_COMMENT: comment, metaflows_recording: 'a1' };
        const [uuid, verb, got, limit, list] = argumentsOf(
          commands.record('start', UUID, file, { limitSeconds, variables }),
          5,
        );
        expect([uuid, verb, got, limit]).to.deep.equal([UUID, 'start', file, String(limitSeconds)]);
        expect(brackets(list!)).to.deep.equal(variables);
        for (const other of ['stop', 'mask', 'unmask'] as const) {
          expect(argumentsOf(commands.record(other, UUID, file), 5)).to.deep.equal([UUID, other, file]);
        }
      }),
    );
  });

  it('asks for whole seconds, never fewer', () => {
    expect(commands.record('start', UUID, '/a.wav', { limitSeconds: 2.1 }).args).to.equal(
      `${UUID} start /a.wav 3 {}`,
    );
  });

  it('gives uuid_setvar the value that was meant, and none to remove it', () => {
    fc.assert(
      fc.property(notEmpty, (value) => {
        expect(argumentsOf(commands.setVariable(UUID, 'note', value), 3)).to.deep.equal([
          UUID,
          'note',
          value,
        ]);
      }),
    );
    expect(commands.setVariable(UUID, 'note', '').args).to.equal(`${UUID} note`);
  });

  it('gives uuid_setvar_multi plain words alone', () => {
    const { command, args } = commands.setVariables(UUID, { timeout: '800', realm: 'a.b:c@d+e-f' });
    expect({ command, args }).to.deep.equal({
      command: 'uuid_setvar_multi',
      args: `${UUID} timeout=800;realm=a.b:c@d+e-f`,
    });
    for (const value of ['', 'a;b=c', "'", 'a b', '${x}', '\\', 'a\n']) {
      refuses(() => commands.setVariables(UUID, { note: value }));
    }
    refuses(() => commands.setVariables(UUID, { 'a=b;c': 'x' }));
  });

  it('gives uuid_displace the tone that was meant', () => {
    fc.assert(
      fc.property(notEmpty, (tone) => {
        const file = `tone_stream://${tone}`;
        expect(argumentsOf(commands.displace(UUID, file), 5)).to.deep.equal([UUID, 'start', file, '0', 'm']);
      }),
    );
  });

  it('lets the switch send the file that was meant to the URL that was meant', () => {
    const base = fc.webUrl({ withQueryParameters: true });
    fc.assert(
      fc.property(base, path, (url, file) => {
        const sent = commands.sendFile(url, file);
        expect(sent.command).to.equal('bgapi');
        const [, http_put, args = ''] = /^(\S+) (.*)$/.exec(sent.args) ?? [];
        expect(http_put).to.equal('http_put');
        expect(argumentsOf({ command: '', args }, 10)).to.deep.equal([url, file]);
      }),
    );
  });

  it('masks inside the switch what was meant', () => {
    fc.assert(
      fc.property(path, (file) => {
        const set = commands.setVariable(
          'leg-b',
          'metaflows_mask',
          commands.maskArguments('mask', UUID, file),
        );
        const [, , value = ''] = argumentsOf(set, 3);
        const ran: string[][] = [];
        // as the switch does when the key is pressed
        expand(
          '${uuid_record(${metaflows_mask})}',
          (name) => (name === 'metaflows_mask' ? value : 'EXPANDED'),
          (_api, args) => {
            ran.push(separate(strip(args), ' ', 5));
            return '+OK';
          },
        );
        expect(ran).to.deep.equal([[UUID, 'mask', file]]);
      }),
    );
  });

  it('refuses a leg that a dialplan has given no usable name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (uuid) => {
        fc.pre(!commands.isUuid(uuid));
        refuses(() => commands.hangup(uuid));
        refuses(() => commands.record('start', uuid, '/a.wav'));
        refuses(() => commands.setVariable(uuid, 'a', 'b'));
        refuses(() => commands.bindForward('local', '*1', uuid));
      }),
    );
    for (const uuid of ['', 'a b', 'a\nb', "a'b", 'a'.repeat(129)]) refuses(() => commands.buglist(uuid));
    expect(commands.isUuid('a'.repeat(128))).to.equal(true);
    expect(commands.isUuid([UUID])).to.equal(false);
  });

  it('refuses what are no digits, no variable, no realm', () => {
    for (const digits of ['', '~^1$', '1 2', '1;2', '=*1', '1'.repeat(31)]) {
      refuses(() => commands.receiveDigits(UUID, digits));
      refuses(() => commands.bindCode('metaflows', digits, false));
    }
    for (const name of ['', 'a b', 'a=b']) refuses(() => commands.setVariable(UUID, name, 'x'));
    for (const realm of ['', 'a;b', '${x}', "a'b", 'a b']) refuses(() => commands.bindSwallow(realm, '*1'));
  });

  describe('bindings', () => {
    /** The data as bind_digit_action reads them when they are bound. */
    const bound = (data: string) =>
      separate(
        expand(
          data,
          () => 'EXPANDED',
          () => 'RUN',
        ),
        ',',
        6,
      );

    it('fire an event for a code', () => {
      const value = 'Event-Name=CUSTOM,Event-Subclass=metaflows::code,Metaflow-Code=*71';
      const data = commands.bindCode('metaflows', '*71', false);
      expect(data).to.equal(`^^;metaflows;*71;exec[i]:event;${value}`);
      expect(bound(data)).to.deep.equal(['metaflows', '*71', 'exec[i]:event', value]);
    });

    it('mask when the key is pressed, not when they are bound, and take a note first', () => {
      const [realm, digits, action, value = ''] = bound(commands.bindCode('local', '*72', true));
      expect([realm, digits, action]).to.deep.equal(['local', '*72', 'exec[i]:event']);
      const channel: Record<string, string> = {
        metaflows_mask: 'leg mask /a.wav',
        metaflows_mask_note: 'metaflows_masked_id',
      };
      const ran: string[] = [];
      const said = expand(
        value,
        (name) => channel[name] ?? '',
        (api, args) => {
          if (api === 'uptime') return '86400123';
          ran.push(`${api} ${args}`);
          return '+OK Success';
        },
      );
      expect(ran).to.deep.equal([
        'global_setvar metaflows_masked_id=86400123=-',
        'uuid_record leg mask /a.wav',
      ]);
      expect(separate(said, ',', 25)).to.include.members(['Metaflow-Code=*72', 'Masked=+OK Success']);
    });

    it('swallow, and forward to the leg whose dialplan waits for it', () => {
      expect(bound(commands.bindSwallow('local', '*1')).slice(0, 3)).to.deep.equal([
        'local',
        '*1',
        'exec[i]:eval',
      ]);
      expect(bound(commands.bindForward('local', '*1', UUID))).to.deep.equal([
        'local',
        '*1',
        'api:uuid_send_dtmf',
        `${UUID} ~*1`,
      ]);
    });
  });

  describe('replies', () => {
    it('reads the media bugs, which are not escaped', () => {
      const bug = (name: string, target: string) =>
        ` <media-bug>\n  <function>${name}</function>\n  <target>${target}</target>\n  <thread-locked>0</thread-locked>\n </media-bug>\n`;
      const target = '/a b/R&amp;D <1>\n.wav';
      expect(
        commands.parseBuglist(
          `<media-bugs>\n${bug('session_record', target)}${bug('displace', 't')}</media-bugs>`,
        ),
      ).to.deep.equal([
        { function: 'session_record', target },
        { function: 'displace', target: 't' },
      ]);
      expect(commands.parseBuglist('<media-bugs>\n</media-bugs>')).to.deep.equal([]);
      expect(commands.parseBuglist('-ERR no reply')).to.deep.equal([]);
    });

    it('reads rows, none, and no JSON', () => {
      expect(commands.parseRows('{"row_count":1,"rows":[{"uuid":"a"}]}')).to.deep.equal([{ uuid: 'a' }]);
      expect(commands.parseRows('{"row_count": 0}')).to.deep.equal([]);
      refuses(() => commands.parseRows('-ERR SQL disabled, no data available!'), 'switch_refused');
      for (const reply of ['0 total.', 'null', '{"rows":5}', '{"rows":[null]}'])
        refuses(() => commands.parseRows(reply), 'switch_refused');
    });

    it('tells a leg that is gone from another refusal', () => {
      commands.assertAccepted('+OK Success');
      commands.assertAccepted('');
      refuses(() => commands.assertAccepted('-ERR Cannot locate session!'), 'call_gone');
      refuses(() => commands.assertAccepted('-ERR No such channel!'), 'call_gone');
      refuses(() => commands.assertAccepted('-ERR invalid session id [a]'), 'call_gone');
      refuses(() => commands.assertAccepted('-ERR Cannot record session!'), 'switch_refused');
      refuses(() => commands.assertAccepted('-USAGE: <uuid>'), 'switch_refused');
      refuses(() => commands.assertAccepted('-ERR no reply'), 'switch_refused');
    });
  });
});
