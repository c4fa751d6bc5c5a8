import { expect } from 'chai';
import { beginning } from '../../src/recording/document.js';
import { maskNote } from '../../src/recording/segments.js';
import { buglist, displace, record, setGlobal } from '../../src/switch/commands.js';
import { fenced } from '../../src/switch/fence.js';
import { planOf } from './plan.js';

describe('chaos: the plan', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planOf(7, 2, 4)).to.deep.equal(planOf(7, 2, 4));
    expect(planOf(7, 2, 4)).not.to.deep.equal(planOf(8, 2, 4));
  });

  it('has every kind of fault and of step in two minutes', () => {
    const { faults, lines } = planOf(1, 2, 4);
    const kinds = 'clock cut disk_full kill kill_at reset stall switch_crash uploads webhooks';
    expect([...new Set(faults.map(({ kind }) => kind))].sort().join(' ')).to.equal(kinds);
    const steps = lines.flat().flatMap((call) => call.steps.map((step) => step.do));
    expect([...new Set(steps)].sort().join(' ')).to.equal('ask attended hold keys press talk transfer');
    expect(new Set(lines.flat().map(({ route }) => route))).to.have.keys('direct', 'loopback', 'outside');
  });

  it('gives each line telephones of its own, and whoever is outside presses nothing', () => {
    const { lines } = planOf(3, 20, 5);
    const owners = new Map<string, number>();
    for (const [line, calls] of lines.entries()) {
      for (const { from, to, third, route, steps } of calls) {
        expect(new Set([from, to, third]).size).to.equal(3);
        for (const phone of [from, to, third]) expect(owners.get(phone) ?? line).to.equal(line);
        for (const phone of [from, to, third]) owners.set(phone, line);
        if (route !== 'outside') continue;
        for (const step of steps) if ('by' in step) expect(step.by).to.equal('callee');
      }
    }
    expect(owners.size).to.equal(20);
  });

  it('kills around commands as the event socket has them', () => {
    const said = [
      ...(['start', 'mask', 'unmask', 'stop'] as const).map((verb) => record(verb, 'leg', '/a.wav')),
      setGlobal(beginning('id'), 'note'),
      setGlobal(maskNote('id'), '-'),
      displace('leg', '/a.wav'),
    ].map((command) => fenced(command, 'me'));
    const asked = [buglist('leg'), { command: 'show', args: 'channels as json' }];
    const lines = [...said, ...asked].map(({ command, args }) => `api ${command} ${args}`);
    const { faults } = planOf(1, 60, 4);
    const traps = new Set(faults.flatMap((fault) => (fault.kind === 'kill_at' ? [fault.command] : [])));
    const meant = [...traps].filter((trap) => trap !== 'bind_digit_action');
    expect(meant).to.have.lengthOf(lines.length);
    for (const line of lines)
      expect(
        meant.some((trap) => new RegExp(trap).test(line)),
        line,
      ).to.equal(true);
    for (const trap of meant)
      expect(
        lines.some((line) => new RegExp(trap).test(line)),
        trap,
      ).to.equal(true);
  });

  it('ends faults before the run does, and kills before that', () => {
    const { faults, durationMs } = planOf(5, 10, 4);
    const last = (kind: RegExp) =>
      Math.max(...faults.filter((fault) => kind.test(fault.kind)).map(({ at }) => at));
    expect(last(/./)).to.be.within(0.85 * durationMs, 0.9 * durationMs);
    expect(last(/^kill/)).to.be.at.most(0.7 * durationMs);
  });
});
