import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { MetaflowsError } from '../../src/errors.js';
import { ReplyQueue, type Reply } from '../../src/switch/replies.js';

const api = (body: string): Reply => ({ kind: 'api', body });

describe('ReplyQueue', () => {
  it('gives replies in the order of the commands, whatever their kind', async () => {
    const queue = new ReplyQueue(1000);
    const replies = [queue.expect(1), queue.expect(2), queue.expect(1)];
    const given = [{ kind: 'command', body: '-ERR' } as const, ...['two', 'three', 'four'].map(api)];
    for (const reply of given) expect(queue.answer(reply)).to.equal(true);
    const [one, two, three, four] = given;
    expect(await Promise.all(replies)).to.deep.equal([[one], [two, three], [four]]);
  });

  it('does so where thousands wait, and rejects those alone that have no reply', async () => {
    const queue = new ReplyQueue(1000);
    const bodies = Array.from({ length: 5000 }, (_, at) => String(at));
    const replies = bodies.map(() => queue.expect(1));
    const [answered, lost] = [bodies.slice(0, 3000), bodies.slice(3000)];
    for (const body of answered) expect(queue.answer(api(body))).to.equal(true);
    expect(queue.pending).to.equal(true);
    const reason = new MetaflowsError('connection_lost');
    queue.fail(reason);
    expect(await Promise.allSettled(replies)).to.deep.equal([
      ...answered.map((body) => ({ status: 'fulfilled', value: [api(body)] })),
      ...lost.map(() => ({ status: 'rejected', reason })),
    ]);
  });

  it('knows when nobody has asked', () => {
    expect(new ReplyQueue(1000).answer(api('x'))).to.equal(false);
  });

  it('keeps the place of one whose time ran out', async () => {
    const queue = new ReplyQueue(5);
    const error: unknown = await queue.expect(2).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(MetaflowsError).with.property('code', 'switch_timeout');
    const next = queue.expect(1);
    expect(queue.answer(api('late'))).to.equal(true);
    queue.answer(api('later'));
    queue.answer(api('next'));
    expect(await next).to.deep.equal([api('next')]);
  });

  it('tells each in its own time, also after nobody has waited for a while', async () => {
    const queue = new ReplyQueue(20);
    const answered = queue.expect(1);
    queue.answer(api('one'));
    await answered;
    await delay(10);
    const began = performance.now();
    const error: unknown = await queue.expect(1).catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'switch_timeout');
    expect(performance.now() - began).to.be.at.least(19);
  });

  it('rejects all that wait, once', async () => {
    const queue = new ReplyQueue(1000);
    const replies = [queue.expect(1), queue.expect(2)];
    const reason = new MetaflowsError('connection_lost');
    queue.fail(reason);
    const outcomes = await Promise.allSettled(replies);
    expect(outcomes).to.deep.equal(replies.map(() => ({ status: 'rejected', reason })));
    expect(queue.answer(api('x'))).to.equal(false);
  });
});
