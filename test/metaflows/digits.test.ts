import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { Calls } from '../../src/calls/calls.js';
import type { Metaflows } from '../../src/generated/metaflows.js';
import { compile } from '../../src/metaflows/compile.js';
import { Digits } from '../../src/metaflows/digits.js';
import type { SwitchEvent } from '../../src/switch/events.js';
import { eventually } from '../support/lab-service.js';
import { bridge, create, IDENTITY, unbridge } from '../support/legs.js';
import { capturingLog } from '../support/log.js';

/** Milliseconds. */
const TIMEOUT = 100;

describe('the digits of legs', () => {
  let calls: Calls;
  let digits: Digits;
  let flows: Record<string, Metaflows>;
  /** What was run: the node's label or action, whose it is, and who pressed. */
  let ran: string[];
  /** What was bound. */
  let bound: string[];
  let acts: boolean;
  let now: number;

  beforeEach(() => {
    calls = new Calls(IDENTITY);
    ran = [];
    bound = [];
    flows = {};
    acts = true;
    now = 1000;
    digits = new Digits({
      calls,
      switchOf: () => ({
        apis: (_key, commands) => Promise.resolve(commands.map(() => '+OK')),
        execute: (_key, _uuid, application, data) => {
          bound.push(...data.map((each) => `${application} ${each.split(';').slice(2, 3).join()}`));
          return Promise.resolve();
        },
      }),
      actsFor: () => acts,
      bindsFor: () => true,
      metaflowsOf: ({ user = '' }) => flows[user] && compile(flows[user]),
      runner: {
        run: (node, { leg, presser }) => {
          const { label, action } = (node.module === 'record_call' && node.data) || {};
          ran.push(`${label ?? action} of ${leg.uuid} by ${presser?.uuid}`);
          return Promise.resolve({ result: 'none' });
        },
      },
      feedback: { play: () => Promise.resolve() },
      settings: { capture: 'absorb' },
      onMatched: () => undefined,
      onRefused: () => undefined,
      log: capturingLog().log,
    });
  });
  afterEach(() => digits.close());

  function take(...events: SwitchEvent[]): void {
    for (const event of events) {
      for (const change of calls.apply('s', event)) digits.changed(change);
      digits.handle(event);
    }
  }

  const user = (uuid: string, number: string) =>
    create(uuid, { variables: { user_name: number, domain_name: 'd' } });

  function press(uuid: string, keys: string): void {
    for (const digit of keys) take({ type: 'dtmf', uuid, at: now++, digit });
  }

  const labelled = (label: string) => ({ module: 'record_call', data: { label } }) as const;
  const codes = (name: string, ...numbers: string[]) =>
    Object.fromEntries(numbers.map((number) => [number, labelled(`${name}'s ${number}`)]));

  /** Waits for a code of somebody else, pressed now, whose timeout ends after all that have begun. */
  async function timeouts(): Promise<void> {
    flows['last'] = { digit_timeout: TIMEOUT, numbers: codes('last', '1', '11') };
    take(user('clock', 'last'));
    press('clock', '*1');
    await eventually('the last timeout', () => Promise.resolve(ran.at(-1)?.startsWith('last') || undefined));
    ran.pop();
  }

  it('run a code once that waits for longer ones, where both parties’ metaflows have it', async () => {
    flows = {
      one: { listen_on: 'both', digit_timeout: TIMEOUT, numbers: codes('one', '7', '71') },
      two: { listen_on: 'both', digit_timeout: TIMEOUT, numbers: codes('two', '7', '71') },
    };
    take(user('a', 'one'), user('b', 'two'), bridge('a', 'b'));
    press('b', '*7');
    await timeouts();
    expect(ran).to.deep.equal(["two's 7 of b by b"]);
  });

  it('run no code of the far party while one of the leg’s own could still be meant', async () => {
    flows = {
      one: { digit_timeout: TIMEOUT, numbers: codes('one', '71') },
      two: { listen_on: 'peer', digit_timeout: TIMEOUT / 2, numbers: codes('two', '7') },
    };
    take(user('a', 'one'), user('b', 'two'), bridge('a', 'b'));
    press('a', '*71');
    expect(ran).to.deep.equal(["one's 71 of a by a"]);
    press('a', '*7');
    expect(ran).to.have.lengthOf(1);
    await timeouts();
    expect(ran.slice(1)).to.deep.equal(["two's 7 of b by a"]);
  });

  const absorbed = (uuid: string, code: string, masked = '') =>
    take({ type: 'code', uuid, at: now, code, masked });

  it('run the leg’s own pattern, not a number of the far party that the switch has absorbed', () => {
    flows = {
      one: { patterns: { '^7(\\d)$': labelled('pattern') } },
      two: { listen_on: 'peer', numbers: codes('two', '71') },
    };
    take(user('a', 'one'), user('b', 'two'), bridge('a', 'b'));
    absorbed('a', '*71');
    expect(ran).to.deep.equal(['pattern of a by a']);
  });

  it('go on from an absorbed code of the far party to a longer one of the leg’s own', () => {
    flows = {
      one: { numbers: codes('one', '71') },
      two: { listen_on: 'peer', numbers: codes('two', '7') },
    };
    take(user('a', 'one'), user('b', 'two'), bridge('a', 'b'));
    absorbed('a', '*7');
    press('a', '1');
    expect(ran).to.deep.equal(["one's 71 of a by a"]);
  });

  it('account for a mask that the switch has made, also where the press runs something else', () => {
    flows = {
      one: { numbers: codes('one', '7') },
      two: { listen_on: 'peer', numbers: { 72: { module: 'record_call', data: { action: 'mask' } } } },
    };
    take(user('a', 'one'), user('b', 'two'), bridge('a', 'b'));
    absorbed('a', '*72', '+OK Success');
    expect(ran).to.deep.equal(['mask of a by a', "one's 7 of a by a"]);
  });

  it('are those of whoever is behind a loopback channel, and of nobody who has left', () => {
    flows = { two: { listen_on: 'both', numbers: codes('two', '7') } };
    take(
      create('a'),
      create('x', { name: 'loopback/2-a', otherHalf: 'y' }),
      create('y', { name: 'loopback/2-b', otherHalf: 'x' }),
      user('b', 'two'),
      bridge('x', 'a'),
      bridge('y', 'b'),
    );
    press('a', '*7');
    expect(ran).to.deep.equal(["two's 7 of b by a"]);
    take(unbridge('y', 'b'));
    press('a', '*7');
    expect(ran).to.have.lengthOf(1);
  });

  it('are none any more where some may not have been heard', () => {
    flows = { one: { numbers: codes('one', '71') } };
    take(user('a', 'one'));
    press('a', '*7');
    digits.interrupted('s');
    press('a', '1');
    expect(ran).to.deep.equal([]);
    press('a', '*71');
    expect(ran).to.have.lengthOf(1);
  });

  it('are bound anew where metaflows change while it is not known for a moment who acts', async () => {
    flows = { one: { numbers: codes('one', '71') } };
    take(user('a', 'one'), create('b'), bridge('a', 'b'));
    acts = false;
    flows['one'] = { numbers: codes('one', '71', '72') };
    digits.metaflowsChanged('d');
    await eventually('binding', () => Promise.resolve(bound.length > 0 || undefined));
    expect(bound).to.deep.equal(['bind_digit_action *71', 'bind_digit_action *72']);
  });

  it('pressed in time count, though read when the timeout is over', async () => {
    flows = { one: { digit_timeout: TIMEOUT, numbers: codes('one', '7', '71') } };
    take(user('a', 'one'));
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const told = once(server, 'connection') as Promise<[Socket]>;
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('data', () => press('a', '1'));
    const [[wire]] = await Promise.all([told, once(socket, 'connect')]);
    press('a', '*7');
    wire.write('1');
    for (const until = Date.now() + 2 * TIMEOUT; Date.now() < until;);
    await once(socket, 'data');
    await timeouts();
    wire.destroy();
    server.close();
    expect(ran).to.deep.equal(["one's 71 of a by a"]);
  });

  it('pressed in time count, though they wait until it is known who acts', async () => {
    flows = { one: { digit_timeout: TIMEOUT, numbers: codes('one', '7', '71') } };
    take(user('a', 'one'));
    press('a', '*7');
    acts = false;
    await delay(2 * TIMEOUT);
    acts = true;
    press('a', '1');
    expect(ran).to.deep.equal(["one's 71 of a by a"]);
    press('a', '*7');
    acts = false;
    await delay(2 * TIMEOUT);
    expect(ran).to.have.lengthOf(1);
    acts = true;
    await timeouts();
    expect(ran).to.deep.equal(["one's 71 of a by a", "one's 7 of a by a"]);
  });
});
