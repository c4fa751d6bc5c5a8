/** `npm run test:chaos -- --minutes N --seed S [--freeswitch]`: calls, while all that can go wrong does. docs/chaos.md */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PHONE_TONES } from '../support/tones.js';
import { TOKEN } from '../support/lab-service.js';
import { Api } from './api.js';
import { ServiceChild } from './child.js';
import { Conversation } from './conversation.js';
import { Faults } from './faults.js';
import { Journal } from './journal.js';
import type { Observed } from './observed.js';
import { filesBelow, listen, markedFlows, markers, postedUser, tellingLines } from './observe.js';
import { planOf, type PlannedCall } from './plan.js';
import { Targets } from './targets.js';
import { everyEventIsTold, everyUploadArrived, judge, SHORT_MS } from './verdicts.js';
import { pass, World } from './world.js';

/** Between two POSTs, milliseconds. */
const POST_EVERY_MS = 700;
/** How long all may take to end and to be told, once nothing goes wrong any more, milliseconds. */
const SETTLE_MS = 90_000;
/** Room for a minute's recordings of all lines, and to begin with, megabytes. */
const DISK_MB = { aMinute: 12, first: 24 };

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    lines: { type: 'string', default: '4' },
    freeswitch: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const plan = planOf(Number(values.seed), minutes, Number(values.lines));
const journal = new Journal();
const folder = await mkdtemp(join(tmpdir(), 'metaflows-chaos-service-'));
const world = await World.start(values.freeswitch, DISK_MB.first + DISK_MB.aMinute * minutes);
const targets = new Targets();
const [uploadUrl, webhookUrl] = await Promise.all([targets.upload.listen(), targets.webhook.listen()]);
const logFile = join(folder, 'log');
const child = await startChild();
const api = new Api(() => child.url);
const faults = new Faults({ world, child, targets, journal });

const observed = await run();
const verdicts = judge(observed);
report();
const failed = verdicts.some(({ violations }) => violations.length > 0);
await Promise.all([child.stop(), targets.close()]);
await world.close();
if (failed) {
  await writeFile(join(folder, 'observed.json'), JSON.stringify(observed, plain, 1));
  console.log(`\nthe log of the service, its database and what was observed are in ${folder}`);
} else await rm(folder, { recursive: true });
process.exit(failed ? 1 : 0);

/** Maps and sets as JSON has them. */
function plain(_key: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value as Map<string, unknown>);
  return value instanceof Set ? [...(value as Set<unknown>)] : value;
}

async function startChild(): Promise<ServiceChild> {
  const config = join(folder, 'config.json');
  await writeFile(config, JSON.stringify({ limits: { min_free_bytes: 2 ** 20 } }));
  const { pbx, recordingsDir } = world.running;
  const environment = {
    CONFIG: config,
    SWITCHES: `esl://:${pbx.password}@127.0.0.1:${world.relayPort}`,
    HTTP_PORT: '0',
    ADMIN_TOKEN: TOKEN,
    DATABASE: join(folder, 'db'),
    RECORDINGS_DIR: recordingsDir,
    FLOWS_DIR: join(folder, 'none'),
    DELIVERY_ALLOW: '127.0.0.0/8',
    LOG_LEVEL: 'silly',
  };
  const named = Object.entries(environment).map(([name, value]) => [`METAFLOWS_${name}`, value]);
  const service = new ServiceChild(Object.fromEntries(named) as Record<string, string>, logFile);
  await service.start();
  return service;
}

async function run(): Promise<Observed> {
  console.log(
    `seed ${values.seed}, ${minutes} minutes, ${plan.lines.length} lines, ` +
      `${values.freeswitch ? 'FreeSWITCH' : 'embedded softswitch'}${world.canFill ? '' : '; no disk to fill may be mounted'}`,
  );
  await until('readiness', () => api.ready());
  for (const user of Object.keys(PHONE_TONES))
    await api.ask('POST', `/users/${user}/metaflows`, flowsOf(user));
  await api.ask('PUT', '/webhooks', { name: 'chaos', uri: webhookUrl, hook: 'recording', format: 'json' });
  const before = await child.holdings();

  const end = Date.now() + plan.durationMs;
  const over = new AbortController();
  const posting = post(over.signal);
  await Promise.all([...plan.lines.map((calls, line) => talk(calls, line, end)), ...plan.faults.map(fault)]);
  over.abort();
  await posting;

  const recordings = await settled();
  const after = await child.holdings();
  return {
    calls: journal.calls,
    faults: journal.faults,
    posts: journal.posts,
    recordings,
    ...(await listen(api, recordings, world.running.recordingsDir)),
    files: await filesBelow(world.running.recordingsDir),
    stored: await markers(api, journal.posts),
    uploads: targets.uploads,
    told: targets.told,
    tellingLines: await tellingLines(logFile, journal),
    mishaps: child.mishaps,
    before,
    after,
  };
}

/** Every second telephone's recordings are uploaded; those of every fifth are kept only if they are not short. */
function flowsOf(user: string): object {
  const number = Number(user);
  const start = {
    ...(number % 2 === 0 && { url: `${uploadUrl}/recordings` }),
    ...(number % 5 === 0 && { record_min_sec: SHORT_MS / 1000 }),
  };
  const actions = { 71: 'start', 72: 'mask', 73: 'unmask', 74: 'stop' } as const;
  const numbers = Object.entries(actions).map(([code, action]) => [
    code,
    { module: 'record_call', data: { action, ...(action === 'start' && start) } },
  ]);
  return { numbers: Object.fromEntries(numbers) as object };
}

async function talk(calls: PlannedCall[], line: number, end: number): Promise<void> {
  for (const [n, call] of calls.entries()) {
    await pass(call.pause);
    if (Date.now() > end) return;
    const { view, giveBack } = await world.borrow();
    await new Conversation(`${line}.${n}`, call, view, api, journal).hold();
    giveBack();
  }
}

async function fault(planned: (typeof plan.faults)[number]): Promise<void> {
  const { at, ...what } = planned;
  await pass(at);
  const { kind, ...how } = what;
  console.log(`${journal.time()} ${kind} ${Object.values(how).join(' ')}`);
  await faults.happen(what);
}

async function post(signal: AbortSignal): Promise<void> {
  for (let marker = 0; !signal.aborted; marker++) {
    const user = postedUser(marker);
    const entry = { user, marker, acknowledged: false };
    journal.posts.push(entry);
    const answer = await api
      .ask('POST', `/users/${user}/metaflows`, markedFlows(marker))
      .catch(() => undefined);
    entry.acknowledged = answer?.status === 200;
    await pass(POST_EVERY_MS);
  }
}

/** Waits until all has ended, arrived and been told, or should have. */
async function settled(): Promise<Observed['recordings']> {
  const { view, giveBack } = await world.borrow();
  await view.handsets.api('hupall');
  giveBack();
  await until('readiness', () => api.ready());
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const recordings = await api.recordings();
    const seen = { recordings, told: targets.told, uploads: targets.uploads };
    const runs = recordings.some(({ state }) => state === 'recording' || state === 'masked');
    const waits = [everyEventIsTold, everyUploadArrived].some(
      (verdict) => verdict(seen).violations.length > 0,
    );
    if ((!runs && !waits) || Date.now() > deadline) return recordings;
    await pass(500);
  }
}

async function until(what: string, ask: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + SETTLE_MS;
  while (!(await ask().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`no ${what}`);
    await pass(100);
  }
}

function report(): void {
  const { calls, recordings, before, after } = observed;
  const count = (what: string, state: string) => [
    what,
    recordings.filter((one) => one.state === state).length,
  ];
  const codes = calls.flatMap(({ asked }) => asked);
  const heard = (outcome: string) => codes.filter((asked) => asked.outcome === outcome).length;
  const kinds = [...new Set(journal.faults.map(({ kind }) => kind))];
  const figures = [
    ['calls', calls.length],
    ['of them broken off', calls.filter(({ broke }) => broke !== undefined).length],
    ['codes and requests', codes.length],
    ...(['done', 'refused', 'failed', 'nothing'] as const).map((outcome) => [
      `  heard: ${outcome}`,
      heard(outcome),
    ]),
    ...kinds.map((kind) => [`fault: ${kind}`, journal.faults.filter((one) => one.kind === kind).length]),
    count('recordings completed', 'completed'),
    count('recordings discarded', 'discarded'),
    count('recordings failed', 'failed'),
    ['heap before, after, MiB', [before, after].map(({ heap }) => (heap / 2 ** 20).toFixed(1)).join(', ')],
  ] as [string, string | number][];
  console.log('');
  for (const [what, figure] of figures) console.log(`${what.padEnd(28)} ${figure}`);
  for (const [reason, times] of tally(calls.flatMap(({ broke }) => broke ?? [])))
    console.log(`  ${times} × ${reason}`);
  console.log('\nverdict                                          looked at  excused  wrong');
  for (const { what, looked, excused = 0, violations } of verdicts) {
    const numbers = [looked, excused, violations.length].map((number, n) =>
      String(number).padStart([9, 9, 7][n]!),
    );
    console.log(`${what.padEnd(49)}${numbers.join('')}`);
  }
  const wrong = verdicts.filter(({ violations }) => violations.length > 0).length;
  console.log(`\n${verdicts.length - wrong} passing\n${wrong} failing`);
  for (const { what, violations } of verdicts) {
    if (violations.length > 0) console.log(`\n${what}:`);
    for (const violation of violations) console.log(`  ${violation}`);
  }
}

function tally(texts: string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const text of texts) {
    const general = text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|; the last events.*/g, '');
    counts.set(general, (counts.get(general) ?? 0) + 1);
  }
  return [...counts];
}
