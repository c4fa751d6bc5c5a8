import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { loadConfig, type Config } from '../src/config.js';

function loaded(env: Record<string, string>): Config {
  const result = loadConfig(env);
  if (!result.ok) throw new Error(result.errors.join('\n'));
  return result.config;
}

function refused(env: Record<string, string>): string[] {
  const result = loadConfig(env);
  return result.ok ? [] : result.errors;
}

describe('the configuration', () => {
  let folder: string;
  const file = (content: unknown) => {
    const path = join(folder, 'metaflows.json');
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return { METAFLOWS_CONFIG: path };
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'metaflows-config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('has the defaults of interface.md', () => {
    const config = loaded({});
    expect(config).to.deep.include({
      switches: [{ host: '127.0.0.1', port: 8021, password: 'ClueCon' }],
      httpHost: '127.0.0.1',
      httpPort: 8000,
      database: resolve('data/db'),
      recordingsDir: resolve('data/recordings'),
      recordingsMount: resolve('data/recordings'),
      flowsDir: resolve('metaflows'),
      logLevel: 'info',
    });
    expect(config.adminToken).to.equal(undefined);
    expect(config.identity.inbound_user).to.deep.equal(['metaflows_user', 'ecallmgr_Owner-ID', 'user_name']);
    expect(config.digits).to.deep.equal({ capture: 'absorb' });
  });

  it('takes the environment over the file', () => {
    const config = loaded({
      ...file({ http_port: 1, http_host: '::1', digits: { capture: 'listen' } }),
      METAFLOWS_HTTP_PORT: '2',
      METAFLOWS_SWITCHES: 'embedded, esl://:a%2Fb@[::1]:9021',
      METAFLOWS_RECORDINGS_DIR: '/var/rec',
      METAFLOWS_RECORDINGS_MOUNT: '/mnt/rec',
      METAFLOWS_DATABASE: 'https://couch.example/db',
    });
    expect(config).to.deep.include({
      httpPort: 2,
      httpHost: '::1',
      switches: ['embedded', { host: '::1', port: 9021, password: 'a/b' }],
      recordingsDir: '/var/rec',
      recordingsMount: '/mnt/rec',
      database: 'https://couch.example/db',
      digits: { capture: 'listen' },
    });
  });

  it('takes origins of other sites, separated by commas, and refuses what is none', () => {
    const { corsOrigins } = loaded({ METAFLOWS_CORS_ORIGINS: 'https://crm.test, http://127.0.0.1:5173' });
    expect(corsOrigins).to.deep.equal(['https://crm.test', 'http://127.0.0.1:5173']);
    for (const wrong of ['*', 'null', 'https://crm.test/', 'crm.test', 'https://*.test/x']) {
      expect(refused({ METAFLOWS_CORS_ORIGINS: wrong }).join()).to.include('METAFLOWS_CORS_ORIGINS');
    }
  });

  it('says one line for each thing that is wrong', () => {
    const errors = refused({
      METAFLOWS_HTTP_PORT: 'eighty',
      METAFLOWS_LOG_LEVEL: 'loud',
      METAFLOWS_HTTP_PROT: '8001',
      METAFLOWS_SWITCHES: 'localhost',
      METAFLOWS_DELIVERY_DENY: 'everything',
    });
    expect(errors).to.have.length(5);
    expect(errors.join('\n')).to.match(/METAFLOWS_HTTP_PORT: must be integer/);
    expect(errors.join('\n')).to.match(/METAFLOWS_LOG_LEVEL: .*: error, warn, info/);
    expect(errors.join('\n')).to.match(/METAFLOWS_HTTP_PROT: there is no such setting/);
    expect(errors.join('\n')).to.match(/METAFLOWS_SWITCHES: a switch is/);
    expect(errors.join('\n')).to.match(/METAFLOWS_DELIVERY_DENY: "everything" is no address range/);
  });

  it('refuses what a switch, a range or a database cannot be, without a password', () => {
    const errors = refused({
      METAFLOWS_SWITCHES: 'esl://user:hush@host,http://x',
      METAFLOWS_DELIVERY_DENY: '10.0.0.0/8,10.0.0.0/33',
      METAFLOWS_DATABASE: 'ftp://x',
    });
    expect(errors).to.have.length(4);
    expect(errors.join('\n')).not.to.include('hush');
  });

  it('wants this service’s URL where switches send their files, and only there', () => {
    const push = { METAFLOWS_TRANSPORT: 'push' };
    const of = (url: string) => ({ ...push, METAFLOWS_PUSH_URL: url });
    expect(loaded(of('http://10.0.0.5:8000/')).pushUrl).to.equal('http://10.0.0.5:8000');
    expect(loaded({ METAFLOWS_PUSH_URL: 'http://x' })).not.to.have.property('pushUrl');
    for (const wrong of [
      push,
      of('10.0.0.5'),
      of('ftp://x'),
      of('http://x?a'),
      of('http://x y'),
      of('http://'),
    ]) {
      const [error, ...more] = refused(wrong);
      expect(error).to.match(/^METAFLOWS_PUSH_URL: must be this service's/);
      expect(more).to.deep.equal([]);
    }
  });

  it('leaves the token of the command line to it, which runs in the same environment', () => {
    expect(loadConfig({ METAFLOWS_TOKEN: 'a token' }).ok).to.equal(true);
  });

  it('refuses a file that is missing, no JSON or no object, and keys that it does not know', () => {
    expect(refused({ METAFLOWS_CONFIG: join(folder, 'none.json') })[0]).to.match(/cannot be read/);
    expect(refused(file('{'))[0]).to.match(/cannot be read/);
    expect(refused(file([]))[0]).to.match(/must hold a JSON object/);
    expect(refused(file({ digits: { captur: 'listen' }, switches: 7, databse: 'x' }))).to.have.members([
      'digits.captur: there is no such setting',
      'switches: must be string',
      'databse: there is no such setting',
    ]);
  });
});
