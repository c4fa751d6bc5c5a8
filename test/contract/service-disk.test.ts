import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { LabCall } from '../support/lab-phones.js';
import { TestService } from '../support/lab-service.js';
import { heardInTurn } from '../support/tones.js';
import { talk } from './commands.js';
import { useLab } from './shared-lab.js';

const run = promisify(execFile);

describe('contract: the service, where the disk of the recordings is full', function () {
  this.timeout(30_000);
  const lab = useLab();
  let folder: string;
  let recordings: string;
  let service: TestService;
  let call: LabCall;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaflows-disk-'));
    recordings = join(folder, 'recordings');
    await mkdir(recordings);
  });
  afterEach(async () => {
    await lab().phones.hangupAll();
    await service.close();
    await rm(folder, { recursive: true });
  });

  const start = async (minFree: number, readyz?: RegExp): Promise<void> => {
    const config = join(folder, 'config.json');
    await writeFile(config, JSON.stringify({ limits: { min_free_bytes: minFree } }));
    service = await TestService.start(lab(), { CONFIG: config, RECORDINGS_DIR: recordings }, readyz);
    await service.flows('1001');
    call = await lab().phones.call('1001', '1002');
    await service.bound(call.caller);
  };

  it('no recording is started, and whoever wants one, or watches the service, is told why', async () => {
    await start(Number.MAX_SAFE_INTEGER, /too little room/);
    expect(await service.code(call.caller, '*71')).to.equal('failed');
    const { status, message } = await service.record(call.caller, { action: 'start' });
    expect([status, message]).to.deep.equal([507, 'disk_full']);
    expect(await service.recordings()).to.deep.equal([]);
    expect((await fetch(`${service.url}/readyz`)).status).to.equal(503);
  });

  describe('while it records', () => {
    let mounted: boolean;

    beforeEach(async () => {
      // A disk of its own, where the machine lets this process have one.
      const disk = ['-t', 'tmpfs', '-o', 'size=400k', 'metaflows-test', recordings];
      mounted = await run('mount', disk).then(
        () => true,
        (error: unknown) => {
          console.warn('the switch is told that its disk is full:', (error as Error).message);
          return false;
        },
      );
      await start(0);
    });
    afterEach(async () => {
      if (mounted) await run('umount', ['-l', recordings]);
    });

    /** Takes what room there is; resolves with how to give it back. */
    async function fill(): Promise<() => Promise<void>> {
      if (!mounted) {
        lab().fillDisk(true);
        return () => {
          lab().fillDisk(false);
          return Promise.resolve();
        };
      }
      const filler = join(recordings, 'filler');
      for (let full = false; !full;) {
        full = await appendFile(filler, Buffer.alloc(4096)).then(
          () => false,
          () => true,
        );
      }
      return () => rm(filler);
    }

    it('a recording is failed, says so, and keeps what there is', async () => {
      expect(await service.code(call.caller, '*71')).to.equal('done');
      await talk(1500);
      const free = await fill();
      await talk(2000);
      await free();
      expect(await service.code(call.caller, '*74')).to.equal('done');
      const doc = await service.recording(call.caller, 'failed');
      expect(doc).to.include({ failure: 'write_error', stop_reason: 'code' });
      expect(doc.size).to.be.greaterThan(10_000);
      const { channels, rate } = await service.audio(doc);
      expect(heardInTurn(channels[1]!, rate)).to.include('880');

      expect(await service.code(call.caller, '*71')).to.equal('done');
      await talk(500);
      expect(await service.code(call.caller, '*74')).to.equal('done');
      expect((await service.recording(call.caller, 'completed')).size).to.be.greaterThan(10_000);
    });

    it('a recording is failed also where that was before it followed its call', async () => {
      const { caller, callee } = call;
      await service.record(callee, { action: 'start' });
      await talk(600);
      const free = await fill();
      await talk(1000);
      await free();
      const mark = lab().socket.mark();
      await lab().socket.api(`uuid_transfer ${caller.uuid} 1003`);
      await lab().socket.event('CHANNEL_BRIDGE', caller.uuid, {}, mark);
      await talk(1000);
      await lab().phones.hangup(caller);
      const doc = await service.recording(callee, 'failed');
      expect(doc).to.include({ failure: 'write_error', stop_reason: 'hangup' });
      expect(doc.segments).to.have.lengthOf(2);
    });
  });
});
