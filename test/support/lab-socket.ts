import { connect, type Socket } from 'node:net';

/** A switch event as JSON has it; channel variables are `variable_<name>`. */
export type LabEvent = Readonly<Record<string, string>>;

/** How long a test waits for what must come, milliseconds. */
const DEADLINE = 8000;

const EVENTS =
  'CHANNEL_CREATE CHANNEL_ANSWER CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_HOLD CHANNEL_UNHOLD CHANNEL_EXECUTE ' +
  'CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE CHANNEL_DESTROY DTMF RECORD_START RECORD_STOP PLAYBACK_STOP ' +
  'MEDIA_BUG_START MEDIA_BUG_STOP CUSTOM metaflows::code lab::code sofia::gateway_state';

/** The reply to what a connection that has ended was asked. */
const LOST = '-ERR connection lost';

interface Waiting {
  match: (event: LabEvent) => boolean;
  resolve: (event: LabEvent) => void;
}

interface Frame {
  headers: Record<string, string>;
  body: string;
}

/** A bare event socket client: tests judge a switch with nothing of the service between. */
export class LabSocket {
  /** Every event since the connection, in order. */
  readonly events: LabEvent[] = [];
  private readonly waiting = new Set<Waiting>();
  private readonly replies: ((text: string) => void)[] = [];
  /** What has come of the next frame, a byte a character: lengths are counted in bytes. */
  private input = '';

  private constructor(
    private readonly socket: Socket,
    private readonly name: string,
  ) {
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => this.read(chunk));
    socket.on('close', () => {
      for (const reply of this.replies.splice(0)) reply(LOST);
    });
  }

  /** Connects, authenticates and, unless told otherwise, subscribes. Rejects where nothing listens. */
  static async open(
    name: string,
    { port, password }: { port: number; password: string },
    events = EVENTS,
  ): Promise<LabSocket> {
    const socket = connect({ host: '127.0.0.1', port });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    // a switch that is killed resets the connection; who waits for something of it runs into the deadline
    socket.on('error', () => undefined);
    const self = new LabSocket(socket, name);
    const accepted = await self.command(`auth ${password}`);
    if (!accepted.startsWith('+OK')) throw new Error(`${name}: ${accepted}`);
    if (events !== '') await self.command(`event json ${events}`);
    return self;
  }

  close(): void {
    this.socket.destroy();
  }

  /** One command or `api …` line, with its headers; resolves with the body, or else with the Reply-Text. */
  async command(text: string): Promise<string> {
    return (await this.together([text]))[0]!;
  }

  /** Several commands in one write; resolves with all their replies. */
  async together(commands: readonly string[]): Promise<string[]> {
    if (this.socket.destroyed) return commands.map(() => LOST);
    const replies = commands.map(() => new Promise<string>((resolve) => this.replies.push(resolve)));
    this.socket.write(commands.map((command) => `${command}\n\n`).join(''));
    return Promise.all(replies);
  }

  /** `api …`, without the line break that some answers end with. */
  async api(command: string): Promise<string> {
    return (await this.command(`api ${command}`)).trimEnd();
  }

  /** Runs an application on a leg, as the service does. */
  async execute(uuid: string, application: string, data: string): Promise<string> {
    return this.command(execute(uuid, application, data));
  }

  /** A place in {@link events} from which to look. */
  mark(): number {
    return this.events.length;
  }

  /** The first event from `from` on that matches, waiting `deadline` ms for it; `what` is for the failure's message. */
  async until(
    what: string,
    match: (event: LabEvent) => boolean,
    from = 0,
    deadline = DEADLINE,
  ): Promise<LabEvent> {
    const there = this.events.slice(from).find(match);
    if (there) return there;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(entry);
        const names = this.events.slice(from).slice(-20).map(nameOf).join(' ');
        reject(new Error(`${this.name}: no ${what} within ${deadline} ms; the last events were ${names}`));
      }, deadline);
      const entry: Waiting = {
        match,
        resolve: (event) => {
          clearTimeout(timer);
          this.waiting.delete(entry);
          resolve(event);
        },
      };
      this.waiting.add(entry);
    });
  }

  /** {@link until} for an event of one name on one leg, with what else it must say. */
  async event(name: string, uuid: string, says: LabEvent = {}, from = 0): Promise<LabEvent> {
    return this.until(`${name} of ${uuid}`, (event) => isEvent(event, name, uuid, says), from);
  }

  /** The events of one name on one leg that have come so far. */
  of(name: string, uuid: string, from = 0): LabEvent[] {
    return this.events.slice(from).filter((event) => isEvent(event, name, uuid, {}));
  }

  private read(chunk: string): void {
    this.input += chunk;
    for (let frame = this.frame(); frame; frame = this.frame()) this.take(frame);
  }

  private frame(): Frame | undefined {
    const end = this.input.indexOf('\n\n');
    if (end < 0) return undefined;
    const headers: Record<string, string> = {};
    for (const line of this.input.slice(0, end).split('\n')) {
      const colon = line.indexOf(':');
      if (colon > 0) headers[line.slice(0, colon)] = line.slice(colon + 1).trim();
    }
    const length = Number(headers['Content-Length'] ?? 0);
    const rest = end + 2 + length;
    if (this.input.length < rest) return undefined;
    const body = Buffer.from(this.input.slice(end + 2, rest), 'latin1').toString('utf8');
    this.input = this.input.slice(rest);
    return { headers, body };
  }

  private take({ headers, body }: Frame): void {
    switch (headers['Content-Type']) {
      case 'text/event-json': {
        const event = JSON.parse(body) as LabEvent;
        this.events.push(event);
        for (const entry of [...this.waiting]) if (entry.match(event)) entry.resolve(event);
        break;
      }
      case 'api/response':
        this.replies.shift()?.(body);
        break;
      case 'command/reply':
        this.replies.shift()?.(headers['Reply-Text'] ?? '');
        break;
    }
  }
}

/** The text of a `sendmsg` that runs an application on a leg. */
export function execute(uuid: string, application: string, data: string): string {
  return `sendmsg ${uuid}\ncall-command: execute\nexecute-app-name: ${application}\nexecute-app-arg: ${data}`;
}

/** An event's name; that of a CUSTOM event is its subclass. */
export function nameOf(event: LabEvent): string {
  return event['Event-Subclass'] ?? event['Event-Name'] ?? '';
}

function isEvent(event: LabEvent, name: string, uuid: string, says: LabEvent): boolean {
  return (
    nameOf(event) === name &&
    event['Unique-ID'] === uuid &&
    Object.entries(says).every(([header, value]) => event[header] === value)
  );
}
