import { expect } from 'chai';
import { Calls, type Change } from '../../src/calls/calls.js';
import { callNotices, Feed, type Audience } from '../../src/delivery/feed.js';
import type { Notice } from '../../src/delivery/notice.js';
import { create, IDENTITY } from '../support/legs.js';

const AT = 1_700_000_000_000;
const notice = (id: string, account = 'a', at = AT): Notice => ({
  event: 'recording.started',
  id,
  timestamp: new Date(at).toISOString(),
  account_id: account,
});

describe('the live stream', () => {
  let now = AT;
  let feed: Feed;
  /** Where each notice was in the stream, and where that began. */
  const places = new Map<string, string>();

  beforeEach(() => {
    places.clear();
    now = AT;
    feed = new Feed(() => now);
  });

  function following(audience: Audience, last?: string) {
    const taken: string[] = [];
    const follower = {
      take: ({ id }: Notice, place: string) => {
        taken.push(id);
        places.set(id, place);
      },
      end: () => taken.push('end'),
    };
    const place = last === undefined ? undefined : (places.get(last) ?? last);
    const { missed, from, leave } = feed.follow(audience, place, follower);
    return { taken, from, leave, missed: missed?.map(({ notice: { id } }) => id) };
  }

  /** Somebody follows, who hears of all places. */
  function followed(account = 'a') {
    places.set('from', following({ account }).from);
  }

  it('has what happens in an account from then on, until one leaves', () => {
    followed();
    feed.publish(notice('0'), []);
    const all = following({ account: 'a' });
    const other = following({ account: 'b' });
    feed.publish(notice('1'), []);
    all.leave();
    feed.publish(notice('2'), []);
    expect([all.missed, all.taken, other.taken]).to.deep.equal([[], ['1'], []]);
  });

  it('has once what is published twice', () => {
    followed();
    const { taken } = following({ account: 'a' });
    for (const id of ['0', '1', '0']) feed.publish(notice(id), []);
    expect(taken).to.deep.equal(['0', '1']);
  });

  it('has for a user only what concerns that user, missed or not', () => {
    followed();
    feed.publish(notice('0'), []);
    feed.publish(notice('1'), ['u', 'v']);
    feed.publish(notice('2'), ['v']);
    const { missed, taken } = following({ account: 'a', user: 'u' }, '0');
    feed.publish(notice('3'), ['v']);
    feed.publish(notice('4'), ['u']);
    expect([missed, taken]).to.deep.equal([['1'], ['4']]);
  });

  it('goes on after the last one that arrived, and says where that is not known any more', () => {
    followed();
    for (let id = 0; id < 202; id++) feed.publish(notice(String(id)), []);
    expect(following({ account: 'a' }, '199').missed).to.deep.equal(['200', '201']);
    expect(following({ account: 'a' }, '201').missed).to.deep.equal([]);
    expect(following({ account: 'a' }, '1').missed).to.have.length(200);
    expect(following({ account: 'a' }, '0').missed).to.equal(undefined);
    expect(following({ account: 'b' }, '201').missed).to.equal(undefined);
  });

  it('goes on for whoever was cut off before anything had happened', () => {
    followed();
    feed.publish(notice('1'), []);
    expect(following({ account: 'a' }, 'from').missed).to.deep.equal(['1']);
  });

  it('knows no place of another feed, whose order is its own, nor one that is made up', () => {
    followed();
    feed.publish(notice('1'), []);
    const other = new Feed(() => now);
    other.follow({ account: 'a' }, undefined, { take: () => undefined, end: () => undefined });
    other.publish(notice('0'), []);
    other.publish(notice('1'), []);
    const { missed } = other.follow({ account: 'a' }, places.get('1'), {
      take: () => undefined,
      end: () => undefined,
    });
    expect(missed).to.equal(undefined);
    const made = [places.get('1')!.replace(/\d+$/, '99'), '7', '', 'x-1', '__proto__'];
    expect(made.map((place) => following({ account: 'a' }, place).missed)).to.deep.equal(
      made.map(() => undefined),
    );
  });

  it('keeps nothing of an account that nobody follows, or has not for a quarter of an hour', () => {
    feed.publish(notice('1'), []);
    expect(feed.isFollowed('a')).to.equal(false);
    const { from, leave } = following({ account: 'b' });
    leave();
    now += 14 * 60_000;
    expect(feed.isFollowed('b')).to.equal(true);
    feed.publish(notice('2', 'b', now), []);
    now += 2 * 60_000;
    expect(feed.isFollowed('b')).to.equal(false);
    feed.publish(notice('3', 'b', now), []);
    expect(following({ account: 'b' }, from).missed).to.equal(undefined);
  });

  it('was not followed for a while, in which nothing had a number: no place of before is good', () => {
    const { from, leave } = following({ account: 'a' });
    leave();
    now += 16 * 60_000;
    feed.publish(notice('1'), []);
    following({ account: 'a' });
    expect(following({ account: 'a' }, from).missed).to.equal(undefined);
  });

  it('ends for all', () => {
    const { taken } = following({ account: 'a' });
    feed.close();
    expect(taken).to.deep.equal(['end']);
  });
});

describe('what is told of calls', () => {
  const calls = new Calls(IDENTITY);
  let wanted: (account: string) => boolean = () => true;
  const told = (changes: Change[]) =>
    changes.flatMap((change) =>
      callNotices(change, wanted, ({ uuid }) => ({ uuid }), AT).map(({ notice: { id, ...rest }, users }) => {
        expect(id).to.match(/^[0-9a-f]{32}$/);
        return { ...rest, users };
      }),
    );
  const common = { timestamp: new Date(AT).toISOString(), account_id: 'example.com' };

  it('is when legs of the account come, are bridged, part and go', () => {
    expect(
      told(
        calls.apply('s', create('leg-a', { variables: { domain_name: 'example.com', user_name: '1001' } })),
      ),
    ).to.deep.equal([{ event: 'call.created', ...common, call: { uuid: 'leg-a' }, users: ['1001'] }]);
    const leg = calls.get('leg-a')!;
    expect(told([{ type: 'answered', leg }])).to.deep.equal([
      { event: 'call.answered', ...common, call: { uuid: 'leg-a' }, users: ['1001'] },
    ]);
    expect(told([{ type: 'bridged', legs: [leg, { ...leg, uuid: 'leg-b' }] }])).to.deep.equal([
      {
        event: 'call.bridged',
        ...common,
        call: { uuid: 'leg-a' },
        other_call: { uuid: 'leg-b' },
        users: ['1001', '1001'],
      },
    ]);
    expect(told([{ type: 'gone', leg }]).map(({ event }) => event)).to.deep.equal(['call.ended']);
    expect(told([{ type: 'held', leg }])).to.deep.equal([]);
  });

  it('is told to each account of a bridge its own leg, and to nobody of an outsider’s', () => {
    const { owner: _, ...outsider } = calls.get('leg-a')!;
    const ours = calls.get('leg-a')!;
    const theirs = { ...ours, uuid: 'leg-b', owner: { account: 'other.example', user: '7' } };
    expect(told([{ type: 'created', leg: outsider }])).to.deep.equal([]);
    expect(
      told([{ type: 'unbridged', legs: [theirs, ours] }]).map((each) => [
        each.account_id,
        each.call,
        each.users,
      ]),
    ).to.deep.equal([
      ['other.example', { uuid: 'leg-b' }, ['7']],
      ['example.com', { uuid: 'leg-a' }, ['1001']],
    ]);
  });

  it('is not made for an account where nobody wants it', () => {
    const leg = calls.get('leg-a')!;
    wanted = (account) => account !== 'example.com';
    expect(told([{ type: 'answered', leg }])).to.deep.equal([]);
  });
});
