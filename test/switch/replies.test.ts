import { expect } from 'chai';
import { MetaflowsError } from '../../src/errors.js';
import { ReplyQueue, type Reply } from '../../src/switch/replies.js';

const api = (body: string): Reply => ({ kind: 'api', body });

describe('ReplyQueue', () => {
  it('gives replies in the order of the commands, whatever their kind', async () => {
    const queue = new ReplyQueue(1000);
    const replies = [queue.expect(), queue.expect()];
    queue.answer({ kind: 'command', body: '-ERR' });
    queue.answer(api('two'));
    expect(await Promise.all(replies)).to.deep.equal([{ kind: 'command', body: '-ERR' }, api('two')]);
  });

  it('knows when nobody has asked', () => {
    expect(new ReplyQueue(1000).answer(api('x'))).to.equal(false);
  });

  it('keeps the place of one whose time ran out', async () => {
    const queue = new ReplyQueue(5);
    const error: unknown = await queue.expect().catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(MetaflowsError).with.property('code', 'switch_timeout');
    const next = queue.expect();
    expect(queue.answer(api('late'))).to.equal(true);
    queue.answer(api('next'));
    expect(await next).to.deep.equal(api('next'));
  });

  it('rejects all that wait, once', async () => {
    const queue = new ReplyQueue(1000);
    const replies = [queue.expect(), queue.expect()];
    const reason = new MetaflowsError('connection_lost');
    queue.fail(reason);
    const outcomes = await Promise.allSettled(replies);
    expect(outcomes).to.deep.equal(replies.map(() => ({ status: 'rejected', reason })));
    expect(queue.answer(api('x'))).to.equal(false);
  });
});
