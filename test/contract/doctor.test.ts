import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Finding } from '../../src/cli/doctor/findings.js';
import { metaflows } from '../support/cli.js';
import { useLab } from './shared-lab.js';

describe('contract: doctor', function () {
  this.timeout(60_000);
  const lab = useLab();
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-doctor-'));
  });
  after(() => rm(folder, { recursive: true }));
  afterEach(() => lab().phones.hangupAll());

  const examine = async (
    settings: Record<string, string> = {},
  ): Promise<{ code: number; found: Finding[] }> => {
    const { host, port, password } = lab().pbx;
    const { code, stdout } = await metaflows(['doctor', '--json'], {
      SWITCHES: `esl://:${password}@${host}:${port}`,
      RECORDINGS_DIR: lab().recordingsDir,
      ...settings,
    });
    expect(stdout).not.to.include(password === 'lab' ? 'esl://' : password);
    return { code, found: JSON.parse(stdout) as Finding[] };
  };
  const levels = (found: Finding[], check: string): string[] =>
    found.filter((each) => each.check === check).map(({ level }) => level);

  it('finds nothing that keeps the service from working, where nothing does', async () => {
    const { code, found } = await examine();
    expect(found.filter(({ level }) => level === 'problem')).to.deep.equal([]);
    expect(code).to.equal(0);
    for (const check of ['configuration', 'permissions', 'disk', 'switch', 'folder']) {
      expect(levels(found, check), check).to.deep.equal(['ok']);
    }
    expect(levels(found, 'identity')).to.deep.equal(['note']);
    expect(new Set(found.map(({ check }) => check))).to.include.keys('media', 'digits', 'realm', 'log');
  });

  it('counts the live legs that have an owner, and sees those whose media go past the switch', async () => {
    const { caller } = await lab().phones.call('1001', '1002');
    const owned = (await examine()).found;
    expect(owned.find(({ check }) => check === 'identity')).to.deep.equal({
      level: 'ok',
      check: 'identity',
      says: '2 of 2 live legs have an owner',
    });
    expect(levels(owned, 'media')).not.to.include('warning');
    await lab().socket.api(`uuid_setvar ${caller.uuid} bypass_media true`);
    expect(levels((await examine()).found, 'media')).to.include('warning');
  });

  it('looks at a folder that the service is yet to make for its embedded softswitch', async () => {
    const settings = { SWITCHES: 'embedded', RECORDINGS_DIR: join(folder, 'to-come') };
    const { code, found } = await examine(settings);
    expect(code).to.equal(0);
    expect(levels(found, 'permissions')).to.deep.equal(['note']);
  });

  it('says that a leg among others belongs to nobody, and what it lacks', async () => {
    const { callee } = await lab().phones.outsideCall('1002');
    const { found } = await examine();
    expect(levels(found, 'identity')).to.deep.equal(['ok', 'note']);
    const [owned, nobodys] = found.filter(({ check }) => check === 'identity');
    expect(owned!.says).to.equal('1 of 2 live legs have an owner');
    expect(nobodys!.says)
      .to.match(/^1 of 2 live legs belong to nobody/)
      .and.to.match(/inbound legs have none of metaflows_account, .*: no account/);
    // as the service pins a leg that is nobody's
    await lab().socket.api(`uuid_setvar ${callee.uuid} metaflows_owner ${callee.uuid}`);
    expect(levels((await examine()).found, 'identity')).to.deep.equal(['warning']);
  });

  it('says why legs belong to nobody', async () => {
    await lab().phones.call('1001', '1002');
    const file = join(folder, 'identity.json');
    const names = { inbound_account: ['none'], outbound_account: ['none'] };
    await writeFile(file, JSON.stringify({ identity: names }));
    const { found } = await examine({ CONFIG: file });
    const identity = found.find(({ check }) => check === 'identity')!;
    expect(identity.level).to.equal('warning');
    expect(identity.says).to.include('inbound legs have none of none: no account');
  });

  it('finds that the switch has another folder, and that a folder is not there', async () => {
    const other = await examine({ RECORDINGS_DIR: join(folder, 'theirs'), RECORDINGS_MOUNT: folder });
    expect(other.code).to.equal(1);
    expect(levels(other.found, 'folder')).to.deep.equal(['problem']);
    const none = await examine({ RECORDINGS_MOUNT: join(folder, 'none') });
    expect(none.code).to.equal(1);
    expect(levels(none.found, 'permissions')).to.deep.equal(['problem']);
  });

  it('finds a wrong password, and a switch that is not there', async () => {
    const { host, port } = lab().pbx;
    const { code, found } = await examine({
      SWITCHES: `esl://:wrong@${host}:${port},esl://:wrong@127.0.0.1:1`,
    });
    expect(code).to.equal(1);
    expect(levels(found, 'switch')).to.deep.equal(['problem', 'problem']);
    expect(found.find(({ check }) => check === 'switch')!.change).to.match(/password/);
  });

  it('says what is wrong with the configuration', async () => {
    const { code, found } = await examine({ HTTP_PORT: 'many', LOG_LEVEL: 'loud' });
    expect(code).to.equal(1);
    expect(found.map(({ check, level }) => `${check} ${level}`)).to.deep.equal([
      'configuration problem',
      'configuration problem',
    ]);
  });

  it('does not claim that the switch can write where it does not say', async () => {
    const quoted = join(folder, "it's");
    await mkdir(quoted);
    const { code, found } = await examine({ RECORDINGS_DIR: quoted });
    expect(code).to.equal(0);
    expect(levels(found, 'writing')).to.deep.equal(['note']);
  });

  if (process.env.TEST_SWITCH === 'freeswitch') {
    it('reads the realms of the dialplan, the SIP profiles and the log of a FreeSWITCH', async () => {
      const { found } = await examine();
      expect(found.find(({ check }) => check === 'realm')!.says).to.include('realm local');
      expect(levels(found, 'digits')).to.include('note');
      expect(levels(found, 'media')).to.deep.equal(['ok']);
      // info in switch.conf, but mapped to nothing
      expect(levels(found, 'log')).to.deep.equal(['ok']);
      expect(levels(found, 'writing')).to.deep.equal(['ok']);
      expect((await examine()).found.find(({ check }) => check === 'switch')!.says).to.include('1.10');
    });
  }
});
