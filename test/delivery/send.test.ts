import { Readable } from 'node:stream';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { AddressPolicy } from '../../src/delivery/addresses.js';
import { Sender, type Answer, type Outgoing } from '../../src/delivery/send.js';
import { isMetaflowsError } from '../../src/errors.js';
import { DENIED, Receiver } from '../support/delivery.js';

const never = new AbortController().signal;
const content = Buffer.alloc(300_000, 'sound');
const put = (url: string, rest: Partial<Outgoing> = {}): Outgoing => ({
  method: 'PUT',
  url,
  headers: { 'Content-Length': String(content.length) },
  body: () => Readable.from([content.subarray(0, 1000), content.subarray(1000)]),
  limitMs: 5000,
  ...rest,
});

/** What an attempt came to: the answer, or the code of the error. */
async function outcome(sent: Promise<Answer>): Promise<unknown> {
  return sent.catch((error: unknown) => (isMetaflowsError(error) ? error.code : error));
}

describe('which addresses', () => {
  const policy = new AddressPolicy(DENIED, ['127.0.0.5/32', 'fe80::1/128']);
  for (const address of [
    '127.0.0.1',
    '127.255.0.1',
    '::1',
    '169.254.169.254',
    'fe80::2',
    '0.0.0.0',
    '::',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:169.254.169.254',
    '64:ff9b::7f00:1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1:ffff:7f00:1::',
    '2002:7f00:1::',
    '2001:0:4136:e378:8000:63bf:3fff:fdd2',
  ]) {
    it(`are not ${address}`, () => expect(policy.permits(address)).to.equal(false));
  }
  for (const address of [
    '127.0.0.5',
    '::ffff:127.0.0.5',
    'fe80::1',
    '192.0.2.1',
    '10.1.2.3',
    '2001:db8::1',
    '2001:4860:4860::8888',
    '64:ff9b:2::1',
  ]) {
    it(`are ${address}`, () => expect(policy.permits(address)).to.equal(true));
  }
});

describe('sending', () => {
  const sender = new Sender(new AddressPolicy(DENIED, ['127.0.0.1/32']), 300);
  const strict = new Sender(new AddressPolicy(DENIED, []), 300);
  let receiver: Receiver;
  let url: string;

  beforeEach(async () => {
    receiver = new Receiver();
    url = await receiver.listen();
  });
  afterEach(() => receiver.close());

  it('streams the body, and answers with the status', async () => {
    receiver.answer(201);
    expect(await sender.send(put(`${url}/a?b=c`), never)).to.deep.equal({ status: 201 });
    const [received] = receiver.received;
    expect(received).to.deep.include({ method: 'PUT', url: '/a?b=c' });
    expect(received?.body.equals(content)).to.equal(true);
  });

  it('passes on what the receiver says of when to come back', async () => {
    receiver.answer(503, { 'Retry-After': '120' });
    expect(await sender.send(put(url), never)).to.deep.equal({ status: 503, retryAfterMs: 120_000 });
  });

  it('gives who and password in the URL as Basic authorization', async () => {
    await sender.send(put(url.replace('://', '://u:p@')), never);
    expect(receiver.received[0]?.headers.authorization).to.equal('Basic dTpw');
  });

  for (const status of [301, 302, 307, 308]) {
    it(`sends method and body again after a ${status}`, async () => {
      receiver.respond(({ url: path }, response) => {
        if (path === '/there') response.writeHead(204).end();
        else response.writeHead(status, { Location: '/there' }).end();
      });
      expect(await sender.send(put(url), never)).to.deep.equal({ status: 204 });
      expect(receiver.received.map(({ method, url: path }) => [method, path])).to.deep.equal([
        ['PUT', '/'],
        ['PUT', '/there'],
      ]);
      expect(receiver.received[1]?.body.equals(content)).to.equal(true);
    });
  }

  it('follows no redirect that would lose the body, leads nowhere, or never ends', async () => {
    receiver.answer(303, { Location: '/there' });
    expect(await sender.send(put(url), never)).to.deep.equal({ status: 303 });
    for (const location of ['ftp://127.0.0.1/', 'http://', '']) {
      receiver.answer(307, location ? { Location: location } : {});
      expect(await outcome(sender.send(put(url), never)), location).to.equal('redirect_refused');
    }
    receiver.received.length = 0;
    receiver.answer(307, { Location: '/round' });
    expect(await outcome(sender.send(put(url), never))).to.equal('redirect_refused');
    expect(receiver.received).to.have.length(6);
  });

  it('goes to no denied address, however that is written or found', async () => {
    const port = new URL(url).port;
    for (const host of [
      '127.0.0.1',
      'localhost',
      '2130706433',
      '0x7f.1',
      '[::ffff:127.0.0.1]',
      '[::1]',
      '0',
    ]) {
      expect(await outcome(strict.send(put(`http://${host}:${port}/`), never)), host).to.equal(
        'address_denied',
      );
    }
    expect(receiver.received).to.have.length(0);
  });

  it('goes to no denied address that a permitted one redirects to', async () => {
    const denied = new Receiver();
    const { port } = new URL(await denied.listen('127.0.0.2'));
    for (const host of ['127.0.0.2', '[::ffff:7f00:2]']) {
      receiver.answer(307, { Location: `http://${host}:${port}/` });
      expect(await outcome(sender.send(put(url), never)), host).to.equal('address_denied');
    }
    expect(denied.received).to.have.length(0);
    await denied.close();
  });

  it('says that nobody listens', async () => {
    await receiver.close();
    expect(await outcome(sender.send(put(url), never))).to.equal('destination_unreachable');
    expect(await outcome(sender.send(put('http://no.such.host.invalid/'), never))).to.equal(
      'destination_unreachable',
    );
    receiver = new Receiver();
  });

  it('does not wait for a receiver that says nothing', async () => {
    receiver.respond(() => undefined);
    expect(await outcome(sender.send(put(url), never))).to.equal('destination_timeout');
  });

  it('does not take longer than it may, however busy the receiver seems', async () => {
    receiver.respond((_request, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('.'), 20);
      response.once('close', () => clearInterval(timer));
    });
    expect(await outcome(sender.send(put(url, { limitMs: 400 }), never))).to.equal('destination_timeout');
  });

  it('reads no endless answer', async () => {
    receiver.respond((_request, response) => {
      response.writeHead(200);
      response.write(Buffer.alloc(1_000_000));
    });
    expect(await outcome(sender.send(put(url), never))).to.deep.equal({ status: 200 });
  });

  it('ends when it is told to', async () => {
    const abort = new AbortController();
    receiver.respond(() => abort.abort(new Error('told to')));
    const error = await sender.send(put(url), abort.signal).catch((thrown: unknown) => thrown);
    expect(error).to.equal(abort.signal.reason);
  });

  describe('to a receiver that reads nothing', () => {
    const sockets: Socket[] = [];
    let server: Server;
    const big = Buffer.alloc(30_000_000);
    const outgoing = (to: string): Outgoing =>
      put(to, { headers: { 'Content-Length': String(big.length) }, body: () => Readable.from([big]) });

    afterEach(async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets.splice(0)) socket.destroy();
      await closed;
    });

    async function listening(onConnection: (socket: Socket) => void): Promise<string> {
      server = createServer({ pauseOnConnect: true }, (socket) => {
        sockets.push(socket);
        socket.on('error', () => undefined);
        onConnection(socket);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    }

    it('does not wait for ever', async () => {
      const at = await listening(() => undefined);
      expect(await outcome(sender.send(outgoing(at), never))).to.equal('destination_timeout');
    });

    it('believes no success before everything is sent', async () => {
      const at = await listening((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
      expect(await outcome(sender.send(outgoing(at), never))).to.equal('destination_unreachable');
    });

    it('takes a refusal before everything is sent', async () => {
      const at = await listening((socket) =>
        socket.write('HTTP/1.1 413 Too much\r\nContent-Length: 0\r\n\r\n'),
      );
      expect(await outcome(sender.send(outgoing(at), never))).to.deep.equal({ status: 413 });
    });
  });
});
