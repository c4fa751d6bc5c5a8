import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { DiskSpace } from '../../src/delivery/disk.js';
import { capturingLog } from '../support/log.js';

describe('room on the disk', () => {
  const { log, lines } = capturingLog();

  async function ok(folder: string, minFree: number): Promise<boolean> {
    const disk = new DiskSpace({ folder, minFree, log });
    await disk.start();
    disk.close();
    return disk.ok();
  }

  it('is there where more is free than has to be', async () => {
    const { bavail, bsize } = await statfs(tmpdir());
    expect(await ok(tmpdir(), (bavail * bsize) / 2)).to.equal(true);
    expect(lines).to.deep.equal([]);
    expect(await ok(tmpdir(), bavail * bsize * 2)).to.equal(false);
    expect(lines.join()).to.contain('too little room');
  });

  it('is nobody’s business where the folder is not to be seen', async () => {
    expect(await ok('/no/such/folder', Number.MAX_SAFE_INTEGER)).to.equal(true);
  });
});
