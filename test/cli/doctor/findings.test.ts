import { expect } from 'chai';
import {
  dialplanFrom,
  logsInfo,
  MODULES,
  profilesOf,
  realmsOf,
  type SwitchFacts,
} from '../../../src/cli/doctor/facts.js';
import { ofFolder, ofSwitch, ofUnreachable } from '../../../src/cli/doctor/findings.js';
import { loadConfig, type Config } from '../../../src/config.js';

const SOFIA = `<configuration name="sofia.conf">
  <global_settings><param name="log-level" value="0"></param></global_settings>
  <profiles>
    <profile name="internal">
      <gateways><gateway name="x"><param name="password" value="secret"></param></gateway></gateways>
      <settings>
        <param name="dtmf-type" value="rfc2833"></param>
        <param name="inbound-bypass-media" value="true"></param>
      </settings>
    </profile>
    <profile name="external"><settings><param name="liberal-dtmf" value="true"></param></settings></profile>
  </profiles>
</configuration>`;

const DIALPLAN = `<section name="dialplan"><context name="default"><extension name="a"><condition>
  <action application="bind_digit_action" data="local,*1,exec:execute_extension,a XML b,self,self"></action>
  <action application="bind_digit_action" data="local,*2,exec:execute_extension,a XML b,self,self"></action>
  <action application="set" data="x=bind_digit_action"></action>
</condition></extension></context></section>`;

const loaded = loadConfig({});
if (!loaded.ok) throw new Error(loaded.errors.join());
const { config } = loaded;

const HEALTHY: SwitchFacts = {
  id: '127.0.0.1:8021',
  version: 'FreeSWITCH 1.10.12',
  modules: Object.fromEntries(MODULES.map((name) => [name, true])),
  seesFolder: true,
  writesFolder: true,
  legs: [],
  profiles: [],
  realms: [],
  dialplanFrom: [],
  logsInfo: false,
};

describe('the doctor’s findings', () => {
  const found = (changes: Partial<SwitchFacts>, settings = config): string[] =>
    ofSwitch({ ...HEALTHY, ...changes }, settings)
      .filter(({ level, check }) => level !== 'ok' && check !== 'identity')
      .map(({ level, check, says }) => `${level} ${check}: ${says}`);

  it('are none where all is well, and say of everything that it was looked at', () => {
    expect(found({})).to.deep.equal([]);
    const fine = ofSwitch(HEALTHY, config).filter(({ level }) => level === 'ok');
    expect(fine.map(({ check }) => check)).to.deep.equal([
      'switch',
      'modules',
      'folder',
      'writing',
      'media',
      'digits',
      'realm',
      'log',
    ]);
  });

  it('say what could not be looked at', () => {
    const { profiles, realms, logsInfo, ...silent } = HEALTHY;
    const unseen = ofSwitch(silent, config).filter(({ says }) => says.includes('could not be seen'));
    expect(unseen.map(({ level, check }) => `${level} ${check}`)).to.deep.equal([
      'note media',
      'note digits',
      'note realm',
      'note log',
    ]);
  });

  it('tell modules that are needed from those that are for something', () => {
    const missing = { mod_hash: false, mod_sndfile: false, mod_shout: false, mod_http_cache: false };
    const modules = { ...HEALTHY.modules, ...missing };
    expect(found({ modules })).to.deep.equal([
      'note modules: mod_hash is not loaded: no other instance may share this switch',
      'problem modules: mod_sndfile is not loaded',
      'note modules: mod_shout is not loaded: recordings can be wav alone',
      'note modules: mod_http_cache is not loaded: transport push cannot be used, and is not',
    ]);
    expect(found({ modules }, { ...config, pushUrl: 'http://127.0.0.1' })).to.include(
      'problem modules: mod_http_cache is not loaded',
    );
  });

  it('are of each SIP profile', () => {
    const profiles = profilesOf(SOFIA)!;
    expect(profiles.map(({ name }) => name)).to.deep.equal(['internal', 'external']);
    expect(found({ profiles })).to.deep.equal([
      'warning media: SIP profile internal: inbound-bypass-media: digits do not reach the switch',
      'note digits: SIP profile internal: digits that phones send as SIP INFO are ignored',
    ]);
    expect(profilesOf("can't find anything")).to.equal(undefined);
    const deaf = { name: 'x', params: { 'dtmf-type': 'none', 'pass-rfc2833': 'yes' } };
    expect(found({ profiles: [deaf] })).to.have.lengthOf(2);
  });

  it('are of the realm in which a dialplan binds, unless it is configured', () => {
    const realms = realmsOf(DIALPLAN)!;
    expect(realmsOf("can't find anything")).to.equal(undefined);
    expect(realms).to.deep.equal(['local']);
    expect(found({ realms })).to.deep.equal(['note realm: the dialplan binds digits in the realm local']);
    const digits = { ...config.digits, realm: 'local' };
    expect(found({ realms }, { ...config, digits })).to.deep.equal([]);
    expect(found({ realms: ['local', 'other'] })).to.have.lengthOf(1);
  });

  it('are of a dialplan that is not in files, unless a realm is configured', () => {
    const lua =
      '<settings><param name="xml-handler-bindings" value="configuration,dialplan"></param></settings>';
    const curl =
      '<binding><param name="gateway-url" value="http://x" bindings="directory"></param></binding>';
    const from = dialplanFrom(lua, curl);
    expect(from).to.deep.equal(['lua.conf']);
    expect(dialplanFrom(curl, curl.replace('directory', 'directory|dialplan'))).to.deep.equal([
      'xml_curl.conf',
    ]);
    expect(dialplanFrom("can't find anything", "can't find anything")).to.deep.equal([]);
    expect(found({ dialplanFrom: from })).to.deep.equal([
      'note realm: the dialplan comes from elsewhere first (lua.conf): what it binds is not seen here',
    ]);
    const digits = { ...config.digits, realm: 'local' };
    expect(found({ dialplanFrom: from }, { ...config, digits })).to.deep.equal([]);
  });

  it('are of a folder that the switch may not write into, or does not say', () => {
    const { recordingsDir } = config;
    const { writesFolder, ...silent } = HEALTHY;
    expect(found({ writesFolder: false })).to.deep.equal([
      `problem writing: the switch may not write into ${recordingsDir}: nothing can be recorded`,
    ]);
    expect(ofSwitch(silent, config).find(({ check }) => check === 'writing')?.level).to.equal('note');
    expect(found({ seesFolder: false, writesFolder: false })).to.have.lengthOf(1);
  });

  it('are of digits in the switch’s own log', () => {
    expect(found({ logsInfo: true })).to.deep.equal([
      'warning log: as configured, the switch logs at the level info, where it writes every digit',
    ]);
  });

  it('know where the switch’s log goes', () => {
    const level = (value: string) => `<settings><param name="loglevel" value="${value}"></param></settings>`;
    const map = (value: string) => `<mappings><map name="all" value="${value}"></map></mappings>`;
    const none = "can't find anything";
    expect(logsInfo(none, none, none)).to.equal(undefined);
    expect(logsInfo('<settings></settings>', none, none)).to.equal(false);
    expect(logsInfo(level('debug'), map('console,debug,info,notice'), none)).to.equal(true);
    expect(logsInfo('<settings></settings>', none, map('debug,info'))).to.equal(true);
    expect(logsInfo(level('notice'), map('info'), map('info'))).to.equal(false);
    expect(logsInfo(level('6'), map('info') + level('warning'), map('notice,err'))).to.equal(false);
  });

  it('are of the folder and its disk', () => {
    const { min_free_bytes } = config.limits;
    const levels = (facts: Parameters<typeof ofFolder>[0]) =>
      ofFolder(facts, config).map(({ level }) => level);
    expect(levels({ free: min_free_bytes })).to.deep.equal(['ok', 'ok']);
    expect(levels({ free: min_free_bytes - 1 })).to.deep.equal(['ok', 'problem']);
    expect(levels({ failure: 'EACCES' })).to.deep.equal(['problem']);
  });

  it('are no problem of a folder that the service is yet to make', () => {
    const level = (failure: string, settings: Partial<Config>) =>
      ofFolder({ failure }, { ...config, ...settings }).map(({ level }) => level);
    expect(level('ENOENT', {})).to.deep.equal(['problem']);
    expect(level('ENOENT', { switches: ['embedded'] })).to.deep.equal(['note']);
    expect(level('ENOENT', { pushUrl: 'http://127.0.0.1' })).to.deep.equal(['note']);
    expect(level('EACCES', { switches: ['embedded'] })).to.deep.equal(['problem']);
  });

  it('say what to change about a switch that refuses', () => {
    const change = (code: 'auth_refused' | 'acl_refused' | 'connection_lost') =>
      ofUnreachable({ id: 'x', code, message: 'y' })[0]!.change;
    expect(change('auth_refused')).to.match(/password/);
    expect(change('acl_refused')).to.match(/apply-inbound-acl/);
    expect(change('connection_lost')).to.match(/listen-ip/);
  });
});
