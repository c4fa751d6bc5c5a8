import { expect } from 'chai';
import { Calls, type Change } from '../../src/calls/calls.js';
import type { SwitchEvent } from '../../src/switch/events.js';
import { bridge, create, IDENTITY, legData, unbridge } from '../support/legs.js';

describe('calls', () => {
  let calls: Calls;
  const apply = (...events: SwitchEvent[]): Change[] => events.flatMap((event) => calls.apply('s', event));
  const leg = (uuid: string) => calls.get(uuid)!;
  const peers = () => [...calls.all()].map(({ uuid, peer }) => [uuid, peer]);
  const told = (changes: Change[]) =>
    changes.map((change) =>
      'legs' in change
        ? `${change.type} ${change.legs.map((l) => l.uuid).join('-')}`
        : `${change.type} ${change.leg.uuid}`,
    );

  beforeEach(() => {
    calls = new Calls(IDENTITY);
    apply(
      create('a', { createdAt: 1, variables: { user_name: '1001', domain_name: 'd' } }),
      create('b', {
        createdAt: 2,
        direction: 'outbound',
        variables: { dialed_user: '1002', dialed_domain: 'd' },
      }),
      create('c', {
        createdAt: 3,
        direction: 'outbound',
        variables: { dialed_user: '1003', dialed_domain: 'd' },
      }),
    );
  });

  it('bridges and parts two legs', () => {
    expect(told(apply(bridge('a', 'b')))).to.deep.equal(['bridged a-b']);
    expect(calls.farLeg(leg('a'))).to.equal(leg('b'));
    expect(leg('b').callId).to.equal('a');
    expect(told(apply(bridge('a', 'b')))).to.deep.equal([]);
    expect(told(apply(unbridge('a', 'b')))).to.deep.equal(['unbridged a-b']);
    expect(told(apply(unbridge('b', 'a')))).to.deep.equal([]);
  });

  it('remembers whose call a leg was that has ended, an outside party’s too', () => {
    apply(create('outside', { createdAt: 4 }), create('alone', { createdAt: 5 }), bridge('b', 'outside'));
    const end = (uuid: string): SwitchEvent[] => [
      { type: 'hangup', uuid, at: 0, cause: 'NORMAL_CLEARING' },
      { type: 'destroy', uuid, at: 0 },
    ];
    expect(calls.accountsOfEnded('outside')).to.deep.equal([]);
    apply(...end('b'), ...end('outside'), ...end('alone'));
    expect(calls.accountsOfEnded('outside')).to.deep.equal(['d']);
    expect(calls.accountsOfEnded('b')).to.deep.equal(['d']);
    expect(calls.accountsOfEnded('alone')).to.deep.equal([]);
    expect(calls.accountsOfEnded('nothing')).to.deep.equal([]);
  });

  it('forgets the first of those that have ended when there are too many', () => {
    apply(create('first', { variables: { user_name: '1001', domain_name: 'd' } }));
    apply({ type: 'destroy', uuid: 'first', at: 0 });
    const end = (count: number) => {
      for (let each = 0; each < count; each += 1) {
        apply(create(`leg-${each}`), { type: 'destroy', uuid: `leg-${each}`, at: 0 });
      }
    };
    end(4999);
    expect(calls.accountsOfEnded('first')).to.deep.equal(['d']);
    end(5000);
    expect(calls.accountsOfEnded('first')).to.deep.equal([]);
  });

  it('moves a leg whose next bridge is told before the last one ended', () => {
    apply(bridge('a', 'b'));
    expect(told(apply(bridge('a', 'c'), unbridge('a', 'b')))).to.deep.equal(['unbridged a-b', 'bridged a-c']);
    expect(peers()).to.deep.equal([
      ['a', 'c'],
      ['b', undefined],
      ['c', 'a'],
    ]);
    expect(leg('c').callId).to.equal('a');
  });

  it('keeps the owner that a leg was created with, whatever later events say', () => {
    const rewritten = legData('b', {
      direction: 'outbound',
      variables: { dialed_user: '1003', dialed_domain: 'd' },
    });
    apply({ type: 'answer', uuid: 'b', at: 0, leg: rewritten }, create('b', rewritten));
    expect(leg('b').owner).to.deep.equal({ account: 'd', user: '1002' });
  });

  it('parts a leg that hangs up, once, and forgets it when it is destroyed', () => {
    apply(bridge('a', 'b'));
    expect(told(apply({ type: 'hangup', uuid: 'b', at: 0, cause: 'X' }))).to.deep.equal([
      'unbridged b-a',
      'down b',
    ]);
    expect(told(apply(unbridge('a', 'b'), { type: 'hangup', uuid: 'b', at: 0, cause: 'X' }))).to.deep.equal(
      [],
    );
    expect(told(apply({ type: 'destroy', uuid: 'b', at: 0 }))).to.deep.equal(['gone b']);
    expect([...calls.all()]).to.have.lengthOf(2);
  });

  it('finds the real leg behind a loopback channel', () => {
    const half = (uuid: string, other: string, createdAt: number) =>
      create(uuid, { name: `loopback/${uuid}`, createdAt, otherHalf: other });
    apply(half('l1', 'l2', 4), half('l2', 'l1', 5), bridge('a', 'l1'));
    expect(calls.farLeg(leg('a'))).to.equal(undefined);
    apply(bridge('l2', 'b'));
    expect(calls.farLeg(leg('a'))).to.equal(leg('b'));
    expect(calls.farLeg(leg('b'))).to.equal(leg('a'));
    expect(calls.legsOf(leg('b')).map(({ uuid }) => uuid)).to.have.members(['b', 'l2', 'l1', 'a']);
    apply(bridge('a', 'b'));
    expect(calls.farLeg(leg('a'))).to.equal(leg('b'));
  });

  it('tells the caller: who called the switch; in a click-to-call, the first', () => {
    expect(calls.isCaller(leg('a'), leg('b'))).to.equal(true);
    expect(calls.isCaller(leg('b'), leg('a'))).to.equal(false);
    expect(calls.isCaller(leg('b'), leg('c'))).to.equal(true);
    expect(calls.isCaller(leg('c'), leg('b'))).to.equal(false);
  });

  it('takes a picture of the switch: what is gone is gone, bridges are as it says', () => {
    apply(bridge('a', 'b'));
    const changes = calls.restore('s', {
      legs: [legData('a', { createdAt: 1 }), legData('c', { createdAt: 3 }), legData('n', { createdAt: 9 })],
      bridges: [['a', 'c']],
    });
    expect(told(changes)).to.deep.equal(['unbridged b-a', 'gone b', 'created n', 'bridged a-c']);
    expect(leg('a').owner?.user).to.equal('1001');
  });

  it('takes a picture of the switch: who holds, and who has let go', () => {
    apply({ type: 'hold', uuid: 'a', at: 0 });
    const changes = calls.restore('s', {
      legs: [legData('a'), legData('b', { heldSince: 5 }), legData('c', { heldMs: 5 })],
      bridges: [],
    });
    expect(told(changes)).to.deep.equal(['unheld a', 'held b']);
    expect(['a', 'b', 'c'].map((uuid) => leg(uuid).held)).to.deep.equal([false, true, false]);
  });

  it('leaves the legs of another switch alone', () => {
    expect(told(calls.restore('t', { legs: [], bridges: [] }))).to.deep.equal([]);
    expect([...calls.all()]).to.have.lengthOf(3);
  });

  it('takes no event about a leg that it does not know', () => {
    const told_ = told(
      apply(bridge('x', 'y'), unbridge('x', 'y'), { type: 'destroy', uuid: 'x', at: 0 }, bridge('a', 'a')),
    );
    expect(told_).to.deep.equal([]);
  });
});
