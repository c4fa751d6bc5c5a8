import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LabSocket, nameOf, type LabEvent } from './lab-socket.js';
import { DOMAIN, type RunningSwitch } from './lab-switch.js';
import { PHONE_TONES } from './tones.js';

/** The FreeSWITCH that the tests run, `FREESWITCH_BIN`. */
export function freeswitchBinary(): string {
  return process.env.FREESWITCH_BIN ?? '/usr/local/freeswitch/bin/freeswitch';
}

const PASSWORD = 'lab';
const REGISTERED = Object.keys(PHONE_TONES).length;
/** Each instance's; a call takes two, and RTCP one more beside each. */
const RTP_PORTS = 400;
const START_DEADLINE = 30_000;

/** Starts a PBX and its phones, each a FreeSWITCH with a folder of its own, and waits until all are registered. */
export async function startFreeSwitch(): Promise<RunningSwitch> {
  const folder = await mkdtemp(join(tmpdir(), 'metaflows-lab-'));
  const running: ChildProcess[] = [];
  const end = (): void => {
    for (const child of running) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  // mocha interrupted: neither may outlive it
  process.once('exit', end);
  const terminated = (): void => process.exit(143);
  process.once('SIGTERM', terminated);

  const [pbxPort, phonesPort, pbxSip, carrierSip, phonesSip, outsideSip] = (await freePorts(6)) as Six;
  const rtp = await freeRange(2 * RTP_PORTS);
  const common = {
    ESL_PASSWORD: PASSWORD,
    PBX_SIP_PORT: pbxSip,
    PBX_CARRIER_PORT: carrierSip,
    PHONES_SIP_PORT: phonesSip,
    OUTSIDE_SIP_PORT: outsideSip,
    USERS: numbers().map(user).join('\n'),
    GATEWAYS: numbers()
      .map((number) => gateway(number, pbxSip))
      .join('\n'),
    PHONES: numbers().map(phone).join('\n'),
  };
  const start = (name: string, port: number, rtpStart: number): ChildProcess => {
    const child = run(join(folder, name), name, {
      ...common,
      ESL_PORT: port,
      RTP_START: rtpStart,
      RTP_END: rtpStart + RTP_PORTS - 2,
    });
    running.push(child);
    return child;
  };

  try {
    let pbx = start('pbx', pbxPort, rtp);
    (await connected('pbx', pbxPort)).close();
    start('phones', phonesPort, rtp + RTP_PORTS);
    const phones = await connected('phones', phonesPort);
    await registered(phones);
    phones.close();
    const switches: RunningSwitch = {
      pbx: { host: '127.0.0.1', port: pbxPort, password: PASSWORD },
      phones: { host: '127.0.0.1', port: phonesPort, password: PASSWORD },
      carrier: `127.0.0.1:${carrierSip}`,
      recordingsDir: join(folder, 'pbx', 'recordings'),
      crash: async () => {
        const ended = exited(pbx);
        pbx.kill('SIGKILL');
        await ended;
      },
      restart: async () => {
        pbx = start('pbx', pbxPort, rtp);
        (await connected('pbx', pbxPort)).close();
        const phones = await connected('phones', phonesPort);
        await phones.api('hupall');
        const mark = phones.mark();
        await phones.api('sofia profile phones register all');
        await Promise.all(numbers().map((number) => registeredAgain(phones, number, mark)));
        phones.close();
        return switches;
      },
      fillDisk: () => {
        throw new Error('the disk of a real FreeSWITCH is filled by root, who may mount one');
      },
      close: async () => {
        const ended = running.map((child) => exited(child));
        end();
        await Promise.all(ended);
        rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
        process.off('exit', end);
        process.off('SIGTERM', terminated);
      },
    };
    return switches;
  } catch (error) {
    end();
    throw error;
  }
}

type Six = [number, number, number, number, number, number];

/** Each is an option of the binary, and the folder of that name. */
const FOLDERS = ['conf', 'log', 'db', 'run', 'recordings', 'storage', 'cache', 'certs', 'temp'];

/** Starts one instance in its folder, with the configuration that test/contract/freeswitch has for it. */
function run(folder: string, name: string, values: Record<string, string | number>): ChildProcess {
  for (const sub of FOLDERS) mkdirSync(join(folder, sub), { recursive: true });
  const template = readFileSync(new URL(`../contract/freeswitch/${name}.xml`, import.meta.url), 'utf8');
  const filled = template.replace(
    /@([A-Z_]+)@/g,
    (whole, key: string) => `${key === 'DIR' ? folder : (values[key] ?? whole)}`,
  );
  writeFileSync(join(folder, 'conf', 'freeswitch.xml'), filled);
  const folders = FOLDERS.flatMap((sub) => [`-${sub}`, join(folder, sub)]);
  return spawn(freeswitchBinary(), ['-nf', '-nonat', '-nc', ...folders], { stdio: 'ignore' });
}

async function connected(name: string, port: number): Promise<LabSocket> {
  const deadline = Date.now() + START_DEADLINE;
  for (;;) {
    try {
      return await LabSocket.open(name, { port, password: PASSWORD });
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`FreeSWITCH (${name}) did not start`, { cause: error });
      // nothing tells when a process begins to listen
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Until every phone is registered with the PBX. */
async function registered(phones: LabSocket): Promise<void> {
  for (;;) {
    const mark = phones.mark();
    const status = await phones.api('sofia status');
    if (status.split('REGED').length - 1 === REGISTERED) return;
    await phones.until('registration', (event) => nameOf(event) === 'sofia::gateway_state', mark);
  }
}

async function registeredAgain(phones: LabSocket, number: string, from: number): Promise<void> {
  const says = (event: LabEvent) => event.Gateway === number && event.State === 'REGED';
  await phones.until(
    `registration of ${number}`,
    (event) => nameOf(event) === 'sofia::gateway_state' && says(event),
    from,
    START_DEADLINE,
  );
}

function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** Ports that were free a moment ago, for UDP and TCP. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** The first of `count` UDP ports, even, below those that the system gives away, none of the ends in use. */
async function freeRange(count: number): Promise<number> {
  for (;;) {
    const first = 10_000 + 2 * Math.floor(Math.random() * 9000);
    const ends = await Promise.all([first, first + count / 2, first + count - 1].map(isFree));
    if (ends.every(Boolean)) return first;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}

function numbers(): string[] {
  return Object.keys(PHONE_TONES);
}

function user(number: string): string {
  return (
    `<user id="${number}"><params><param name="password" value="secret-${number}"/></params><variables>` +
    `<variable name="user_context" value="default"/><variable name="accountcode" value="${number}"/>` +
    `<variable name="effective_caller_id_name" value="Extension ${number}"/>` +
    `<variable name="effective_caller_id_number" value="${number}"/></variables></user>`
  );
}

function gateway(number: string, pbx: number): string {
  const params: Record<string, string> = {
    username: number,
    password: `secret-${number}`,
    realm: DOMAIN,
    'from-domain': DOMAIN,
    proxy: `127.0.0.1:${pbx}`,
    'register-proxy': `127.0.0.1:${pbx}`,
    register: 'true',
    'expire-seconds': '600',
    'retry-seconds': '5',
    extension: number,
    'extension-in-contact': 'true',
    'caller-id-in-from': 'false',
    'contact-params': `phone=${number}`,
  };
  const xml = Object.entries(params).map(([name, value]) => `<param name="${name}" value="${value}"/>`);
  return `<gateway name="${number}">${xml.join('')}</gateway>`;
}

function phone(number: string): string {
  return (
    `<extension name="${number}"><condition field="destination_number" expression="^${number}$">` +
    '<action application="set" data="playback_terminators=none"/><action application="answer"/>' +
    `<action application="playback" data="tone_stream://v=-13;%(1000,0,${PHONE_TONES[number]});loops=-1"/>` +
    '</condition></extension>'
  );
}
