/**
 * `npm run bench -- [--json FILE] [--only NAME] [--rounds N] [--calls N] [--write PAGE]`: what the service costs, each
 * figure beside what it cannot be faster than, turn by turn, so that a noisy moment hits both. Every figure is the median
 * of its rounds. `--calls` is how many are live, all else goes by it; a page has its table written into it; `--sources` runs what has not been
 * built.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { PutOrder } from './bare-put.js';
import { BareClient } from './client.js';
import { codeRound, roundTrips } from './codes.js';
import { eventRound, type EventRates } from './events.js';
import { requestRate, startBare, type Request } from './http.js';
import { keyPress } from './key-press.js';
import { ACCOUNT } from './legs.js';
import { bareRound, restartRound, SHOW_LAG_MS, startRecordings } from './restart.js';
import { BenchService, CODES, TOKEN } from './service.js';
import { median, quantile } from './stats.js';
import { BareSwitch } from './switch.js';
import { figure, machine, markdown, writePage, type Row } from './table.js';

const { values: given } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string' },
    write: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    calls: { type: 'string', default: '10000' },
    sources: { type: 'boolean', default: false },
  },
});
const ROUNDS = Number(given.rounds);
const CALLS = Number(given.calls);
/** Milliseconds that a round of requests lasts, seconds a round of codes. */
const REQUESTS_MS = Math.min(1000, CALLS);
const CODES_S = 4;
const FREESWITCH = process.env['FREESWITCH_BIN'] ?? '/usr/local/freeswitch/bin/freeswitch';

interface Lab {
  bare: BareSwitch;
  service: BenchService;
}

/** In this order, since the number of live calls goes up; each measures on what the one before has left. */
const MEASURES: Record<string, (lab: Lab) => Promise<Row[]>> = {
  http,
  memory,
  growth,
  events,
  codes,
  restart,
};

async function http({ service }: Lab): Promise<Row[]> {
  const headers = { 'X-Auth-Token': TOKEN };
  const path = (n: number) => `/v2/accounts/${ACCOUNT}/users/${1000 + (n % 1000)}/metaflows`;
  const get: Request = { method: 'GET', path, headers };
  const post: Request = { method: 'POST', path, headers, body: JSON.stringify({ data: CODES }) };
  const express = startBare<object, number>('express');
  const pouch = startBare<PutOrder, number>('put');
  const answer: unknown = await (await fetch(service.url + path(0), { headers })).json();
  const bareUrl = `http://127.0.0.1:${await express.ask(answer as object)}`;
  const rates = { get: [] as number[], bareGet: [] as number[], post: [] as number[], put: [] as number[] };
  // The first of each makes its documents, and warms up.
  for (let round = -1; round < ROUNDS; round++) {
    const [bareGet, ours] = [
      await requestRate(bareUrl, get, REQUESTS_MS),
      await requestRate(service.url, get, REQUESTS_MS),
    ];
    const [put, posted] = [
      await pouch.ask({ value: { value: CODES }, ms: REQUESTS_MS }),
      await requestRate(service.url, post, REQUESTS_MS),
    ];
    if (round < 0) continue;
    rates.bareGet.push(bareGet);
    rates.get.push(ours);
    rates.put.push(put);
    rates.post.push(posted);
  }
  await Promise.all([express.close(), pouch.close()]);
  return [
    beside('GET metaflows', 'requests/s', rates.get, 'a bare express route', rates.bareGet, '>= 0.6'),
    beside('POST metaflows', 'requests/s', rates.post, 'a bare PouchDB put', rates.put, '>= 0.5'),
  ];
}

async function memory({ bare, service }: Lab): Promise<Row[]> {
  const each: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await bare.fill(0);
    const before = (await service.vitals()).heap;
    await bare.fill(CALLS);
    each.push(((await service.vitals()).heap - before) / CALLS / 1024);
  }
  const name = `memory for one live call, ${CALLS} of them`;
  return [{ name, value: median(each), unit: 'KiB', against: null, ratio: null, goal: '<= 8' }];
}

async function growth({ bare }: Lab): Promise<Row[]> {
  const sizes = [...[10, 100, 1000].filter((size) => size < CALLS), CALLS];
  const each = new Map(sizes.map((size) => [size, [] as number[]]));
  // The first warms up: with few calls, that would be all there is to see.
  for (let round = -1; round < ROUNDS; round++) {
    for (const size of sizes) {
      await bare.fill(size);
      const us = 1e6 / (await eventRound(bare, CALLS)).service;
      if (round >= 0) each.get(size)?.push(us);
    }
  }
  const [least = 10] = sizes;
  const few = each.get(least) ?? [];
  return sizes.slice(1).map((size) => {
    const name = `one event with ${size} live calls`;
    return beside(name, 'µs', each.get(size) ?? [], `with ${least} live calls`, few, '<= 1.25');
  });
}

async function events({ bare }: Lab): Promise<Row[]> {
  await bare.fill(CALLS);
  const rates: EventRates[] = [];
  for (let round = 0; round < ROUNDS; round++) rates.push(await eventRound(bare, 2 * CALLS));
  const [ours, parse] = [rates.map(({ service }) => service), rates.map((rate) => rate.parse)];
  const name = `switch events through the whole service, ${CALLS} live calls`;
  return [beside(name, 'events/s', ours, 'JSON.parse alone', parse, '>= 0.35')];
}

async function codes({ bare, service }: Lab): Promise<Row[]> {
  await bare.fill(CALLS);
  const client = await BareClient.connect(bare.port);
  const [ours, trips, idle]: [number[][], number[][], number[][]] = [[], [], []];
  for (let round = 0; round < ROUNDS; round++) {
    const round = await codeRound(bare, service, CALLS / 10, CODES_S);
    ours.push(round.codes);
    trips.push(round.trips);
    idle.push(await roundTrips(client, 5000));
  }
  client.close();
  const load = `${CALLS / 10} codes/s`;
  const us = (rounds: number[][], share: number) => rounds.map((round) => quantile(round, share) * 1000);
  return ([0.5, 0.99] as const).flatMap((share) => {
    const p = `p${share * 100}`;
    const [taken, trip, bareTrip] = [us(ours, share), us(trips, share), us(idle, share)];
    const goal = share === 0.99 ? '<= 2' : null;
    const against = 'an api round trip on the same socket then';
    const alone = 'a bare client’s, with nothing else on the switch';
    return [
      beside(`DTMF event to uuid_record, ${load}, ${p}`, 'µs', taken, against, trip, goal),
      beside(`that api round trip, ${load}, ${p}`, 'µs', trip, alone, bareTrip, null),
    ];
  });
}

async function restart({ bare, service }: Lab): Promise<Row[]> {
  await bare.fill(CALLS);
  await startRecordings(bare, CALLS / 10);
  const [ours, commands]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    commands.push(await bareRound(bare));
    ours.push(await restartRound(bare, service));
  }
  const name = `ready again after a kill, ${CALLS} live calls, ${CALLS / 10} recordings`;
  return [
    beside(
      name,
      'ms',
      ours,
      `the bare commands, with the ${SHOW_LAG_MS} ms that show lags`,
      commands,
      '<= 1.5',
    ),
  ];
}

async function keys(): Promise<Row[]> {
  const name = 'key press to RECORD_START on a real FreeSWITCH';
  const against = 'its own bind_digit_action';
  if (!existsSync(FREESWITCH)) {
    return [
      {
        name,
        value: null,
        unit: 'ms',
        against: 'not measured: no FREESWITCH_BIN',
        ratio: null,
        goal: '<= 1.1',
      },
    ];
  }
  const { service, binding } = await keyPress(3 * ROUNDS);
  return [beside(name, 'ms', service, against, binding, '<= 1.1')];
}

/** One figure that could not be had costs the others nothing. */
function failed(name: string, error: unknown): Row[] {
  process.exitCode = 1;
  const against = `not measured: ${error instanceof Error ? error.message : String(error)}`;
  return [{ name, value: null, unit: '', against, ratio: null, goal: null }];
}

/** The medians of both, and their ratio. */
function beside(
  name: string,
  unit: string,
  ours: number[],
  against: string,
  theirs: number[],
  goal: string | null,
): Row {
  const [value, other] = [median(ours), median(theirs)];
  return { name, value, unit, against: `${against}: ${figure(other)}`, ratio: value / other, goal };
}

const names = [...Object.keys(MEASURES), 'key-press'];
if (given.only !== undefined && !names.includes(given.only)) {
  process.stderr.write(`--only is one of ${names.join(', ')}\n`);
  process.exit(2);
}
const rows = [machine()];
const wanted = Object.entries(MEASURES).filter(([name]) => given.only === undefined || given.only === name);
if (wanted.length > 0) {
  const bare = await BareSwitch.listen();
  const service = await BenchService.start(bare.port, given.sources);
  try {
    for (const [name, measure] of wanted) {
      process.stderr.write(`${name} …\n`);
      rows.push(...(await measure({ bare, service }).catch((error: unknown) => failed(name, error))));
    }
  } finally {
    await service.close();
    await bare.close();
  }
}
if (given.only === undefined || given.only === 'key-press') {
  process.stderr.write('key-press …\n');
  rows.push(...(await keys()));
}
const table = markdown(rows);
process.stdout.write(`${table}\n`);
if (given.json !== undefined) writeFileSync(given.json, `${JSON.stringify(rows, null, 2)}\n`);
if (given.write !== undefined) writePage(given.write, table);
