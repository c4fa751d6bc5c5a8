import { expect } from 'chai';
import { MetaKeys } from '../../src/softswitch/metakeys.js';

describe('MetaKeys', () => {
  it('runs on the leg of whoever pressed (s), or on the other one (o)', () => {
    const keys = new MetaKeys();
    keys.bind('1 ab s execute_extension::dx XML features');
    keys.bind('2 a o hangup::');
    expect(keys.digit('*', 'received', 0)).to.equal('swallow');
    expect(keys.digit('1', 'received', 100)).to.deep.equal({
      app: 'execute_extension::dx XML features',
      leg: 'own',
    });
    keys.digit('*', 'sent', 200);
    expect(keys.digit('1', 'sent', 300)).to.have.property('leg', 'other');
    keys.digit('*', 'received', 400);
    expect(keys.digit('2', 'received', 500)).to.deep.equal({ app: 'hangup::', leg: 'other' });
  });

  it('lets through what comes without the star, and a star that is pressed twice', () => {
    const keys = new MetaKeys();
    keys.bind('1 a s answer::');
    expect(keys.digit('1', 'received', 0)).to.equal('pass');
    expect(keys.digit('*', 'received', 0)).to.equal('swallow');
    expect(keys.digit('*', 'received', 0)).to.equal('pass');
    expect(keys.digit('1', 'received', 0)).to.equal('pass');
    expect(keys.digit('*', 'sent', 0)).to.equal('pass');
  });

  it('swallows a key that is not bound, and forgets the star after five whole seconds', () => {
    const keys = new MetaKeys();
    keys.bind('1 a s answer::');
    keys.digit('*', 'received', 0);
    expect(keys.digit('9', 'received', 5999)).to.equal('swallow');
    keys.digit('*', 'received', 10_000);
    expect(keys.digit('1', 'received', 16_000)).to.equal('pass');
  });

  it('runs once what is bound for once, and refuses what it does not understand', () => {
    const keys = new MetaKeys();
    expect(keys.bind('1 a s1 answer::')).to.equal(true);
    expect(keys.bind('1 a')).to.equal(false);
    keys.digit('*', 'received', 0);
    expect(keys.digit('1', 'received', 0)).to.have.property('app');
    keys.digit('*', 'received', 0);
    expect(keys.digit('1', 'received', 0)).not.to.have.property('app');
  });
});
