/**
 * `npm run soak -- --minutes N [--plot FILE] [--json FILE]`: a service under steady load, looked at every few seconds. Calls
 * come and go, codes are pressed on them, recordings run and end, a webhook and a stream of events are told of it, requests
 * are made. Memory, handles and latency are to be as flat at the end as they were once all of it was under way.
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Presses } from './codes.js';
import { ACCOUNT, beginning, ending, type BenchCall } from './legs.js';
import { plot, type Panel } from './plot.js';
import { BenchService, CODES, TOKEN } from './service.js';
import { median, quantile } from './stats.js';
import { BareSwitch, framesOf } from './switch.js';
import { figure, machine } from './table.js';

const { values: given } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    plot: { type: 'string', default: 'docs/soak.svg' },
    json: { type: 'string', default: 'docs/soak.json' },
    sources: { type: 'boolean', default: false },
  },
});
const END_MS = Number(given.minutes) * 60_000;
/** Live calls, and what happens in a second. */
const LOAD = { live: 1000, calls: 20, recordings: 5, requests: 20 };
/** Milliseconds between two codes of a call, and between two looks. */
const CODE_MS = 1000;
const LOOK_MS = Math.min(5000, END_MS / 10);
/** What is kept of what has ended fills up at first: the last fifth is held against the fifth from here on. */
const SETTLED = 0.4;

/** One look at the service. */
interface Look {
  /** Since the beginning. */
  seconds: number;
  heap_mib: number;
  rss_mib: number;
  handles: number;
  /** Percent of a processor since the look before. */
  cpu_percent: number;
  /** Of what happened since the look before. */
  code_p99_ms: number;
  http_p99_ms: number;
}

/** What was done in all. */
const done = { calls: 0, codes: 0, requests: 0, webhooks: 0, streamed: 0 };
const codeMs: number[] = [];
const httpMs: number[] = [];
let isOver = false;
/** A look stops the service for a collection, which is none of its doing. */
let isLooking = false;

const bare = await BareSwitch.listen();
const service = await BenchService.start(bare.port, given.sources);
const receiver = createServer((request, response) => {
  done.webhooks++;
  request.resume().once('end', () => response.end());
}).listen(0, '127.0.0.1');
await once(receiver, 'listening');
const { port } = receiver.address() as AddressInfo;
await service.ask('PUT', `/accounts/${ACCOUNT}/webhooks`, {
  name: 'soak',
  uri: `http://127.0.0.1:${port}/`,
  http_verb: 'post',
  hook: 'all',
});
const stream = await fetch(`${service.url}/v2/accounts/${ACCOUNT}/events`, {
  headers: { 'X-Auth-Token': TOKEN },
});
const reading = (async () => {
  const reader = stream.body?.getReader();
  for (let part = await reader?.read(); part?.value; part = await reader?.read())
    done.streamed += part.value.length;
})().catch(() => undefined);
await bare.fill(LOAD.live);
const presses = new Presses(bare);
const recorded = new WeakSet<BenchCall>();

/** So many times a second, until it is over; one that takes long makes the next ones no more. */
async function every(perSecond: number, work: (n: number) => Promise<void> | void): Promise<void> {
  const began = performance.now();
  for (let n = 0; !isOver; n++) {
    void work(n);
    await delay(Math.max(0, began + ((n + 1) * 1000) / perSecond - performance.now()));
  }
}

function callComes(): void {
  const old = bare.remove();
  const bodies = old ? ending(old) : [];
  bare.send(framesOf([...bodies, ...beginning(bare.add())]));
  done.calls++;
}

/** A call in the middle of its life is recorded, masked, unmasked and stopped. */
async function recordingRuns(): Promise<void> {
  const call = bare.calls.slice(bare.calls.length / 2).find((each) => !recorded.has(each));
  if (!call) return;
  recorded.add(call);
  for (const code of Object.keys(CODES.numbers)) {
    for (const digit of `*${code}`) presses.press(call.callee, digit);
    presses.expect(call.caller, (ms) => {
      if (!isLooking) codeMs.push(ms);
    });
    done.codes++;
    await delay(CODE_MS);
  }
}

async function requestIsMade(n: number): Promise<void> {
  const user = `users/${1000 + (n % 1000)}`;
  const asked = [`${user}/metaflows`, `${user}/channels`, 'recordings?page_size=20', 'webhooks'];
  const began = performance.now();
  if (n % 10 === 0) await service.ask('POST', `/accounts/${ACCOUNT}/${user}/metaflows`, CODES);
  else await service.ask('GET', `/accounts/${ACCOUNT}/${asked[n % asked.length] ?? ''}`);
  if (!isLooking) httpMs.push(performance.now() - began);
  done.requests++;
}

const looks: Look[] = [];
const began = performance.now();
const load = [
  every(LOAD.calls, callComes),
  every(LOAD.recordings, recordingRuns),
  every(LOAD.requests, requestIsMade),
];
let cpu = (await service.vitals()).cpu;
while (performance.now() - began < END_MS) {
  await delay(LOOK_MS);
  isLooking = true;
  const vitals = await service.vitals();
  isLooking = false;
  looks.push({
    seconds: Math.round((performance.now() - began) / 1000),
    heap_mib: vitals.heap / 2 ** 20,
    rss_mib: vitals.rss / 2 ** 20,
    handles: vitals.handles,
    cpu_percent: (100 * (vitals.cpu - cpu)) / LOOK_MS,
    code_p99_ms: quantile(codeMs.splice(0), 0.99),
    http_p99_ms: quantile(httpMs.splice(0), 0.99),
  });
  cpu = vitals.cpu;
}
isOver = true;
await Promise.all(load);
await delay(CODE_MS * Object.keys(CODES.numbers).length);
const unanswered = presses.open;
presses.close();
await service.close();
await reading;
await bare.close();
receiver.close();

const part = (from: number, key: keyof Look) =>
  median(
    looks
      .slice(Math.floor(looks.length * from), Math.ceil(looks.length * (from + 0.2)))
      .map((look) => look[key]),
  );
const compared = (
  ['heap_mib', 'rss_mib', 'handles', 'cpu_percent', 'code_p99_ms', 'http_p99_ms'] as const
).map((key) => ({ name: key, settled: part(SETTLED, key), end: part(0.8, key) }));
const panels: Panel[] = [
  {
    title: 'memory, MiB',
    lines: { 'heap after a collection': series('heap_mib'), 'given by the system': series('rss_mib') },
  },
  { title: 'open handles', lines: { 'sockets, timers, files, requests': series('handles') } },
  {
    title: 'latency, p99, ms',
    lines: { 'code to uuid_record': series('code_p99_ms'), 'HTTP request': series('http_p99_ms') },
  },
];
writeFileSync(
  given.plot,
  plot(
    `${given.minutes} minutes under steady load`,
    looks.map(({ seconds }) => seconds),
    panels,
  ),
);
const { name } = machine();
writeFileSync(
  given.json,
  `${JSON.stringify({ machine: name, load: LOAD, done, unanswered, compared, looks }, null, 2)}\n`,
);
process.stdout.write(`${JSON.stringify(done)}, ${unanswered} codes unanswered\n`);
for (const { name, settled, end } of compared) {
  process.stdout.write(`${name.padEnd(14)} ${figure(settled).padStart(8)} → ${figure(end).padStart(8)}\n`);
}

function series(key: keyof Look): number[] {
  return looks.map((look) => look[key]);
}
