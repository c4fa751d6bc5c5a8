import { expect } from 'chai';
import { compile, MAX_COLLECTED } from '../../src/metaflows/compile.js';
import type { MetaflowNode } from '../../src/generated/metaflows.js';

const start: MetaflowNode = { module: 'record_call', data: { action: 'start' } };
const stop: MetaflowNode = { module: 'record_call', data: { action: 'stop' } };
const none: MetaflowNode = { module: 'none' };

describe('compile', () => {
  it('takes the defaults of kazoo.md where nobody says otherwise', () => {
    const compiled = compile({});
    expect(compiled).to.include({ bindingDigit: '*', digitTimeoutMs: 3000, listenOn: 'self' });
    expect(compiled.codes).to.deep.equal([]);
    expect(compiled.match('71')).to.equal(undefined);
    expect(compiled.canGrow('')).to.equal(false);
  });

  it('takes what is said', () => {
    const compiled = compile({ binding_digit: '#', digit_timeout: 500, listen_on: 'peer' });
    expect(compiled).to.include({ bindingDigit: '#', digitTimeoutMs: 500, listenOn: 'peer' });
  });

  it('names the codes to bind, with their binding digit, without those switched off or out of reach', () => {
    const numbers = { '71': start, '72': none, '7#3': start, '*9': stop };
    expect(compile({ binding_digit: '#', numbers }).codes).to.have.members(['#71', '#*9']);
  });

  it('matches a number exactly, before any pattern', () => {
    const compiled = compile({ numbers: { '71': start }, patterns: { '^7(\\d)$': stop } });
    expect(compiled.match('71')).to.deep.equal({ node: start });
    expect(compiled.match('72')).to.deep.equal({ node: stop, collected: '72', captures: ['2'] });
    expect(compiled.match('711')).to.equal(undefined);
  });

  it('matches the first pattern in order', () => {
    expect(compile({ patterns: { '^7': start, '^71': stop } }).match('71')?.node).to.equal(start);
    expect(compile({ patterns: { '^71': stop, '^7': start } }).match('71')?.node).to.equal(stop);
  });

  it('never fires for the binding digit alone', () => {
    expect(compile({ patterns: { '^\\d*$': start } }).match('')).to.equal(undefined);
  });

  it('waits only for what could still come of it', () => {
    const compiled = compile({ numbers: { '7': start, '71': start }, patterns: { '^5\\d\\d$': stop } });
    for (const more of ['', '7', '5', '51']) expect(compiled.canGrow(more), more).to.equal(true);
    for (const done of ['71', '512', '8', '72', '5#']) expect(compiled.canGrow(done), done).to.equal(false);
  });

  it('waits for no digit that starts a code over', () => {
    expect(compile({ binding_digit: '#', patterns: { '^5#$': start } }).canGrow('5')).to.equal(false);
    expect(compile({ binding_digit: '*', patterns: { '^5#$': start } }).canGrow('5')).to.equal(true);
  });

  it('lets none win its digits, make nobody wait, and still be the beginning of others', () => {
    const compiled = compile({
      numbers: { '7': none, '71': start, '72': none, '8': start, '81': none },
      patterns: { '^9$': none, '^9': stop, '^6\\d$': none },
    });
    expect(compiled.match('7')).to.equal(undefined);
    expect(compiled.match('72')).to.equal(undefined);
    expect(compiled.canGrow('7')).to.equal(true);
    expect(compiled.canGrow('8')).to.equal(false);
    expect(compiled.canGrow('6')).to.equal(false);
    expect(compiled.match('9')).to.equal(undefined);
    expect(compiled.match('91')?.node).to.equal(stop);
    expect(compile({ numbers: { '71': none }, patterns: { '^7\\d$': stop } }).match('71')).to.equal(
      undefined,
    );
  });

  it('waits for no end of digits', () => {
    const compiled = compile({ patterns: { '^\\d+$': start } });
    expect(compiled.canGrow('1'.repeat(MAX_COLLECTED - 1))).to.equal(true);
    expect(compiled.canGrow('1'.repeat(MAX_COLLECTED))).to.equal(false);
  });

  it('passes over a stored pattern that does not compile', () => {
    const compiled = compile({ patterns: { '(': start, '^5$': stop } });
    expect(compiled.match('5')?.node).to.equal(stop);
  });

  it('takes keys that objects have by themselves for what they are', () => {
    const compiled = compile({ numbers: { '1': start } });
    for (const key of ['constructor', '__proto__', 'toString']) {
      expect(compiled.match(key)).to.equal(undefined);
    }
  });
});
