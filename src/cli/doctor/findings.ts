/** What is wrong, and what to change, from what the doctor has seen. Pure. */
import { ownerOfFoundLeg } from '../../calls/owner.js';
import type { Config } from '../../config.js';
import type { LegData } from '../../switch/events.js';
import type { FolderFacts, Profile, SwitchFacts, Unreachable } from './facts.js';

export interface Finding {
  /** `note`: as it is, something cannot work, and perhaps need not. */
  level: 'ok' | 'note' | 'warning' | 'problem';
  check: string;
  says: string;
  /** What to do about it. */
  change?: string;
}

const ok = (check: string, says: string): Finding => ({ level: 'ok', check, says });

/** What was not looked at must not pass for what is well. */
const unseen = (check: string, what: string): Finding => ({
  level: 'note',
  check,
  says: `${what} could not be seen: the switch does not show it`,
});

/** Each line of `errors` is one thing that is wrong with the configuration. */
export function ofConfiguration(errors: readonly string[]): Finding[] {
  if (errors.length === 0) return [ok('configuration', 'valid')];
  return errors.map((says) => ({
    level: 'problem',
    check: 'configuration',
    says,
    change: 'docs/configuration.md has every setting',
  }));
}

export function ofFolder(
  { failure, free }: FolderFacts,
  { recordingsMount, limits, switches, pushUrl }: Config,
): Finding[] {
  const isMade = pushUrl !== undefined || switches.includes('embedded');
  if (failure === 'ENOENT' && isMade) {
    const says = `${recordingsMount} is not there yet: the service makes it when it starts`;
    return [{ level: 'note', check: 'permissions', says }];
  }
  if (failure !== undefined) {
    return [
      {
        level: 'problem',
        check: 'permissions',
        says: `this user cannot read and write ${recordingsMount} (${failure})`,
        change:
          'make the folder, and run the service as the user that FreeSWITCH is: others cannot write to the folders that it makes there',
      },
    ];
  }
  const room = free ?? Infinity;
  return [
    ok('permissions', `this user can read and write ${recordingsMount}`),
    room >= limits.min_free_bytes
      ? ok('disk', `${Math.floor(room / 1e6)} MB are free`)
      : {
          level: 'problem',
          check: 'disk',
          says: `${room} bytes are free, less than limits.min_free_bytes: no recording is started`,
          change: 'make room, or set retention for the accounts (docs/retention.md)',
        },
  ];
}

export function ofUnreachable({ id, message, code }: Unreachable): Finding[] {
  const changes: Partial<Record<Unreachable['code'], string>> = {
    auth_refused: 'METAFLOWS_SWITCHES must have the password of event_socket.conf.xml',
    acl_refused: 'name this machine in apply-inbound-acl of event_socket.conf.xml',
  };
  const change = changes[code] ?? 'FreeSWITCH must run, and listen there (listen-ip, listen-port)';
  return [{ level: 'problem', check: 'switch', says: `${id}: ${message}`, change }];
}

/** In the order in which they are to be mended. */
export function ofSwitch(facts: SwitchFacts, config: Config): Finding[] {
  return [
    ok('switch', `${facts.id}: ${facts.version}`),
    ...ofModules(facts, config),
    ...ofSight(facts, config),
    ...ofWriting(facts, config),
    ...ofIdentity(facts, config),
    ...ofMedia(facts),
    ...ofDigits(facts),
    ...ofRealms(facts, config),
    ...ofLog(facts),
  ];
}

function ofModules({ modules }: SwitchFacts, { pushUrl }: Config): Finding[] {
  const missing = Object.keys(modules).filter((name) => modules[name] !== true);
  if (missing.length === 0) return [ok('modules', 'all are loaded')];
  return missing.map((name) => {
    const change = `load ${name} (autoload_configs/modules.conf.xml)`;
    const isFor = (what: string): Finding => ({
      level: 'note',
      check: 'modules',
      says: `${name} is not loaded: ${what}`,
      change,
    });
    if (name === 'mod_hash') return isFor('no other instance may share this switch');
    if (name === 'mod_shout') return isFor('recordings can be wav alone');
    if (name === 'mod_http_cache' && pushUrl === undefined) {
      return isFor('transport push cannot be used, and is not');
    }
    return { level: 'problem', check: 'modules', says: `${name} is not loaded`, change };
  });
}

function ofSight({ seesFolder }: SwitchFacts, { recordingsDir, recordingsMount }: Config): Finding[] {
  if (seesFolder === undefined) return [];
  if (seesFolder) return [ok('folder', `the switch has ${recordingsMount} as ${recordingsDir}`)];
  return [
    {
      level: 'problem',
      check: 'folder',
      says: `what lies in ${recordingsMount} here is not in ${recordingsDir} for the switch`,
      change:
        'METAFLOWS_RECORDINGS_DIR is the folder as FreeSWITCH sees it, METAFLOWS_RECORDINGS_MOUNT as this ' +
        'service does; where they share no disk, set METAFLOWS_TRANSPORT=push',
    },
  ];
}

function ofWriting({ seesFolder, writesFolder }: SwitchFacts, { recordingsDir }: Config): Finding[] {
  // What it does not have at all is said already.
  if (seesFolder === false) return [];
  const check = 'writing';
  if (writesFolder) return [ok(check, `the switch can write into ${recordingsDir}`)];
  if (writesFolder === false) {
    const says = `the switch may not write into ${recordingsDir}: nothing can be recorded`;
    return [{ level: 'problem', check, says, change: 'let the user that FreeSWITCH runs as write there' }];
  }
  const says = `the switch does not say whether it can write into ${recordingsDir}: the first recording does`;
  return [{ level: 'note', check, says }];
}

function ofIdentity({ legs }: SwitchFacts, { identity }: Config): Finding[] {
  if (legs.length === 0) {
    const says = 'no call is up: make one, to see whose its legs are';
    return [{ level: 'note', check: 'identity', says }];
  }
  const nobodys = legs.filter((leg) => !ownerOfFoundLeg(leg, identity));
  const owned = legs.length - nobodys.length;
  const of = `of ${legs.length} live legs`;
  const says = `${nobodys.length} ${of} belong to nobody, no code of theirs works: ${missingOf(nobodys, identity)}`;
  const change = 'let users authenticate, or set metaflows_account and metaflows_user in the dialplan';
  if (owned === 0) return [{ level: 'warning', check: 'identity', says, change }];
  const found = [ok('identity', `${owned} ${of} have an owner`)];
  // Outside callers are nobody, and are to be.
  if (nobodys.length > 0) found.push({ level: 'note', check: 'identity', says });
  return found;
}

function missingOf(legs: readonly LegData[], identity: Config['identity']): string {
  const lacks = legs.flatMap(({ direction, variable }) => {
    const inbound = direction === 'inbound';
    const names = {
      account: inbound ? identity.inbound_account : identity.outbound_account,
      user: inbound ? identity.inbound_user : identity.outbound_user,
    };
    return Object.entries(names).flatMap(([what, lists]) =>
      lists.some((name) => variable(name))
        ? []
        : [`${direction} legs have none of ${lists.join(', ')}: no ${what}`],
    );
  });
  return (
    [...new Set(lacks)].join('; ') ||
    'they are of verto or loopback, of an account alone, or were nobody’s when they were created'
  );
}

function isOn(value: string | undefined): boolean {
  return /^(true|yes|on|enabled?|active|allow|1)$/i.test(value ?? '');
}

function ofMedia({ legs, profiles }: SwitchFacts): Finding[] {
  const check = 'media';
  const found: Finding[] = [];
  const bypassing = legs.filter(({ bypassMedia }) => bypassMedia);
  if (bypassing.length > 0) {
    const says = `the media of ${bypassing.length} live legs go past the switch: digits before a recording are lost`;
    found.push({ level: 'warning', check, says, change: 'take bypass_media out of the dialplan' });
  }
  if (!profiles) return [...found, unseen(check, 'what SIP profiles do with media')];
  for (const { name, params } of profiles) {
    const warn = (says: string) => found.push(warning(check, name, says, 'take it out of the profile'));
    if (isOn(params['inbound-bypass-media'])) warn('inbound-bypass-media: digits do not reach the switch');
    if (isOn(params['inbound-proxy-media'])) warn('inbound-proxy-media: the switch does not see the audio');
  }
  return found.length > 0 ? found : [ok(check, `they go through the switch: live legs, ${named(profiles)}`)];
}

function ofDigits({ profiles }: SwitchFacts): Finding[] {
  const check = 'digits';
  if (!profiles) return [unseen(check, 'what SIP profiles do with digits')];
  const found: Finding[] = [];
  for (const { name, params } of profiles) {
    if (isOn(params['pass-rfc2833'])) {
      const says = 'pass-rfc2833: digits go past the switch';
      found.push(warning(check, name, says, 'take it out of the profile'));
    }
    const { 'dtmf-type': type = 'rfc2833' } = params;
    if (type === 'none') {
      const says = 'dtmf-type is none: digits are neither told nor heard';
      found.push(warning(check, name, says, 'set dtmf-type to rfc2833'));
    } else if (type !== 'info' && !isOn(params['liberal-dtmf'])) {
      const says = 'digits that phones send as SIP INFO are ignored';
      const change = 'where phones send them so, set liberal-dtmf to true in the profile';
      found.push({ ...warning(check, name, says, change), level: 'note' });
    }
  }
  return found.length > 0 ? found : [ok(check, `they come to the switch: ${named(profiles)}`)];
}

function warning(check: string, profile: string, says: string, change: string): Finding {
  return { level: 'warning', check, says: `SIP profile ${profile}: ${says}`, change };
}

function named(profiles: readonly Profile[]): string {
  return `SIP profiles ${profiles.map(({ name }) => name).join(', ') || '(none)'}`;
}

function ofRealms({ realms, dialplanFrom }: SwitchFacts, { digits }: Config): Finding[] {
  const check = 'realm';
  const [first, ...others] = realms ?? [];
  if (first === undefined) {
    if (digits.realm !== undefined) return [ok(check, `digits.realm is ${digits.realm}`)];
    if (dialplanFrom.length > 0) {
      const says = `the dialplan comes from elsewhere first (${dialplanFrom.join(', ')}): what it binds is not seen here`;
      const change = 'where it binds digits, name the realm as digits.realm; FusionPBX’s is "local"';
      return [{ level: 'note', check, says, change }];
    }
    return [realms ? ok(check, 'the dialplan binds no digits in a realm') : unseen(check, 'the dialplan')];
  }
  if (others.length > 0) {
    const says = `the dialplan binds digits in several realms: ${[first, ...others].join(', ')}`;
    const change = 'bind in one realm, and name it as digits.realm in the configuration';
    return [{ level: 'warning', check, says, change }];
  }
  const says = `the dialplan binds digits in the realm ${first}`;
  if (digits.realm === first) return [ok(check, `${says}, as digits.realm says`)];
  const change = `set digits.realm to ${JSON.stringify(first)}, for calls that were up before the service was`;
  return [{ level: 'note', check, says, change }];
}

function ofLog({ logsInfo }: SwitchFacts): Finding[] {
  const check = 'log';
  if (logsInfo === undefined) return [unseen(check, 'the level of its log')];
  // The level at which it runs cannot be asked: see logsInfo in facts.ts.
  if (!logsInfo) {
    return [ok(check, 'as configured, it writes no digits; fsctl loglevel may have made it another since')];
  }
  return [
    {
      level: 'warning',
      check,
      says: 'as configured, the switch logs at the level info, where it writes every digit',
      change:
        'where card numbers are keyed in, set loglevel to notice in switch.conf.xml, and for the FreeSWITCH that runs: fsctl loglevel notice',
    },
  ];
}
