import { expect } from 'chai';
import { compile } from '../../src/metaflows/compile.js';
import { merge } from '../../src/metaflows/merge.js';
import type { MetaflowNode, Metaflows } from '../../src/generated/metaflows.js';

const start: MetaflowNode = { module: 'record_call', data: { action: 'start', format: 'mp3' } };
const stop: MetaflowNode = { module: 'record_call', data: { action: 'stop' } };
const hangup: MetaflowNode = { module: 'hangup' };
const none: MetaflowNode = { module: 'none' };

describe('merge', () => {
  it('is nothing where nobody has metaflows', () => {
    expect(merge()).to.deep.equal({});
    expect(merge(undefined, {}, undefined)).to.deep.equal({});
  });

  it('lets the user win over the device and the device over the account, code by code', () => {
    const account = { numbers: { '1': start, '2': start, '3': start } };
    const device = { numbers: { '2': stop, '3': stop } };
    const user = { numbers: { '3': hangup } };
    expect(merge(account, device, user)).to.deep.equal({ numbers: { '1': start, '2': stop, '3': hangup } });
  });

  it('replaces a node whole: no data of the farther one is left in it', () => {
    expect(merge({ numbers: { '1': start } }, undefined, { numbers: { '1': stop } }).numbers).to.deep.equal({
      '1': { module: 'record_call', data: { action: 'stop' } },
    });
  });

  it('inherits what is omitted, each key by itself', () => {
    const account: Metaflows = { binding_digit: '#', digit_timeout: 500, listen_on: 'both' };
    expect(
      merge(account, { listen_on: 'peer' }, { digit_timeout: 900, numbers: { '1': stop } }),
    ).to.deep.equal({ binding_digit: '#', digit_timeout: 900, listen_on: 'peer', numbers: { '1': stop } });
  });

  it('neither adds nor takes away by empty numbers or patterns', () => {
    const account: Metaflows = { numbers: { '1': start }, patterns: { '^2$': stop } };
    expect(merge(account, { numbers: {} }, { patterns: {} })).to.deep.equal(account);
  });

  it('tries the nearer patterns first', () => {
    const account = { patterns: { '^1': start, '^2': start } };
    const merged = merge(account, { patterns: { '^3': stop } }, { patterns: { '^4': hangup, '^2': hangup } });
    expect(Object.entries(merged.patterns ?? {})).to.deep.equal([
      ['^4', hangup],
      ['^2', hangup],
      ['^3', stop],
      ['^1', start],
    ]);
  });

  it('lets none switch an inherited code off, and a nearer node switch it on again', () => {
    const account = { numbers: { '71': start } };
    const off = merge(account, undefined, { numbers: { '71': none } });
    const onAgain = merge(account, { numbers: { '71': none } }, { numbers: { '71': stop } });
    expect(compile(off).match('71')).to.equal(undefined);
    expect(compile(onAgain).match('71')).to.deep.equal({ node: stop });
  });

  it('changes none of what it was given, and takes __proto__ for a key like any other', () => {
    const account = JSON.parse('{"patterns":{"__proto__":{"module":"hangup"}}}') as Metaflows;
    const user = JSON.parse('{"patterns":{"^1$":{"module":"none"}}}') as Metaflows;
    const before = JSON.stringify([account, user]);
    const merged = merge(account, undefined, user);
    expect(JSON.stringify([account, user])).to.equal(before);
    expect(Object.keys(merged.patterns ?? {})).to.deep.equal(['^1$', '__proto__']);
    expect(({} as { module?: unknown }).module).to.equal(undefined);
  });
});
