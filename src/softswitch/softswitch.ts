import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { MediaClock } from './clock.js';
import { Handsets } from './handsets.js';
import { Instance, type Log } from './instance.js';
import { acceptAtPbx, pbx } from './pbx.js';
import { Recorder } from './recorder.js';
import { acceptAtPhone, phones } from './phones.js';
import { EventSocket } from './socket.js';
import { Timers } from './timers.js';

export interface SoftswitchOptions {
  /** The directory's domain: the account that the telephones' users belong to. */
  domain?: string;
  /** Where `recordings_dir` of the dialplan points to; by default a folder for what passes. */
  recordingsDir?: string;
  /** Of both event sockets; by default one that is made. */
  password?: string;
  log: Log;
}

/** Where an event socket listens. */
export interface Address {
  host: string;
  port: number;
  password: string;
}

/**
 * A PBX and its telephones in this process: two event sockets that answer as those of two FreeSWITCH 1.10.12
 * do, and audio that is really written. Everything it starts ends with {@link close}.
 */
export class Softswitch extends Handsets {
  readonly pbx: Instance;
  #clock: MediaClock;
  #timers: Timers;
  #sockets: { pbx: EventSocket; phones: EventSocket };
  #password: string;
  #address: Address | undefined;

  constructor({
    domain = 'demo',
    recordingsDir = tmpdir(),
    password = randomUUID(),
    log,
  }: SoftswitchOptions) {
    const clock = new MediaClock();
    const timers = new Timers();
    const pbxInstance: Instance = new Instance(
      pbx({
        domain,
        recordingsDir,
        phones: () => ({
          phone: acceptAtPhone(phonesInstance, 'phones', domain),
          outside: acceptAtPhone(phonesInstance, 'outside', domain),
        }),
      }),
      clock,
      timers,
      log,
    );
    const phonesInstance: Instance = new Instance(
      phones({ domain, recordingsDir, pbx: () => acceptAtPbx(pbxInstance, domain) }),
      clock,
      timers,
      log,
    );
    super(phonesInstance, pbxInstance);
    this.pbx = pbxInstance;
    this.#clock = clock;
    this.#password = password;
    this.#timers = timers;
    this.#sockets = {
      pbx: new EventSocket(pbxInstance, password),
      phones: new EventSocket(phonesInstance, password),
    };
  }

  /** Where the service connects to, once it is started. */
  get address(): Address | undefined {
    return this.#address;
  }

  /** Listens on two ports of the loopback interface that the system chooses. */
  async start(): Promise<{ pbx: Address; phones: Address }> {
    const common = { host: '127.0.0.1', password: this.#password };
    this.#address = { ...common, port: await this.#sockets.pbx.listen() };
    return { pbx: this.#address, phones: { ...common, port: await this.#sockets.phones.listen() } };
  }

  /** Ends the PBX without a farewell: its connections are reset, its recordings left unfinished. */
  async crash(): Promise<void> {
    for (const leg of this.pbx.channels.values()) {
      for (const bug of leg.media.bugs.splice(0)) if (bug instanceof Recorder) bug.abandon();
    }
    this.pbx.channels.clear();
    await this.#sockets.pbx.close(false);
  }

  async close(): Promise<void> {
    for (const leg of [...this.pbx.channels.values()]) leg.hangup('SYSTEM_SHUTDOWN');
    this.#timers.close();
    this.#clock.close();
    await Promise.all([this.#sockets.pbx.close(true), this.#sockets.phones.close(true)]);
  }
}
