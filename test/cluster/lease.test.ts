import { EventEmitter, once } from 'node:events';
import { expect } from 'chai';
import { Lease, type LeaseSwitch } from '../../src/cluster/lease.js';
import { MetaflowsError } from '../../src/errors.js';
import { commands } from '../../src/softswitch/commands.js';
import type { Instance } from '../../src/softswitch/instance.js';
import type { ApiCommand } from '../../src/switch/commands.js';
import { capturingLog } from '../support/log.js';

/** What a switch has for leases: the embedded one's mod_hash. */
class Hash {
  readonly hash = new Map<string, string>();
  readonly globals = new Map<string, string>();
  readonly channels = new Map<string, never>();
  loaded = true;
  expands = true;

  api(name: string, args: string): string | undefined {
    if (name === 'hash' && !this.loaded) return undefined;
    return commands.get(name)?.(this as unknown as Instance, args) as string | undefined;
  }

  apiNow(name: string, args: string): string | undefined {
    return this.expands ? this.api(name, args) : '<API execute Permission Denied>';
  }

  answer({ command, args }: ApiCommand): string {
    const body = this.api(command, args) ?? `-ERR ${command} Command not found!`;
    return body === '' ? '-ERR no reply' : body.trim();
  }
}

class FakeSwitch extends EventEmitter implements Pick<LeaseSwitch, 'id' | 'leaseApis'> {
  readonly id = '127.0.0.1:8021';
  holder: string | undefined;
  connected = true;

  constructor(private readonly hash: Hash) {
    super();
  }

  leaseApis(asked: readonly ApiCommand[]): Promise<string[]> {
    if (!this.connected) return Promise.reject(new MetaflowsError('connection_lost'));
    return Promise.resolve(asked.map((each) => this.hash.answer(each)));
  }
}

describe('a lease', () => {
  const { log, lines } = capturingLog();
  let hash: Hash;
  let leases: Lease[];

  beforeEach(() => {
    hash = new Hash();
    leases = [];
    lines.length = 0;
  });
  afterEach(() => {
    for (const lease of leases) lease.stop();
  });

  function make(instance: string): { lease: Lease; port: FakeSwitch } {
    const port = new FakeSwitch(hash);
    const lease = new Lease(port as unknown as LeaseSwitch, instance, log);
    leases.push(lease);
    return { lease, port };
  }

  async function started(lease: Lease, is: 'acting' | 'standby'): Promise<unknown[]> {
    const told = once(lease, is);
    lease.start();
    return told;
  }

  const held = () => hash.hash.get('metaflows/lease');

  it('is one instance’s, and the other’s as soon as it is given back', async () => {
    const [a, b] = [make('a'), make('b')];
    expect(await started(a.lease, 'acting')).to.deep.equal([true]);
    expect(a.port.holder).to.equal(held());
    await started(b.lease, 'standby');
    expect([a.lease.isFresh, b.lease.isFresh, b.lease.isOthers]).to.deep.equal([true, false, true]);
    expect(b.port.holder).to.be.a('string').and.not.equal(held());
    const acting = once(b.lease, 'acting');
    await a.lease.release();
    expect(await acting).to.deep.equal([true]);
    expect(b.port.holder).to.equal(held());
  });

  it('is renewed, and taken over from whoever does not renew it', async () => {
    const [a, b] = [make('a'), make('b')];
    await started(a.lease, 'acting');
    await started(b.lease, 'standby');
    for (let renewed = 0; renewed < 6; renewed++) await once(a.lease, 'renewed');
    expect(b.lease.isOthers).to.equal(true);
    a.port.connected = false;
    await once(b.lease, 'acting');
    expect(a.lease.isFresh).to.equal(false);
    const lost = once(a.lease, 'standby');
    a.port.connected = true;
    await lost;
    expect(a.lease.isOthers).to.equal(true);
  });

  it('is still held after a lost connection where nobody else has had it', async () => {
    const { lease } = make('a');
    await started(lease, 'acting');
    lease.stop();
    expect(await started(lease, 'acting')).to.deep.equal([false]);
    lease.stop();
    hash.hash.clear();
    expect(await started(lease, 'acting')).to.deep.equal([true]);
  });

  it('is lost the moment that the switch refuses a command', async () => {
    const { lease, port } = make('a');
    await started(lease, 'acting');
    hash.hash.set('metaflows/lease', 'mb-1');
    const lost = once(lease, 'standby');
    port.emit('fenced');
    await lost;
    expect(lease.isFresh).to.equal(false);
  });

  it('is an instance’s again at its next start, at once', async () => {
    hash.hash.set('metaflows/lease', 'ma-123');
    expect(await started(make('a').lease, 'acting')).to.deep.equal([true]);
  });

  it('is not asked for where mod_hash is not loaded: it acts, unfenced, and says so', async () => {
    hash.loaded = false;
    const { lease, port } = make('a');
    await started(lease, 'acting');
    expect(lease.isFresh).to.equal(true);
    expect(port.holder).to.equal(undefined);
    expect(lines.join()).to.include('mod_hash is not loaded');
    await lease.release();
  });

  it('fences nothing where the switch expands nothing, and says so', async () => {
    hash.expands = false;
    const { lease, port } = make('a');
    await started(lease, 'acting');
    expect(held()).to.match(/^ma-/);
    expect(port.holder).to.equal(undefined);
    expect(lines.join()).to.include('expands no commands');
  });
});
