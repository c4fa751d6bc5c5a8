import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect } from 'chai';
import { codeOf, Connections, losing } from '../support/connections.js';
import { eventFrame, type Peer } from '../support/eventSocket.js';

describe('Connection, in spite of modesl', () => {
  let connections: Connections;

  beforeEach(async () => {
    connections = await Connections.start();
  });
  afterEach(() => connections.close());

  describe('fault 1: a malformed % sequence ends the process', () => {
    it('takes one in a Reply-Text that echoes what was sent', async () => {
      connections.socket.answerTo('sendmsg', ({ line }) => `-ERR invalid session id [${line.slice(8)}]`);
      const [connection] = await connections.open();
      const reply = await connection.command('sendmsg %E9%');
      expect(reply).to.deep.equal({ kind: 'command', body: '-ERR invalid session id [%E9%]' });
    });

    it('takes one, and bytes that are no UTF-8, in an event', async () => {
      const { peer, events, event } = await connections.listening();
      const came = event();
      peer.send(eventFrame(Buffer.from('{"Event-Name":"DTMF","Name":"100%zz %E9 \xe9 \\n"}', 'latin1')));
      await came;
      expect(events[0]!['Name']).to.equal('100%zz %E9 \ufffd \n');
    });
  });

  it('fault 2: a command waits for no acknowledgement', async () => {
    const [connection] = await connections.open();
    const began = performance.now();
    // modesl needs 44 ms for each
    for (let count = 0; count < 25; count++) {
      await connection.command('sendmsg x', { 'call-command': 'execute', 'execute-app-name': 'park' });
    }
    expect(performance.now() - began).to.be.below(600);
  });

  describe('fault 3: answers to the wrong caller', () => {
    it('gives a refused api its refusal, and every later one its own answer', async () => {
      connections.socket.answerTo('api', ({ line }, peer) => {
        if (line !== 'api refused') return line;
        peer.reply('-ERR permission denied');
        return undefined;
      });
      const [connection] = await connections.open();
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
      connections.socket.answerTo('api', () => undefined);
      const [connection, peer] = await connections.open({ commandTimeoutMs: 40 });
      expect(await codeOf(connection.command('api slow'))).to.equal('switch_timeout');
      const next = connection.command('api next');
      await peer.command('api next');
      peer.api('slow');
      peer.api('next');
      expect((await next).body).to.equal('next');
    });

    it('is lost where a reply never came, and each later one would go to the command before', async () => {
      connections.socket.answerTo('api one', () => undefined);
      const { onClose, lost } = losing();
      const [connection] = await connections.open({ onClose, commandTimeoutMs: 10, watchdogMs: 30 });
      expect(await codeOf(connection.command('api one'))).to.equal('switch_timeout');
      expect(await lost).to.equal('connection_lost a reply that nobody asked for');
    });

    it('is lost by a reply that nobody asked for', async () => {
      const { onClose, lost } = losing();
      const [, peer] = await connections.open({ onClose });
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
        connections.socket.answerTo('api', () => undefined);
        const { onClose, lost } = losing();
        const [connection, peer] = await connections.open({ onClose });
        const pending = ['api a', 'api b'].map((line) => codeOf(connection.command(line)));
        await peer.command('api b');
        act(peer);
        expect(await Promise.all(pending)).to.deep.equal(['connection_lost', 'connection_lost']);
        expect(await lost).to.contain('connection_lost');
        expect(await codeOf(connection.command('api c'))).to.equal('switch_down');
      });
    }

    it('rejects at once before it is open', async () => {
      expect(await codeOf(connections.make().command('api a'))).to.equal('switch_down');
    });

    it('rejects them when it is closed, and tells nobody but them', async () => {
      connections.socket.answerTo('api', () => undefined);
      let told = false;
      const [connection, peer] = await connections.open({ onClose: () => (told = true) });
      const pending = codeOf(connection.command('api a'));
      await peer.command('api a');
      connection.close();
      expect(await pending).to.equal('connection_lost');
      await peer.closed;
      expect(told).to.equal(false);
    });

    it('gives each command its own time', async () => {
      connections.socket.answerTo('api', () => undefined);
      const [connection] = await connections.open({ commandTimeoutMs: 30 });
      expect(await codeOf(connection.command('api a'))).to.equal('switch_timeout');
    });

    it("says what the switch's farewell was", async () => {
      const { onClose, lost } = losing();
      const [, peer] = await connections.open({ onClose });
      const text = 'killed listener because of lost events\n';
      peer.send(`Content-Type: text/disconnect-notice\nContent-Length: ${text.length}\n\n${text}`);
      peer.socket.end();
      expect(await lost).to.equal('connection_lost killed listener because of lost events');
    });
  });

  // fault 5, reconnecting, is in switch.test.ts

  it('fault 6: replies to executes are not crossed, and nothing is asked of every leg of the switch', async () => {
    let count = 0;
    connections.socket.answerTo('sendmsg', () => (++count % 2 ? `+OK ${count}` : `-ERR ${count}`));
    const [connection, peer] = await connections.open();
    const commands = Array.from({ length: 50 }, (_, index) => ({ line: `sendmsg ${index}` }));
    const replies = await connection.commands(commands);
    expect(replies.map(({ body }) => Number(body.split(' ')[1]))).to.deep.equal(
      commands.map((_, index) => index + 1),
    );
    expect(peer.lines.filter((line) => line.startsWith('event'))).to.deep.equal([]);
  });

  describe('fault 7: a dead peer is never noticed', () => {
    it('asks after a silence, and gives up after a longer one', async () => {
      connections.socket.answerTo('api', () => undefined);
      const { onClose, lost } = losing();
      const [, peer] = await connections.open({ onClose, watchdogMs: 30 });
      expect(await lost).to.equal('connection_lost the switch has fallen silent');
      expect(peer.lines).to.include('api echo probe-1');
    });

    it('keeps an idle connection to a peer that lives', async () => {
      const { onClose, lost } = losing();
      const [connection, peer] = await connections.open({ onClose, watchdogMs: 25 });
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
        const [connection, peer] = await connections.open();
        expect(await codeOf(connection.commands(commands))).to.equal('invalid_command');
        await connection.command('api after');
        expect(peer.lines.slice(1)).to.deep.equal(['api after']);
      });
    }
  });

  describe('fault 9: a listener that throws ends the process', () => {
    it('goes on with the next event, and logs no digit', async () => {
      const seen: unknown[] = [];
      const { peer, event } = await connections.listening();
      const { connection, peer: other } = await connections.listening({
        onEvent: (headers) => {
          seen.push(headers['DTMF-Digit']);
          throw new Error(`no idea what to do with ${String(headers['DTMF-Digit'])}`);
        },
      });
      other.event({ 'Event-Name': 'DTMF', 'DTMF-Digit': '83649' });
      other.event({ 'Event-Name': 'DTMF', 'DTMF-Digit': '83650' });
      await connection.command('api status');
      expect(seen).to.deep.equal(['83649', '83650']);
      expect(connections.lines.join())
        .to.contain('an event could not be handled')
        .and.not.to.match(/8364|8365/);
      const came = event();
      peer.event({ 'Event-Name': 'DTMF' });
      await came;
    });

    it('has somebody who hears an error', async () => {
      const { onClose, lost } = losing();
      const [, peer] = await connections.open({ onClose });
      peer.socket.resetAndDestroy();
      expect(await lost).to.equal('connection_lost ECONNRESET');
    });
  });

  it('fault 10: replies, notices and the auth request are no events', async () => {
    const { connection, peer, events, event, dropped } = await connections.listening();
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
    connections.socket.answerTo('api', () => body);
    const [connection] = await connections.open();
    const began = performance.now();
    expect((await connection.command('api show channels as json')).body).to.have.length(body.length);
    expect(performance.now() - began).to.be.below(3000);
  });
});
