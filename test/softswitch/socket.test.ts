import { expect } from 'chai';
import { connect, type Socket } from 'node:net';
import { Softswitch, type Address } from '../../src/softswitch/softswitch.js';
import { capturingLog } from '../support/log.js';

/** A client that sees the wire as it is: one string for each frame, its body after the blank line. */
class RawClient {
  readonly frames: string[] = [];
  readonly closed: Promise<void>;
  #input = '';
  #waiting: (() => void)[] = [];
  #socket: Socket;

  constructor({ host, port }: Address) {
    this.#socket = connect({ host, port }).setEncoding('utf8');
    this.closed = new Promise((resolve) => this.#socket.on('close', () => resolve()));
    this.#socket.on('error', () => undefined);
    this.#socket.on('data', (chunk: string) => {
      this.#input += chunk;
      for (let end = this.#end(); end > 0; end = this.#end()) {
        this.frames.push(this.#input.slice(0, end));
        this.#input = this.#input.slice(end);
      }
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /** Sends it and returns the next frame that is no event. */
  async ask(command: string): Promise<string> {
    const from = this.frames.length;
    this.send(`${command}\n\n`);
    return this.next((frame) => !frame.includes('text/event-'), from);
  }

  async next(match: (frame: string) => boolean, from = 0): Promise<string> {
    for (;;) {
      const found = this.frames.slice(from).find(match);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  end(): void {
    this.#socket.destroy();
  }

  /** Where the first frame ends, in characters; all that is sent in these tests is ASCII. */
  #end(): number {
    const blank = this.#input.indexOf('\n\n');
    if (blank < 0) return -1;
    const length = Number(/Content-Length: (\d+)/.exec(this.#input.slice(0, blank))?.[1] ?? 0);
    const end = blank + 2 + length;
    return this.#input.length < end ? -1 : end;
  }
}

describe('the event socket of the softswitch', () => {
  let softswitch: Softswitch;
  let address: Address;
  let client: RawClient;

  before(async () => {
    softswitch = new Softswitch({ log: capturingLog().log });
    ({ pbx: address } = await softswitch.start());
  });
  after(() => softswitch.close());
  beforeEach(async () => {
    client = new RawClient(address);
    await client.next(() => true);
  });
  afterEach(() => client.end());

  const authenticate = (): Promise<string> => client.ask(`auth ${address.password}`);
  const eventsOf = (frames: readonly string[]): Record<string, string>[] =>
    frames
      .filter((frame) => frame.includes('text/event-json'))
      .map((frame) => JSON.parse(frame.slice(frame.indexOf('\n\n') + 2)) as Record<string, string>);

  it('challenges, and takes the password', async () => {
    expect(client.frames).to.deep.equal(['Content-Type: auth/request\n\n']);
    expect(await authenticate()).to.equal('Content-Type: command/reply\nReply-Text: +OK accepted\n\n');
  });

  it('refuses a wrong password, takes leave and closes', async () => {
    expect(await client.ask('auth nonsense')).to.equal(
      'Content-Type: command/reply\nReply-Text: -ERR invalid\n\n',
    );
    await client.closed;
    expect(client.frames[2]).to.match(
      /^Content-Type: text\/disconnect-notice\nContent-Length: 67\n\nDisconnected/,
    );
  });

  it('does nothing before', async () => {
    expect(await client.ask('api status')).to.include('-ERR command not found');
    expect(await client.ask('event json ALL')).to.include('-ERR command not found');
  });

  it('takes commands in any pieces, and after stray line breaks', async () => {
    const from = client.frames.length;
    for (const piece of `\n\nauth ${address.password}\n\napi ec`) client.send(piece);
    client.send('ho one\n\napi echo two\r\n\r\n');
    await client.next((frame) => frame.endsWith('two'), from);
    expect(client.frames.slice(from + 1)).to.deep.equal([
      'Content-Type: api/response\nContent-Length: 3\n\none',
      'Content-Type: api/response\nContent-Length: 3\n\ntwo',
    ]);
  });

  it('says when a command gives nothing, and when there is none', async () => {
    await authenticate();
    expect(await client.ask('api global_getvar none')).to.include('\n\n-ERR no reply\n');
    expect(await client.ask('api none a b')).to.include('\n\n-ERR none Command not found!\n');
    expect(await client.ask('nonsense')).to.include('Reply-Text: -ERR command not found\n');
  });

  it('sends the events that were asked for, and CUSTOM ones by subclass', async () => {
    await authenticate();
    expect(await client.ask('event json NONSENSE')).to.include('-ERR no keywords supplied');
    expect(await client.ask('event json CHANNEL_CREATE CUSTOM a::b c::d')).to.include(
      '+OK event listener enabled json',
    );
    await softswitch.call('1001', '5900');
    const leg = [...softswitch.pbx.channels.keys()][0]!;
    for (const subclass of ['x::y', 'c::d']) {
      const data = `Event-Name=CUSTOM,Event-Subclass=${subclass},Note=a=b`;
      await client.ask(
        `sendmsg ${leg}\ncall-command: execute\nexecute-app-name: event\nexecute-app-arg: ${data}`,
      );
    }
    await client.next((frame) => frame.includes('c::d'));
    const events = eventsOf(client.frames);
    expect(events.map((event) => event['Event-Subclass'] ?? event['Event-Name'])).to.deep.equal([
      'CHANNEL_CREATE',
      'c::d',
    ]);
    expect(events[1]).to.include({ 'Event-Name': 'CUSTOM', Note: 'a=b', 'Unique-ID': leg });
    for (const name of [
      'Core-UUID',
      'FreeSWITCH-Hostname',
      'Event-Sequence',
      'Channel-State',
      'Caller-Unique-ID',
    ]) {
      expect(events[0], name).to.have.property(name).that.is.a('string');
    }
    expect(Number(events[0]!['Event-Date-Timestamp']) / 1000).to.be.closeTo(Date.now(), 5000);
    await softswitch.hangup('1001');
  });

  it('a filter lets through what it names; several, what any of them names; deleted, all', async () => {
    await authenticate();
    await client.ask('event json CHANNEL_EXECUTE');
    expect(await client.ask('filter Application export')).to.include(
      '+OK filter added. [Application]=[export]',
    );
    await client.ask('filter Application bridge');
    await softswitch.call('1001', '1002');
    await client.next((frame) => frame.includes('"bridge"'));
    await softswitch.hangup('1001');
    expect(eventsOf(client.frames).map((event) => event.Application)).to.deep.equal(['export', 'bridge']);

    expect(await client.ask('filter delete all')).to.include('+OK filter deleted. [all][]');
    const mark = client.frames.length;
    await softswitch.call('1001', '1002');
    await client.next((frame) => frame.includes('"bridge"'), mark);
    expect(eventsOf(client.frames.slice(mark)).map((event) => event.Application)).to.include('set');
    await softswitch.hangup('1001');
  });

  it('answers a command before the events that it made, and commands in one piece before any event', async () => {
    await softswitch.call('1001', '1002');
    const leg = [...softswitch.pbx.channels.keys()][0]!;
    await authenticate();
    await client.ask('event json CHANNEL_HANGUP');
    const mark = client.frames.length;
    client.send(`api uuid_kill ${leg}\n\napi uuid_exists ${leg}\n\n`);
    await client.next((frame) => frame.includes('text/event-json'), mark);
    expect(client.frames.slice(mark, mark + 2).every((frame) => frame.includes('api/response'))).to.equal(
      true,
    );
  });

  it('runs bgapi beside, and tells its answer by an event', async () => {
    await authenticate();
    await client.ask('event json BACKGROUND_JOB');
    const reply = await client.ask('bgapi echo hello');
    const job = /Reply-Text: \+OK Job-UUID: (\S+)\nJob-UUID: \1\n/.exec(reply)?.[1];
    await client.next((frame) => frame.includes('BACKGROUND_JOB'));
    expect(eventsOf(client.frames)[0]).to.include({
      'Job-UUID': job,
      'Job-Command': 'echo',
      'Job-Command-Arg': 'hello',
      _body: 'hello',
    });
  });

  it('writes plain events url-encoded', async () => {
    await authenticate();
    await client.ask('event plain CHANNEL_CREATE');
    await softswitch.call('1001', '5900');
    const event = await client.next((frame) => frame.includes('text/event-plain'));
    expect(event).to.include('\nChannel-Name: sofia/internal/1001%40demo\n');
    expect(event).to.include('\nvariable_user_name: 1001\n');
    await softswitch.hangup('1001');
  });

  it('takes leave at exit', async () => {
    await authenticate();
    expect(await client.ask('exit')).to.include('Reply-Text: +OK bye\n');
    await client.closed;
    expect(client.frames.at(-1)).to.include('text/disconnect-notice');
  });
});
