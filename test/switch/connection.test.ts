import { expect } from 'chai';
import { isMetaflowsError } from '../../src/errors.js';
import type { Connection } from '../../src/switch/connection.js';
import { codeOf, Connections, losing } from '../support/connections.js';
import { eventFrame, EventSocket, PASSWORD, standard } from '../support/eventSocket.js';

describe('Connection', () => {
  let connections: Connections;

  beforeEach(async () => {
    connections = await Connections.start();
  });
  afterEach(() => connections.close());

  describe('opening', () => {
    it('authenticates, filters, and only then subscribes, to exactly what it is told', async () => {
      const filters = [
        ['Application', 'bind_meta_app'],
        ['Application', 'x'],
      ] as const;
      const [, peer] = await connections.open({ subscribe: 'A B CUSTOM x::y', filters });
      // fault 11: modesl appends BACKGROUND_JOB and CHANNEL_EXECUTE_COMPLETE, behind CUSTOM as subclasses
      expect(peer.lines).to.deep.equal([
        `auth ${PASSWORD}`,
        'filter Application bind_meta_app',
        'filter Application x',
        'event json A B CUSTOM x::y',
      ]);
    });

    it('says that the password is refused', async () => {
      expect(await codeOf(connections.make({ password: 'wrong' }).open())).to.equal('auth_refused');
      expect((await connections.socket.peer()).lines).to.deep.equal(['auth wrong']);
    });

    it('says that the address is refused', async () => {
      const text = 'Access Denied, go away.\n';
      connections.socket.answer(
        standard,
        `Content-Type: text/rude-rejection\nContent-Length: ${text.length}\n\n${text}`,
      );
      expect(await codeOf(connections.make().open())).to.equal('acl_refused');
    });

    it('does not wait for ever for a greeting, nor for the answer to the password', async () => {
      connections.socket.answer(standard, '');
      expect(await codeOf(connections.make({ commandTimeoutMs: 30 }).open())).to.equal('switch_timeout');
      connections.socket.answer(() => undefined);
      expect(await codeOf(connections.make({ commandTimeoutMs: 30 }).open())).to.equal('switch_timeout');
    });

    it('says that a subscription is refused', async () => {
      connections.socket.answerTo('event', () => '-ERR permission denied');
      expect(await codeOf(connections.make({ subscribe: 'DTMF' }).open())).to.equal('switch_refused');
    });

    it('says that nobody listens, or that the connection went meanwhile', async () => {
      const other = await EventSocket.listen();
      const { port } = other;
      await other.close();
      expect(await codeOf(connections.make({ port }).open())).to.equal('connection_lost');
      connections.socket.answer((_command, peer) => {
        peer.socket.resetAndDestroy();
        return undefined;
      });
      expect(await codeOf(connections.make().open())).to.equal('connection_lost');
    });

    it('closes what it could not open', async () => {
      const connection = connections.make({ password: 'wrong' });
      await codeOf(connection.open());
      const peer = await connections.socket.peer();
      await peer.closed;
      expect(await codeOf(connection.command('api status'))).to.equal('switch_down');
      expect(await codeOf(connection.open())).to.equal('switch_down');
    });

    it('is not open where it was lost in the same breath', async () => {
      connections.socket.answerTo('event', (_command, peer) => {
        peer.send('Content-Type: command/reply\nReply-Text: +OK\n\nContent-Length: x\n\n');
        return undefined;
      });
      const connection = connections.make({ subscribe: 'DTMF' });
      expect(await codeOf(connection.open())).to.equal('connection_lost');
      expect(await codeOf(connection.command('api status'))).to.equal('switch_down');
    });

    it('rejects, and tells nobody else, whatever ends it', async () => {
      let told = false;
      const onClose = () => (told = true);
      await codeOf(connections.make({ password: 'wrong', onClose }).open());
      connections.socket.answer((_command, peer) => {
        peer.socket.resetAndDestroy();
        return undefined;
      });
      await codeOf(connections.make({ onClose }).open());
      connections.socket.answer(standard, 'Content-Type: text/rude-rejection\n\n');
      await codeOf(connections.make({ onClose }).open());
      expect(told).to.equal(false);
    });

    it('leaves no timer behind when it is closed', async () => {
      const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
      // mocha sets its own when it has the promise
      await Promise.resolve();
      const before = timers();
      const [connection] = await connections.open();
      const pending = codeOf(connection.command('api status'));
      expect(timers()).to.be.above(before);
      connection.close();
      await pending;
      expect(timers()).to.equal(before);
    });

    it('refuses a password with a line break, before it writes a byte', async () => {
      const error: unknown = await connections
        .make({ password: 'top\n\napi shutdown' })
        .open()
        .catch((reason: unknown) => reason);
      expect(isMetaflowsError(error, 'invalid_command')).to.equal(true);
      expect(String(error)).not.to.contain('top');
      expect((await connections.socket.peer()).lines).to.deep.equal([]);
    });

    it('is lost by a reply before the greeting', async () => {
      connections.socket.answer(standard, 'Content-Type: command/reply\nReply-Text: +OK accepted\n\n');
      expect(await codeOf(connections.make().open())).to.equal('connection_lost');
    });
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
        const { peer, events, event, dropped } = await connections.listening();
        const came = event();
        peer.send(eventFrame(body));
        peer.event({ 'Event-Name': 'DTMF' });
        await came;
        expect([events.length, dropped()]).to.deep.equal([1, 1]);
      });
    }

    it('is dropped and counted: a frame of an unknown type, or of none', async () => {
      const { peer, event, dropped } = await connections.listening();
      const came = event();
      peer.send('Content-Type: text/event-plain\nContent-Length: 2\n\nx\nX: y\n\n');
      peer.event({ 'Event-Name': 'DTMF' });
      await came;
      expect(dropped()).to.equal(2);
    });

    it('ends the connection, with a reason, where the framing is lost', async () => {
      const { onClose, lost } = losing();
      const { peer, connection } = await connections.listening({ onClose });
      peer.send('Content-Type: text/event-json\nContent-Length: 99999999999\n\n{}');
      expect(await lost).to.equal('connection_lost a Content-Length that cannot be');
      expect(await codeOf(connection.command('api status'))).to.equal('switch_down');
    });

    it('tells nothing of what came after it was closed', async () => {
      const holder: { connection?: Connection } = {};
      const seen: unknown[] = [];
      const { peer, connection } = await connections.listening({
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
    const { connection, peer, events } = await connections.listening();
    for (let n = 0; n < 10_000; n++) peer.event({ 'Event-Name': 'DTMF', n });
    const reply = connection.command('api status');
    await peer.command('api status');
    for (let n = 10_000; n < 20_000; n++) peer.event({ 'Event-Name': 'DTMF', n });
    expect((await reply).body).to.equal('+OK');
    await connection.command('api last');
    expect(events.map(({ n }) => n)).to.deep.equal(Array.from({ length: 20_000 }, (_, n) => n));
  });
});
