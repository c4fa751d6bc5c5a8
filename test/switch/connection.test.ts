import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect } from 'chai';
import { isMetaflowsError, type ErrorCode } from '../../src/errors.js';
import { Connection, type ConnectionOptions } from '../../src/switch/connection.js';
import {
  eventFrame,
  EventSocket,
  PASSWORD,
  standard,
  type Peer,
  type Script,
} from '../support/eventSocket.js';
import { capturingLog } from '../support/log.js';

/** The error that a promise is rejected with, as its code. */
async function codeOf(promise: Promise<unknown>): Promise<ErrorCode | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    expect(isMetaflowsError(error), String(error)).to.equal(true);
    return (error as { code: ErrorCode }).code;
  }
}

describe('Connection', () => {
  const { log, lines } = capturingLog();
  const opened: Connection[] = [];
  let socket: EventSocket;

  beforeEach(async () => {
    lines.length = 0;
    socket = await EventSocket.listen();
  });

  afterEach(async () => {
    for (const connection of opened.splice(0)) connection.close();
    await socket.close();
    expect(lines.join()).not.to.contain(PASSWORD);
  });

  function make(options: Partial<ConnectionOptions> = {}): Connection {
    const connection = new Connection({
      host: '127.0.0.1',
      port: socket.port,
      password: PASSWORD,
      log,
      ...options,
    });
    opened.push(connection);
    return connection;
  }

  async function open(options: Partial<ConnectionOptions> = {}): Promise<[Connection, Peer]> {
    const index = socket.peers.length;
    const connection = make(options);
    await connection.open();
    return [connection, await socket.peer(index)];
  }

  /** Answers `standard`ly but for lines that begin so. */
  function answer(start: string, script: Script): void {
    socket.answer((command, peer) =>
      command.line.startsWith(start) ? script(command, peer) : standard(command),
    );
  }

  /** A connection with what came of its events, and a way to wait for one. */
  async function listening(options: Partial<ConnectionOptions> = {}) {
    const events: Record<string, unknown>[] = [];
    let dropped = 0;
    let heard: () => void = () => undefined;
    const [connection, peer] = await open({
      subscribe: 'DTMF',
      onEvent: (event) => {
        events.push(event);
        heard();
      },
      onDropped: () => dropped++,
      ...options,
    });
    const event = () => new Promise<void>((resolve) => (heard = resolve));
    return { connection, peer, events, event, dropped: () => dropped };
  }

  function losing(): { onClose: NonNullable<ConnectionOptions['onClose']>; lost: Promise<string> } {
    let onClose: NonNullable<ConnectionOptions['onClose']> = () => undefined;
    const lost = new Promise<string>((resolve) => {
      onClose = ({ code, detail = '' }) => resolve(`${code} ${detail}`);
    });
    return { onClose, lost };
  }

  describe('opening', () => {
    it('authenticates, filters, and only then subscribes, to exactly what it is told', async () => {
      const filters = [
        ['Application', 'bind_meta_app'],
        ['Application', 'x'],
      ] as const;
      const [, peer] = await open({ subscribe: 'A B CUSTOM x::y', filters });
      // fault 11: modesl appends BACKGROUND_JOB and CHANNEL_EXECUTE_COMPLETE, behind CUSTOM as subclasses
      expect(peer.lines).to.deep.equal([
        `auth ${PASSWORD}`,
        'filter Application bind_meta_app',
        'filter Application x',
        'event json A B CUSTOM x::y',
      ]);
    });

    it('says that the password is refused', async () => {
      expect(await codeOf(make({ password: 'wrong' }).open())).to.equal('auth_refused');
      expect((await socket.peer()).lines).to.deep.equal(['auth wrong']);
    });

    it('says that the address is refused', async () => {
      const text = 'Access Denied, go away.\n';
      socket.answer(standard, `Content-Type: text/rude-rejection\nContent-Length: ${text.length}\n\n${text}`);
      expect(await codeOf(make().open())).to.equal('acl_refused');
    });

    it('does not wait for ever for a greeting, nor for the answer to the password', async () => {
      socket.answer(standard, '');
      expect(await codeOf(make({ commandTimeoutMs: 30 }).open())).to.equal('switch_timeout');
      socket.answer(() => undefined);
      expect(await codeOf(make({ commandTimeoutMs: 30 }).open())).to.equal('switch_timeout');
    });

    it('says that a subscription is refused', async () => {
      answer('event', () => '-ERR permission denied');
      expect(await codeOf(make({ subscribe: 'DTMF' }).open())).to.equal('switch_refused');
    });

    it('says that nobody listens, or that the connection went meanwhile', async () => {
      const other = await EventSocket.listen();
      const { port } = other;
      await other.close();
      expect(await codeOf(make({ port }).open())).to.equal('connection_lost');
      socket.answer((_command, peer) => {
        peer.socket.resetAndDestroy();
        return undefined;
      });
      expect(await codeOf(make().open())).to.equal('connection_lost');
    });

    it('closes what it could not open', async () => {
      const connection = make({ password: 'wrong' });
      await codeOf(connection.open());
      const peer = await socket.peer();
      await peer.closed;
      expect(await codeOf(connection.command('api status'))).to.equal('switch_down');
      expect(await codeOf(connection.open())).to.equal('switch_down');
    });

    it('is not open where it was lost in the same breath', async () => {
      answer('event', (_command, peer) => {
        peer.send('Content-Type: command/reply\nReply-Text: +OK\n\nContent-Length: x\n\n');
        return undefined;
      });
      const connection = make({ subscribe: 'DTMF' });
      expect(await codeOf(connection.open())).to.equal('connection_lost');
      expect(await codeOf(connection.command('api status'))).to.equal('switch_down');
    });

    it('rejects, and tells nobody else, whatever ends it', async () => {
      let told = false;
      const onClose = () => (told = true);
      await codeOf(make({ password: 'wrong', onClose }).open());
      socket.answer((_command, peer) => {
        peer.socket.resetAndDestroy();
        return undefined;
      });
      await codeOf(make({ onClose }).open());
      socket.answer(standard, 'Content-Type: text/rude-rejection\n\n');
      await codeOf(make({ onClose }).open());
      expect(told).to.equal(false);
    });

    it('leaves no timer behind when it is closed', async () => {
      const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
      // mocha sets its own when it has the promise
      await Promise.resolve();
      const before = timers();
      const [connection] = await open();
      const pending = codeOf(connection.command('api status'));
      expect(timers()).to.be.above(before);
      connection.close();
      await pending;
      expect(timers()).to.equal(before);
    });

    it('refuses a password with a line break, before it writes a byte', async () => {
      const error: unknown = await make({ password: 'top\n\napi shutdown' })
        .open()
        .catch((reason: unknown) => reason);
      expect(isMetaflowsError(error, 'invalid_command')).to.equal(true);
      expect(String(error)).not.to.contain('top');
      expect((await socket.peer()).lines).to.deep.equal([]);
    });

    it('is lost by a reply before the greeting', async () => {
      socket.answer(standard, 'Content-Type: command/reply\nReply-Text: +OK accepted\n\n');
      expect(await codeOf(make().open())).to.equal('connection_lost');
    });
  });

  describe('fault 1: a malformed % sequence ends the process', () => {
    it('takes one in a Reply-Text that echoes what was sent', async () => {
      answer('sendmsg', ({ line }) => `-ERR invalid session id [${line.slice(8)}]`);
      const [connection] = await open();
      const reply = await connection.command('sendmsg %E9%');
      expect(reply).to.deep.equal({ kind: 'command', body: '-ERR invalid session id [%E9%]' });
    });

    it('takes one, and bytes that are no UTF-8, in an event', async () => {
      const { peer, events, event } = await listening();
      const came = event();
      peer.send(eventFrame(Buffer.from('{"Event-Name":"DTMF","Name":"100%zz %E9 \xe9 \\n"}', 'latin1')));
      await came;
      expect(events[0]!['Name']).to.equal('100%zz %E9 \ufffd \n');
    });
  });

  it('fault 2: a command waits for no acknowledgement', async () => {
    const [connection] = await open();
    const began = performance.now();
    // modesl needs 44 ms for each
    for (let count = 0; count < 25; count++) {
      await connection.command('sendmsg x', { 'call-command': 'execute', 'execute-app-name': 'park' });
    }
    expect(performance.now() - began).to.be.below(600);
  });

  describe('fault 3: answers to the wrong caller', () => {
    it('gives a refused api its refusal, and every later one its own answer', async () => {
      answer('api', ({ line }, peer) => {
        if (line !== 'api refused') return line;
        peer.reply('-ERR permission denied');
        return undefined;
      });
      const [connection] = await open();
      const replies = await Promise.all(
        ['api refused', 'api one', 'sendmsg a', 'api refused', 'api two'].map((line) =>
          connection.command(line),
        ),
      );
      expect(replies).to.deep.equal([
        { kind: 'command', body: '-ERR permission denied' },
        { kind: 'api', body: 'api one' },
        { kind: 'command', body: '+OK' },
        { kind: 'command', body: '-ERR permission denied' },
        { kind: 'api', body: 'api two' },
      ]);
    });

    it('keeps the place of one whose time ran out', async () => {
      answer('api', () => undefined);
      const [connection, peer] = await open({ commandTimeoutMs: 40 });
      expect(await codeOf(connection.command('api slow'))).to.equal('switch_timeout');
      const next = connection.command('api next');
      await peer.command('api next');
      peer.api('slow');
      peer.api('next');
      expect((await next).body).to.equal('next');
    });

    it('is lost where a reply never came, and each later one would go to the command before', async () => {
      answer('api one', () => undefined);
      const { onClose, lost } = losing();
      const [connection] = await open({ onClose, commandTimeoutMs: 10, watchdogMs: 30 });
      expect(await codeOf(connection.command('api one'))).to.equal('switch_timeout');
      expect(await lost).to.equal('connection_lost a reply that nobody asked for');
    });

    it('is lost by a reply that nobody asked for', async () => {
      const { onClose, lost } = losing();
      const [, peer] = await open({ onClose });
      peer.api('surprise');
      expect(await lost).to.equal('connection_lost a reply that nobody asked for');
    });
  });

  describe('fault 4: pending calls hang for ever', () => {
    for (const [how, act] of Object.entries({
      'is reset': (peer: Peer) => peer.socket.resetAndDestroy(),
      'is ended': (peer: Peer) => peer.socket.end(),
    })) {
      it(`rejects all of them when the connection ${how}`, async () => {
        answer('api', () => undefined);
        const { onClose, lost } = losing();
        const [connection, peer] = await open({ onClose });
        const pending = ['api a', 'api b'].map((line) => codeOf(connection.command(line)));
        await peer.command('api b');
        act(peer);
        expect(await Promise.all(pending)).to.deep.equal(['connection_lost', 'connection_lost']);
        expect(await lost).to.contain('connection_lost');
        expect(await codeOf(connection.command('api c'))).to.equal('switch_down');
      });
    }

    it('rejects at once before it is open', async () => {
      expect(await codeOf(make().command('api a'))).to.equal('switch_down');
    });

    it('rejects them when it is closed, and tells nobody but them', async () => {
      answer('api', () => undefined);
      let told = false;
      const [connection, peer] = await open({ onClose: () => (told = true) });
      const pending = codeOf(connection.command('api a'));
      await peer.command('api a');
      connection.close();
      expect(await pending).to.equal('connection_lost');
      await peer.closed;
      expect(told).to.equal(false);
    });

    it('gives each command its own time', async () => {
      answer('api', () => undefined);
      const [connection] = await open({ commandTimeoutMs: 30 });
      expect(await codeOf(connection.command('api a'))).to.equal('switch_timeout');
    });

    it("says what the switch's farewell was", async () => {
      const { onClose, lost } = losing();
      const [, peer] = await open({ onClose });
      const text = 'killed listener because of lost events\n';
      peer.send(`Content-Type: text/disconnect-notice\nContent-Length: ${text.length}\n\n${text}`);
      peer.socket.end();
      expect(await lost).to.equal('connection_lost killed listener because of lost events');
    });
  });

  // fault 5, reconnecting, is in switch.test.ts

  it('fault 6: replies to executes are not crossed, and nothing is asked of every leg of the switch', async () => {
    let count = 0;
    answer('sendmsg', () => (++count % 2 ? `+OK ${count}` : `-ERR ${count}`));
    const [connection, peer] = await open();
    const commands = Array.from({ length: 50 }, (_, index) => ({ line: `sendmsg ${index}` }));
    const replies = await connection.commands(commands);
    expect(replies.map(({ body }) => Number(body.split(' ')[1]))).to.deep.equal(
      commands.map((_, index) => index + 1),
    );
    expect(peer.lines.filter((line) => line.startsWith('event'))).to.deep.equal([]);
  });

  describe('fault 7: a dead peer is never noticed', () => {
    it('asks after a silence, and gives up after a longer one', async () => {
      answer('api', () => undefined);
      const { onClose, lost } = losing();
      const [, peer] = await open({ onClose, watchdogMs: 30 });
      expect(await lost).to.equal('connection_lost the switch has fallen silent');
      expect(peer.lines).to.include('api echo probe-1');
    });

    it('keeps an idle connection to a peer that lives', async () => {
      const { onClose, lost } = losing();
      const [connection, peer] = await open({ onClose, watchdogMs: 25 });
      let asked = 0;
      while (asked < 3) {
        const [{ line }] = (await once(peer, 'command')) as [{ line: string }];
        if (line.startsWith('api echo ')) asked++;
      }
      expect((await connection.command('api last')).body).to.equal('+OK');
      connection.close();
      expect(await Promise.race([lost, Promise.resolve('alive')])).to.equal('alive');
    });
  });

  describe('fault 8: injection', () => {
    for (const [what, commands] of Object.entries({
      'a line break': [{ line: 'api status\n\napi shutdown' }],
      'a carriage return': [{ line: 'api status\rx' }],
      NUL: [{ line: 'api status\0' }],
      'nothing at all': [{ line: '' }],
      'a line break in a header': [
        { line: 'sendmsg a', headers: { 'execute-app-arg': 'a\n\napi shutdown' } },
      ],
      'a line break in the name of a header': [{ line: 'sendmsg a', headers: { 'a: b\nc': 'd' } }],
      'a line break in the last of several': [{ line: 'api one' }, { line: 'api two\n' }],
    })) {
      it(`refuses ${what}, and writes nothing`, async () => {
        const [connection, peer] = await open();
        expect(await codeOf(connection.commands(commands))).to.equal('invalid_command');
        await connection.command('api after');
        expect(peer.lines.slice(1)).to.deep.equal(['api after']);
      });
    }
  });

  describe('fault 9: a listener that throws ends the process', () => {
    it('goes on with the next event, and logs no digit', async () => {
      const seen: unknown[] = [];
      const { peer, event } = await listening();
      const { connection, peer: other } = await listening({
        onEvent: (headers) => {
          seen.push(headers['DTMF-Digit']);
          throw new Error(`no idea what to do with ${String(headers['DTMF-Digit'])}`);
        },
      });
      other.event({ 'Event-Name': 'DTMF', 'DTMF-Digit': '83649' });
      other.event({ 'Event-Name': 'DTMF', 'DTMF-Digit': '83650' });
      await connection.command('api status');
      expect(seen).to.deep.equal(['83649', '83650']);
      expect(lines.join())
        .to.contain('an event could not be handled')
        .and.not.to.match(/8364|8365/);
      const came = event();
      peer.event({ 'Event-Name': 'DTMF' });
      await came;
    });

    it('has somebody who hears an error', async () => {
      const { onClose, lost } = losing();
      const [, peer] = await open({ onClose });
      peer.socket.resetAndDestroy();
      expect(await lost).to.equal('connection_lost ECONNRESET');
    });
  });

  it('fault 10: replies, notices and the auth request are no events', async () => {
    const { connection, peer, events, event, dropped } = await listening();
    await connection.command('api status');
    await connection.command('sendmsg x');
    peer.event({ 'Content-Type': 'command/reply' });
    const came = event();
    peer.event({ 'Event-Name': 'DTMF' });
    await came;
    expect(events).to.deep.equal([{ 'Event-Name': 'DTMF' }]);
    expect(dropped()).to.equal(1);
  });

  it('fault 12: its xml2js has no known hole', () => {
    const modesl = createRequire(import.meta.url).resolve('modesl');
    const path = createRequire(modesl)
      .resolve('xml2js')
      .replace(/xml2js\/.*$/, 'xml2js/package.json');
    const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string };
    expect(version).to.match(/^0\.(6\.[2-9]|[7-9]\.)/);
  });

  it('fault 13: a reply of 40 MB comes in a second or two, in 64 KiB chunks', async () => {
    const body = 'x'.repeat(40 * 1024 * 1024);
    answer('api', () => body);
    const [connection] = await open();
    const began = performance.now();
    expect((await connection.command('api show channels as json')).body).to.have.length(body.length);
    expect(performance.now() - began).to.be.below(3000);
  });

  describe('what is malformed', () => {
    for (const [what, body] of Object.entries({
      'no JSON': '{"Event-Name":"DTMF"',
      nothing: '',
      'an array': '[1]',
      null: 'null',
      'a number': '5',
      'an event whose name is a list': '{"Event-Name":["DTMF"]}',
    })) {
      it(`is dropped and counted: ${what}`, async () => {
        const { peer, events, event, dropped } = await listening();
        const came = event();
        peer.send(eventFrame(body));
        peer.event({ 'Event-Name': 'DTMF' });
        await came;
        expect([events.length, dropped()]).to.deep.equal([1, 1]);
      });
    }

    it('is dropped and counted: a frame of an unknown type, or of none', async () => {
      const { peer, event, dropped } = await listening();
      const came = event();
      peer.send('Content-Type: text/event-plain\nContent-Length: 2\n\nx\nX: y\n\n');
      peer.event({ 'Event-Name': 'DTMF' });
      await came;
      expect(dropped()).to.equal(2);
    });

    it('ends the connection, with a reason, where the framing is lost', async () => {
      const { onClose, lost } = losing();
      const { peer, connection } = await listening({ onClose });
      peer.send('Content-Type: text/event-json\nContent-Length: 99999999999\n\n{}');
      expect(await lost).to.equal('connection_lost a Content-Length that cannot be');
      expect(await codeOf(connection.command('api status'))).to.equal('switch_down');
    });

    it('tells nothing of what came after it was closed', async () => {
      const holder: { connection?: Connection } = {};
      const seen: unknown[] = [];
      const { peer, connection } = await listening({
        onEvent: (headers) => {
          seen.push(headers);
          holder.connection?.close();
        },
      });
      holder.connection = connection;
      peer.send(Buffer.concat([eventFrame('{"Event-Name":"A"}'), eventFrame('{"Event-Name":"B"}')]));
      await peer.closed;
      expect(seen).to.have.length(1);
    });
  });

  it('takes a burst of 20,000 events in order, and a reply in the middle of it', async () => {
    const { connection, peer, events } = await listening();
    for (let n = 0; n < 10_000; n++) peer.event({ 'Event-Name': 'DTMF', n });
    const reply = connection.command('api status');
    await peer.command('api status');
    for (let n = 10_000; n < 20_000; n++) peer.event({ 'Event-Name': 'DTMF', n });
    expect((await reply).body).to.equal('+OK');
    await connection.command('api last');
    expect(events.map(({ n }) => n)).to.deep.equal(Array.from({ length: 20_000 }, (_, n) => n));
  });
});
