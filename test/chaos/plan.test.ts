import { expect } from 'chai';
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

  it('ends faults before the run does, and kills before that', () => {
    const { faults, durationMs } = planOf(5, 10, 4);
    const last = (kind: RegExp) =>
      Math.max(...faults.filter((fault) => kind.test(fault.kind)).map(({ at }) => at));
    expect(last(/./)).to.be.within(0.85 * durationMs, 0.9 * durationMs);
    expect(last(/^kill/)).to.be.at.most(0.7 * durationMs);
  });
});
