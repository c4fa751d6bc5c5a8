import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { beginning, benchCall, dtmf, ending } from '../../bench/legs.js';
import { isReached, markdown, type Row } from '../../bench/table.js';
import { eventOf } from '../../src/switch/parse.js';

/** Nothing is judged by its speed here: how much is done is as little as shows that all of it runs. */
describe('the bench', () => {
  let folder: string;

  before(async () => (folder = await mkdtemp(join(tmpdir(), 'metaflows-bench-test-'))));
  after(() => rm(folder, { recursive: true, force: true }));

  async function run(
    script: 'bench' | 'soak',
    ...args: string[]
  ): Promise<{ stdout: string; json: unknown }> {
    const file = fileURLToPath(new URL(`../../bench/${script}.ts`, import.meta.url));
    const json = join(folder, `${script}.json`);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', file, '--sources', '--json', json, ...args],
      { env: { PATH: process.env.PATH, FREESWITCH_BIN: join(folder, 'none') } },
    );
    return { stdout, json: JSON.parse(await readFile(json, 'utf8')) };
  }

  it('measures every figure, and says what it could not', async function () {
    this.timeout(120_000);
    const { stdout, json } = await run('bench', '--calls', '20', '--rounds', '1');
    const rows = json as Row[];
    for (const row of rows) {
      expect(row).to.have.all.keys('name', 'value', 'unit', 'against', 'ratio', 'goal');
      expect(stdout).to.include(row.name);
    }
    const [machine, ...figures] = rows;
    expect(machine?.name).to.include(process.version);
    const goals = {
      GET: '>= 0.6',
      POST: '>= 0.5',
      memory: '<= 8',
      'one event': '<= 1.25',
      'switch events': '>= 0.35',
      p50: null,
      p99: '<= 2',
      'ready again': '<= 1.5',
    };
    for (const [name, goal] of Object.entries(goals)) {
      const found = figures.find((row) => row.name.includes(name));
      expect(found?.value, name).to.be.a('number').above(0);
      expect(found?.goal, name).to.equal(goal);
      if (name !== 'memory') expect(found?.ratio, name).to.be.a('number').above(0);
    }
    const last = figures.at(-1);
    expect([last?.value, last?.ratio, last?.goal]).to.deep.equal([null, null, '<= 1.1']);
    expect(last?.against).to.include('not measured');
  });

  it('soaks, and draws what it saw', async function () {
    this.timeout(120_000);
    const svg = join(folder, 'soak.svg');
    const { json } = await run('soak', '--minutes', '0.05', '--plot', svg);
    const { done, looks } = json as { done: Record<string, number>; looks: Record<string, number>[] };
    for (const [what, count] of Object.entries(done)) expect(count, what).to.be.above(0);
    expect(looks[0]).to.include.all.keys('heap_mib', 'handles', 'code_p99_ms', 'http_p99_ms');
    const drawn = await readFile(svg, 'utf8');
    expect(drawn).to.match(/^<svg .*<\/svg>\n$/s);
    expect(drawn.match(/<polyline/g)).to.have.length(5);
  });

  it('sends events as long as those of a real switch, and the service knows each of them', () => {
    const call = benchCall(1);
    for (const body of [...beginning(call), dtmf(call.callee, '5'), ...ending(call)]) {
      expect(body.length).to.be.within(3000, 4096);
      expect(eventOf(JSON.parse(body) as Record<string, unknown>)).not.to.equal(undefined);
    }
  });

  it('says of each figure whether it is as it is to be', () => {
    const row = { name: 'a', value: 10, unit: 'ms', against: 'b: 5', ratio: 2, goal: '<= 2' };
    const rows = [
      row,
      { ...row, ratio: 2.01 },
      { ...row, ratio: null, goal: '>= 10' },
      { ...row, goal: null },
    ];
    expect(rows.map(isReached)).to.deep.equal([true, false, true, undefined]);
    expect(isReached({ ...row, value: null, ratio: null })).to.equal(undefined);
    expect(markdown([row]).split('\n')[2]).to.equal('| a      | 10 ms | b: 5    | 2.00  | <= 2 ✓ |');
  });
});
