import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { RecordingDocument } from '../../src/generated/recording.js';
import { metaflows, type Ran } from '../support/cli.js';
import { startLab, type Lab } from '../support/lab.js';
import { TestService, TOKEN } from '../support/lab-service.js';
import { parseWav } from '../support/wav.js';

describe('the command line', function () {
  this.timeout(60_000);
  let lab: Lab;
  let service: TestService;
  let folder: string;
  let recording: RecordingDocument;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-cli-'));
    lab = await startLab();
    service = await TestService.start(lab);
    const { caller } = await lab.phones.call('1001', '1002');
    await service.connected(caller);
    await service.record(caller, { action: 'start' });
    await service.record(caller, { action: 'stop' });
    recording = await service.recording(caller, 'completed');
    await service.ask('POST', `/accounts/${lab.domain}/metaflows`, {
      numbers: { 7: { module: 'hangup' }, 71: { module: 'record_call' }, 72: { module: 'hangup' } },
    });
    await service.flows('1001', {
      digit_timeout: 1500,
      numbers: { 71: { module: 'record_call', data: { action: 'mask' } }, 72: { module: 'none' } },
      patterns: { '^5\\d$': { module: 'hangup' } },
    });
  });
  after(async () => {
    await service.close();
    await lab.close();
    await rm(folder, { recursive: true });
  });

  const run = (...args: string[]): Promise<Ran> => metaflows(['--url', service.url, ...args], { TOKEN });
  const data = async (...args: string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await run('--json', ...args);
    expect([code, stderr]).to.deep.equal([0, '']);
    return JSON.parse(stdout);
  };

  it('says which codes a user’s leg has, from where, instead of what, and which of them wait', async () => {
    const of = ['codes', '--account', lab.domain, '--user', '1001'];
    expect((await run(...of)).stdout.split('\n')).to.deep.equal([
      '*7     hangup            from the account  waits 1500 ms',
      '*71    record_call mask  from the user     instead of the account’s',
      '*72    none              from the user     instead of the account’s',
      '^5\\d$  hangup            from the user',
      '',
    ]);
    expect(await data(...of)).to.deep.include({ listen_on: 'self', digit_timeout: 1500 });
    expect((await run('codes', '--account', 'nobody', '--user', '1')).stdout).to.equal('no codes\n');
  });

  it('lists recordings and shows one', async () => {
    const list = ['recordings', 'list', '--account', lab.domain];
    const { stdout } = await run(...list);
    expect(stdout).to.equal(`${recording.id}  completed  1001 → 1002  ${recording.duration} s  1001\n`);
    expect(await data(...list)).to.deep.equal([recording]);
    expect(await data(...list, '--state', 'failed')).to.deep.equal([]);
    expect(await data('recordings', 'show', recording.id, '--account', lab.domain)).to.deep.equal(recording);
  });

  it('fetches audio, over no file that there is', async () => {
    const file = join(folder, 'a.wav');
    const fetched = ['recordings', 'download', recording.id, '--account', lab.domain, '--output', file];
    expect(await run(...fetched)).to.deep.equal({ code: 0, stdout: `${file}\n`, stderr: '' });
    const { channels } = parseWav(await readFile(file));
    expect(channels).to.deep.equal((await service.audio(recording)).channels);
    const audit = () => service.ask('GET', `/accounts/${lab.domain}/recordings/${recording.id}/audit`);
    const before = await audit();
    expect(await run(...fetched)).to.deep.equal({
      code: 1,
      stdout: '',
      stderr: `${file} cannot be made: it is there already\n`,
    });
    // nothing was listened to
    expect(await audit()).to.deep.equal(before);
  });

  it('leaves no file where there is no audio', async () => {
    const audio = join(lab.recordingsDir, recording.segments[0]!.file);
    await rename(audio, `${audio}.away`);
    const file = join(folder, 'none.wav');
    const { code, stderr } = await run(
      ...['recordings', 'download', recording.id, '--account', lab.domain, '--output', file],
    );
    await rename(`${audio}.away`, audio);
    expect(code).to.equal(1);
    expect(stderr).to.match(/refused: 404/);
    expect(existsSync(file)).to.equal(false);
  });

  it('tells what was refused from what it does not understand, by its exit code', async () => {
    const refused = await run('recordings', 'show', 'none', '--account', lab.domain);
    expect(refused).to.include({ code: 1, stdout: '' });
    expect(refused.stderr).to.match(/refused: 404 bad_identifier/);
    for (const args of [
      ['recordings', 'list'],
      ['codes', '--account', 'a'],
      ['nothing'],
      ['doctor', 'much'],
      ['recordings', 'list', '--account', 'a', '--limit', 'all'],
      ['token', 'create', '--account', 'a', '--role', 'root'],
    ]) {
      expect(await run(...args), args.join(' '))
        .to.include({ code: 2, stdout: '' })
        .and.to.have.property('stderr')
        .that.matches(/error/);
    }
    expect((await run('--help')).code).to.equal(0);
  });

  it('says that it has no token, and shows none', async () => {
    const { code, stderr } = await metaflows(['recordings', 'list', '--account', 'a']);
    expect(code).to.equal(1);
    expect(stderr).to.match(/METAFLOWS_TOKEN/);
    const wrong = await metaflows(['--url', service.url, 'token', 'list'], { TOKEN: 'a secret' });
    expect(wrong.stderr).to.match(/401/).and.not.to.include('secret');
  });
});
