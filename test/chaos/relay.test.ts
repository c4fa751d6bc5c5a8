import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import type { Moment } from './plan.js';
import { FaultyRelay } from './relay.js';

describe('chaos: the relay', () => {
  let server: Server;
  let relay: FaultyRelay;
  let port: number;
  let service: Socket;
  /** What the switch was asked, and what the service was told. */
  let asked = '';
  let told = '';

  beforeEach(async () => {
    [asked, told] = ['', ''];
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        asked += chunk.toString();
        for (const command of chunk.toString().match(/(?<=api )\w+/g) ?? []) {
          socket.write(`Content-Type: api/response\nContent-Length: ${command.length + 4}\n\n+OK ${command}`);
        }
        if (chunk.toString().includes('api two')) socket.write(EVENT);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    relay = new FaultyRelay((server.address() as AddressInfo).port);
    port = await relay.open();
    service = connect({ host: '127.0.0.1', port });
    service.on('error', () => undefined);
    service.on('data', (chunk: Buffer) => (told += chunk.toString()));
    await once(service, 'connect');
  });
  afterEach(async () => {
    service.destroy();
    await relay.close();
    server.close();
  });

  const EVENT = 'Content-Length: 20\nContent-Type: text/event-json\n\n{"Event-Name":"DTMF"}'.slice(0, -1);
  const closed = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));
  const say = (text: string) => service.write(text);
  const heard = async (text: string) => {
    while (!told.includes(text)) await once(service, 'data');
  };

  for (const [moment, switchHas, serviceHas] of [
    ['command', false, false],
    ['reply', true, false],
    ['write', true, true],
  ] as [Moment, boolean, boolean][]) {
    it(`springs at the ${moment} of the command that matches, once`, async () => {
      const sprung = new Promise<void>((resolve) => {
        relay.trap = { command: /two/, moment, spring: resolve };
      });
      say('api one\n\napi two\n\n');
      await sprung;
      expect(asked.includes('two')).to.equal(switchHas);
      if (serviceHas) await heard('+OK two');
      else expect(told).not.to.include('two');
    });
  }

  it('cuts the connection in the middle of an event, what came before it being whole', async () => {
    const cut = new Promise<void>((resolve) => relay.cutNextEvent(resolve));
    say('api one\n\napi two\n\n');
    await cut;
    await closed(service);
    expect(told).to.include('+OK two').and.include('Content-Length: 20').and.not.include('DTMF');
  });

  it('keeps back what is said while it is stalled, and loses nothing', async () => {
    const over = relay.stall(100);
    say('api one\n\n');
    expect(told).to.equal('');
    await over;
    await heard('+OK one');
  });

  it('resets connections, and accepts none meanwhile', async () => {
    const over = relay.reset(100);
    await closed(service);
    const refused = connect({ host: '127.0.0.1', port });
    refused.on('error', () => undefined);
    await closed(refused);
    await over;
  });
});
