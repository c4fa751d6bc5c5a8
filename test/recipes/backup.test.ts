import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import PouchDB from 'pouchdb';
import { metaflows } from '../support/cli.js';
import { Couch } from '../support/couch.js';
import { startLab, type Lab } from '../support/lab.js';
import { TestService, TOKEN } from '../support/lab-service.js';

const run = promisify(execFile);

describe('a backup that is restored', function () {
  this.timeout(60_000);
  let lab: Lab;
  let folder: string;

  beforeEach(async () => {
    lab = await startLab();
    folder = await mkdtemp(join(tmpdir(), 'metaflows-backup-'));
  });
  afterEach(async () => {
    await lab.close();
    await rm(folder, { recursive: true });
  });

  /** Runs a service on `DATABASE` for as long as `use` takes. */
  async function serviceOn<T>(DATABASE: string, use: (service: TestService) => Promise<T>): Promise<T> {
    const service = await TestService.start(lab, { DATABASE });
    try {
      return await use(service);
    } finally {
      await service.close();
    }
  }

  /** Leaves something of each kind in the database, and answers with the token of a user. */
  async function filled(service: TestService): Promise<string> {
    const { caller } = await lab.phones.call('1001', '1002');
    await service.flows('1001');
    await service.bound(caller);
    for (const code of ['*71', '*72', '*74']) expect(await service.code(caller, code)).to.equal('done');
    const { id } = await service.recording(caller, 'completed');
    await lab.phones.hangup(caller);
    const hook = { name: 'archive', uri: 'http://archive.example.com', hook: 'recording.delivered' };
    for (const [method, path, data] of [
      ['POST', 'call_recording', { inbound: { any: { label: 'kept' } } }],
      ['POST', 'retention', { days: 400 }],
      ['PUT', 'webhooks', hook],
      ['PUT', `recordings/${id}/hold`, {}],
    ] as const) {
      const { status } = await service.ask(method, `/accounts/${lab.domain}/${path}`, data);
      expect(status, path).to.be.within(200, 201);
    }
    return service.tokenOf('1001');
  }

  /** All that it answers, to its admin and to the user of `token`, and how the audit's chains end. */
  async function answers(service: TestService, token: string): Promise<unknown> {
    const paths = ['users/1001/metaflows', 'call_recording', 'retention', 'webhooks'];
    const settings = await Promise.all(
      paths.map((path) => service.ask('GET', `/accounts/${lab.domain}/${path}`)),
    );
    const key = await service.ask('GET', '/webhooks/public-key');
    const recordings = await service.recordings();
    const url = `${service.url}/v2/accounts/${lab.domain}/users/1001/recordings/${recordings[0]!.id}`;
    const audio = await fetch(`${url}?accept=audio/wav&auth_token=${token}`);
    expect(audio.status).to.equal(200);
    const sha256 = createHash('sha256')
      .update(Buffer.from(await audio.arrayBuffer()))
      .digest('hex');
    return { settings, key, recordings, sha256 };
  }

  /** Where the chains of the audit end, once they are verified. */
  async function verified(service: TestService): Promise<string> {
    const args = ['audit', 'verify', '--url', service.url];
    const { code, stdout } = await metaflows(args, { TOKEN });
    expect(code, stdout).to.equal(0);
    return stdout;
  }

  /** Fills the service on `database`, and has it answer the same after `lose` has lost it and brought it back. */
  async function survives(database: () => string, lose: () => Promise<void>): Promise<void> {
    const before = await serviceOn(database(), async (service) => {
      const token = await filled(service);
      return { token, answers: await answers(service, token), audit: await verified(service) };
    });
    await lose();
    await serviceOn(database(), async (service) => {
      expect(await verified(service)).to.equal(before.audit);
      expect(await answers(service, before.token)).to.deep.equal(before.answers);
      expect(before.audit).to.match(/All [1-9]/);
    });
  }

  it('answers as before: a folder, and the recordings', async () => {
    const db = join(folder, 'live', 'db');
    await survives(
      () => db,
      async () => {
        for (const lost of [db, lab.recordingsDir]) {
          const archive = join(folder, `${basename(lost)}.tgz`);
          await run('tar', ['-C', dirname(lost), '-czf', archive, basename(lost)]);
          await rm(lost, { recursive: true });
          await run('tar', ['-C', dirname(lost), '-xzf', archive]);
        }
      },
    );
  });

  it('answers as before: a CouchDB that is replicated to another, and back', async () => {
    const couch = await Couch.start();
    const copy = new PouchDB(join(folder, 'copy'));
    try {
      await survives(
        () => couch.url(),
        async () => {
          await PouchDB.replicate(couch.direct(), copy);
          await couch.forget();
          await PouchDB.replicate(copy, couch.direct());
        },
      );
    } finally {
      await copy.close();
      await couch.close();
    }
  });
});
