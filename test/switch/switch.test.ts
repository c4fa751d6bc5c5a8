import { once } from 'node:events';
import { expect } from 'chai';
import { Switch, type SwitchOptions } from '../../src/switch/switch.js';
import { codeOf } from '../support/connections.js';
import { EventSocket, PASSWORD, standard, type Peer } from '../support/eventSocket.js';
import { capturingLog } from '../support/log.js';

const UUID = '0a1b2c3d-0000-4000-8000-00000000000a';
/** Three for commands, one for the lease, one for events, in this order. */
const CONNECTIONS = 5;

function raw(name: string, more: Record<string, unknown> = {}): object {
  return { 'Event-Name': name, 'Event-Date-Timestamp': '1767312000123456', 'Unique-ID': UUID, ...more };
}

function dumpOf(uuid: string): string {
  return JSON.stringify({
    'Unique-ID': uuid,
    'Call-Direction': 'outbound',
    'Caller-Channel-Created-Time': '1000',
  });
}

describe('Switch', () => {
  const { log, lines } = capturingLog();
  let socket: EventSocket;
  let made: Switch[] = [];

  beforeEach(async () => {
    lines.length = 0;
    socket = await EventSocket.listen();
  });

  afterEach(async () => {
    await Promise.all(made.map((each) => each.close()));
    made = [];
    await socket.close();
    expect(lines.join()).not.to.contain(PASSWORD);
  });

  function make(options: Partial<SwitchOptions> = {}): Switch {
    const freeswitch = new Switch({
      host: '127.0.0.1',
      port: socket.port,
      password: PASSWORD,
      log,
      ...options,
    });
    made.push(freeswitch);
    return freeswitch;
  }

  async function up(options: Partial<SwitchOptions> = {}): Promise<Switch> {
    const freeswitch = make(options);
    freeswitch.start();
    await once(freeswitch, 'up');
    return freeswitch;
  }

  /** The peer of the connection for events. */
  function eventsPeer(): Peer {
    return socket.peers.findLast((peer) => peer.lines.some((line) => line.startsWith('event json')))!;
  }

  it('has a name without the password, and is up when all its connections are open', async () => {
    const freeswitch = make();
    expect(freeswitch.id).to.equal(`127.0.0.1:${socket.port}`);
    expect(make({ host: '::1', port: 1 }).id).to.equal('[::1]:1');
    expect(freeswitch.connected).to.equal(false);
    freeswitch.start();
    await once(freeswitch, 'up');
    expect(freeswitch.connected).to.equal(true);
    expect(socket.peers).to.have.length(CONNECTIONS);
    const { lines: said } = eventsPeer();
    expect(said.at(-1)).to.match(
      /^event json CHANNEL_EXECUTE CHANNEL_CREATE .* CUSTOM metaflows::code metaflows::ask metaflows::answer$/,
    );
    expect(said).to.include.members([
      'filter Event-Name CHANNEL_CREATE',
      'filter Event-Name CUSTOM',
      'filter Application bind_digit_action',
      'filter Application digit_action_set_realm',
      'filter Application clear_digit_action',
      'filter Application bind_meta_app',
    ]);
    expect(said).not.to.include('filter Event-Name CHANNEL_EXECUTE');
  });

  describe('events', () => {
    it('are typed; what is unknown or malformed is counted', async () => {
      let dropped = 0;
      const freeswitch = await up({ onDropped: () => dropped++ });
      const came = once(freeswitch, 'event');
      const events = eventsPeer();
      events.event(raw('CHANNEL_PARK'));
      events.event({});
      events.event(raw('DTMF', { 'DTMF-Digit': '5' }));
      expect(await came).to.deep.equal([{ type: 'dtmf', uuid: UUID, at: 1_767_312_000_123, digit: '5' }]);
      expect(dropped).to.equal(2);
      expect(lines.join()).not.to.match(/dtmf|"5"/i);
    });

    it('tell what a dialplan binds, and not what we do', async () => {
      const freeswitch = await up();
      const came = once(freeswitch, 'event');
      const bindings = eventsPeer();
      const execute = { Application: 'bind_digit_action', 'Application-Data': 'local,*1,exec:x' };
      bindings.event(raw('CHANNEL_EXECUTE', { ...execute, 'Application-UUID': 'metaflows' }));
      bindings.event(
        raw('CHANNEL_EXECUTE', { ...execute, 'Application-UUID': UUID, 'Application-Data': 'local,*2,x' }),
      );
      expect(await came).to.deep.include.members([
        {
          type: 'binding',
          uuid: UUID,
          at: 1_767_312_000_123,
          application: 'bind_digit_action',
          data: 'local,*2,x',
        },
      ]);
    });

    it('that come before all is up come after `up`', async () => {
      socket.answerTo('event json', (_command, peer) => {
        peer.reply('+OK');
        peer.event(raw('CHANNEL_EXECUTE', { Application: 'bind_meta_app', 'Application-Data': '1 a s x' }));
        return undefined;
      });
      const order: string[] = [];
      const freeswitch = make();
      freeswitch.on('up', () => order.push('up'));
      freeswitch.on('event', ({ type }) => order.push(type));
      freeswitch.start();
      await once(freeswitch, 'event');
      expect(order).to.deep.equal(['up', 'binding']);
    });

    it('go on after a listener that throws', async () => {
      const freeswitch = make();
      const seen: string[] = [];
      const both = new Promise<void>((resolve) => {
        freeswitch.on('event', ({ type }) => {
          if (seen.push(type) === 2) resolve();
          throw new Error('no');
        });
      });
      const isUp = new Promise<void>((resolve) => {
        freeswitch.on('up', () => {
          resolve();
          throw new Error('no');
        });
      });
      freeswitch.start();
      await isUp;
      const events = eventsPeer();
      events.event(raw('CHANNEL_HOLD'));
      events.event(raw('CHANNEL_UNHOLD'));
      await both;
      expect(seen).to.deep.equal(['hold', 'unhold']);
      expect(freeswitch.connected).to.equal(true);
    });
  });

  describe('fault 5: no reconnect', () => {
    it('connects anew when one connection is lost, closes the others, and subscribes again', async () => {
      const freeswitch = await up();
      const first = [...socket.peers];
      const down = once(freeswitch, 'down');
      const again = once(freeswitch, 'up');
      first[1]!.socket.resetAndDestroy();
      expect(await down).to.deep.equal(['connection_lost', 'ECONNRESET']);
      expect(freeswitch.connected).to.equal(false);
      expect(await codeOf(freeswitch.api('a', 'status'))).to.equal('switch_down');
      await again;
      await Promise.all(first.map((peer) => peer.closed));
      expect(socket.peers).to.have.length(2 * CONNECTIONS);
      expect(eventsPeer()).not.to.be.oneOf(first);
      expect(await freeswitch.api('a', 'status')).to.equal('+OK');
    });

    it('connects anew when it is told to', async () => {
      const freeswitch = await up();
      const down = once(freeswitch, 'down');
      freeswitch.reconnect();
      expect(await down).to.deep.equal(['connection_lost', 'given up']);
      await once(freeswitch, 'up');
      expect(socket.peers).to.have.length(2 * CONNECTIONS);
    });

    it('goes on trying, and tells each reason once', async () => {
      let attempts = 0;
      const reasons: string[] = [];
      socket.answerTo('auth', () => (++attempts < 3 ? '-ERR invalid' : '+OK accepted'));
      const freeswitch = make();
      freeswitch.on('down', (code) => reasons.push(code));
      const began = performance.now();
      freeswitch.start();
      await once(freeswitch, 'up');
      // at least 250 ms and then 500
      expect(performance.now() - began).to.be.above(700);
      // a wrong password is tried once for each attempt
      expect(attempts).to.equal(2 + CONNECTIONS);
      expect(reasons).to.deep.equal(['auth_refused']);
    });

    it('comes back to a switch that was not there, and disturbs no other one', async () => {
      const restarting = await EventSocket.listen();
      const { port } = restarting;
      await restarting.close();
      const away = make({ port });
      const there = make();
      away.start();
      there.start();
      const [reason] = await Promise.all([once(away, 'down'), once(there, 'up')]);
      expect(reason).to.deep.equal(['connection_lost', 'ECONNREFUSED']);
      expect(await there.api('a', 'status')).to.equal('+OK');
      const back = await EventSocket.listen(standard, port);
      await once(away, 'up');
      expect(await away.api('a', 'status')).to.equal('+OK');
      await away.close();
      await back.close();
    });

    it('rejects what was pending', async () => {
      socket.answerTo('api', () => undefined);
      const freeswitch = await up();
      const pending = codeOf(freeswitch.api('a', 'uuid_record'));
      await Promise.race(socket.peers.map((peer) => peer.command('api uuid_record')));
      socket.reset();
      expect(await pending).to.equal('connection_lost');
    });

    it('ends, with nothing left over, whether it is up, opening, waiting or was never started', async () => {
      const isUp = await up();
      await isUp.close();
      await Promise.all(socket.peers.map((peer) => peer.closed));

      socket.answer(() => undefined);
      const opening = make();
      opening.start();
      await (await socket.peer(CONNECTIONS)).command('auth');
      await opening.close();

      socket.answerTo('auth', () => '-ERR invalid');
      const waiting = make();
      waiting.start();
      await once(waiting, 'down');
      await waiting.close();

      const never = make();
      await never.close();
      never.start();
      await never.close();
      expect([isUp, opening, waiting, never].some(({ connected }) => connected)).to.equal(false);
    });
  });

  describe('commands', () => {
    it('of one key go over one connection, in order; those of many over several', async () => {
      const freeswitch = await up();
      await Promise.all(Array.from({ length: 20 }, (_, n) => freeswitch.api('one', 'echo', String(n))));
      const used = socket.peers.filter((peer) => peer.lines.some((line) => line.startsWith('api')));
      expect(used).to.have.length(1);
      expect(used[0]!.lines.slice(1)).to.deep.equal(Array.from({ length: 20 }, (_, n) => `api echo ${n}`));
      await Promise.all(Array.from({ length: 20 }, (_, n) => freeswitch.api(`key ${n}`, 'status')));
      expect(socket.peers.filter((peer) => peer.lines.includes('api status'))).to.have.length(3);
    });

    it('of the lease go over a connection of their own, which no slow command holds up', async () => {
      socket.answerTo('api uuid_record', () => undefined);
      const freeswitch = await up();
      const slow = ['a', 'b', 'c'].map((key) => codeOf(freeswitch.api(key, 'uuid_record')));
      await Promise.all(socket.peers.slice(0, slow.length).map((peer) => peer.command('api uuid_record')));
      expect(await freeswitch.leaseApis([{ command: 'hash', args: 'select/a/b' }])).to.deep.equal(['+OK']);
      await freeswitch.close();
      expect(new Set(await Promise.all(slow))).to.have.keys('connection_lost');
    });

    it('of one call go in one write, and their replies come trimmed', async () => {
      socket.answerTo('api', ({ line }) => `${line}\n`);
      const freeswitch = await up();
      const replies = await freeswitch.apis('a', [
        { command: 'uuid_record', args: 'U start /a.wav' },
        { command: 'uuid_record', args: 'U mask /a.wav' },
        { command: 'status', args: '' },
      ]);
      expect(replies).to.deep.equal([
        'api uuid_record U start /a.wav',
        'api uuid_record U mask /a.wav',
        'api status',
      ]);
      expect(await freeswitch.apis('a', [])).to.deep.equal([]);
      const peer = socket.peers.find(({ lines }) => lines.includes('api status'))!;
      expect(peer.chunks).to.include(
        'api uuid_record U start /a.wav\n\napi uuid_record U mask /a.wav\n\napi status\n\n',
      );
    });

    it('of several lines are refused', async () => {
      const freeswitch = await up();
      expect(await codeOf(freeswitch.api('a', 'status', '\n'))).to.equal('invalid_command');
      expect(await codeOf(freeswitch.execute('a', UUID, 'eval', ['x', 'x\n\napi shutdown']))).to.equal(
        'invalid_command',
      );
    });

    it('are timed, by their name', async () => {
      const timed: [string, number][] = [];
      const freeswitch = await up({ onLatency: (command, ms) => timed.push([command, ms]) });
      await freeswitch.api('a', 'uuid_buglist', UUID);
      expect(timed.map(([command]) => command)).to.deep.equal(['uuid_buglist']);
      expect(timed[0]![1]).to.be.within(0, 1000);
    });

    it('give refusals back as text', async () => {
      socket.answerTo('api', () => '-ERR No such channel!\n');
      expect(await (await up()).api('a', 'uuid_kill', UUID)).to.equal('-ERR No such channel!');
    });

    it('run an application under our name', async () => {
      const freeswitch = await up();
      const data = ['^^;metaflows;*71;exec[i]:event;x', '^^;metaflows;*72;exec[i]:event;y'];
      await freeswitch.execute('a', UUID, 'bind_digit_action', data);
      const sent = socket.peers
        .flatMap(({ received }) => received)
        .filter(({ line }) => line.startsWith('sendmsg'));
      expect(sent).to.deep.equal(
        data.map((each) => ({
          line: `sendmsg ${UUID}`,
          headers: {
            'call-command': 'execute',
            'execute-app-name': 'bind_digit_action',
            'execute-app-arg': each,
            'event-uuid': 'metaflows',
          },
        })),
      );
    });

    it('run none on a leg that is gone, or that is no leg', async () => {
      socket.answerTo('sendmsg', ({ line }) => `-ERR invalid session id [${line.slice(8)}]`);
      const freeswitch = await up();
      expect(await codeOf(freeswitch.execute('a', UUID, 'park', ['']))).to.equal('call_gone');
      expect(await codeOf(freeswitch.execute('a', 'a b', 'park', ['']))).to.equal('invalid_command');
    });
  });

  describe('snapshot', () => {
    function channels(all: string[], gone: string[] = [], calls: [string, string][] = []): void {
      const rows = (of: object[]) =>
        JSON.stringify(of.length ? { row_count: of.length, rows: of } : { row_count: 0 });
      socket.answerTo('api', ({ line }) => {
        if (line === 'api show channels as json') return rows(all.map((uuid) => ({ uuid })));
        if (line === 'api show calls as json') return rows(calls.map(([uuid, b_uuid]) => ({ uuid, b_uuid })));
        const [, uuid = ''] = /^api uuid_dump (\S+) json$/.exec(line) ?? [];
        return gone.includes(uuid) ? '-ERR No such channel!\n' : dumpOf(uuid);
      });
    }

    it('has all legs and bridges, and leaves out a leg that ended meanwhile', async () => {
      const all = Array.from({ length: 200 }, (_, n) => `leg-${n}`);
      channels(
        [...all, 'no leg'],
        ['leg-7'],
        [
          ['leg-1', 'leg-2'],
          ['leg-3', ''],
        ],
      );
      const { legs, bridges } = await (await up()).snapshot();
      expect(legs.map(({ uuid }) => uuid).sort()).to.deep.equal(
        all.filter((uuid) => uuid !== 'leg-7').sort(),
      );
      expect(bridges).to.deep.equal([['leg-1', 'leg-2']]);
    });

    it('has what `show` had not written yet of the time before the events, and asks for no leg twice', async () => {
      const asked: string[] = [];
      let began = 0;
      const rows = (of: object[]) => JSON.stringify({ row_count: of.length, rows: of });
      socket.answerTo('api', ({ line }) => {
        asked.push(line.split(' ').slice(1, 3).join(' '));
        // FreeSWITCH is up to 240 ms behind
        const isBehind = performance.now() - began < 400;
        if (line.startsWith('api show channels'))
          return rows(['leg-1', ...(isBehind ? [] : ['leg-2'])].map((uuid) => ({ uuid })));
        if (line.startsWith('api show calls'))
          return rows(isBehind ? [] : [{ uuid: 'leg-1', b_uuid: 'leg-2' }]);
        return dumpOf(line.split(' ')[2] ?? '');
      });
      const freeswitch = await up();
      began = performance.now();
      const { legs, bridges } = await freeswitch.snapshot();
      expect(legs.map(({ uuid }) => uuid)).to.deep.equal(['leg-1', 'leg-2']);
      expect(bridges).to.deep.equal([['leg-1', 'leg-2']]);
      const look = ['show channels', 'uuid_dump leg-1'];
      expect(asked).to.deep.equal([...look, 'show channels', 'uuid_dump leg-2', 'show calls']);
      asked.length = 0;
      await freeswitch.snapshot();
      expect(asked).to.deep.equal([...look, 'uuid_dump leg-2', 'show calls']);
    });

    it('is empty where nobody calls', async () => {
      channels([]);
      expect(await (await up()).snapshot()).to.deep.equal({ legs: [], bridges: [] });
    });

    it('is refused where the switch cannot say', async () => {
      socket.answerTo('api', () => '-ERR SQL disabled, no data available!\n');
      expect(await codeOf((await up()).snapshot())).to.equal('switch_refused');
    });
  });
});
