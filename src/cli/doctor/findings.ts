/** What is wrong, and what to change, from what the doctor has seen. Pure. */
import { ownerOf, PIN, readPin } from '../../calls/owner.js';
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

export function ofFolder({ failure, free }: FolderFacts, { recordingsMount, limits }: Config): Finding[] {
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
    ok('permissions', `${recordingsMount} can be read and written`),
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
    ...facts.profiles.flatMap(ofProfile),
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
  const owners = legs.map((leg) => readPin(leg.uuid, leg.variable(PIN)) ?? ownerOf(leg, identity));
  const nobodys = legs.filter((_, index) => !owners[index]);
  const owned = ok('identity', `${legs.length - nobodys.length} of ${legs.length} live legs have an owner`);
  if (nobodys.length < legs.length) return [owned];
  return [
    {
      level: 'warning',
      check: 'identity',
      says: `none of ${legs.length} live legs has an owner: no code of theirs works (${missingOf(nobodys, identity)})`,
      change: 'let users authenticate, or set metaflows_account and metaflows_user in the dialplan',
    },
  ];
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
  return [...new Set(lacks)].join('; ') || 'they are of verto or loopback, or of an account alone';
}

function ofMedia({ legs }: SwitchFacts): Finding[] {
  const bypassing = legs.filter(({ bypassMedia }) => bypassMedia);
  if (bypassing.length === 0) return [];
  return [
    {
      level: 'warning',
      check: 'media',
      says: `the media of ${bypassing.length} live legs go past the switch: digits before a recording are lost`,
      change: 'take bypass_media out of the dialplan',
    },
  ];
}

function isOn(value: string | undefined): boolean {
  return /^(true|yes|on|enabled?|active|allow|1)$/i.test(value ?? '');
}

function ofProfile({ name, params }: Profile): Finding[] {
  const found: Finding[] = [];
  const warn = (check: string, says: string, change: string) =>
    found.push({ level: 'warning', check, says: `SIP profile ${name}: ${says}`, change });
  if (isOn(params['inbound-bypass-media'])) {
    warn('media', 'inbound-bypass-media: digits do not reach the switch', 'take it out of the profile');
  }
  if (isOn(params['inbound-proxy-media'])) {
    warn('media', 'inbound-proxy-media: the switch does not see the audio', 'take it out of the profile');
  }
  if (isOn(params['pass-rfc2833'])) {
    warn('digits', 'pass-rfc2833: digits go past the switch', 'take it out of the profile');
  }
  const { 'dtmf-type': type = 'rfc2833' } = params;
  if (type === 'none') {
    warn('digits', 'dtmf-type is none: digits are neither told nor heard', 'set dtmf-type to rfc2833');
  } else if (type !== 'info' && !isOn(params['liberal-dtmf'])) {
    found.push({
      level: 'note',
      check: 'digits',
      says: `SIP profile ${name}: digits that phones send as SIP INFO are ignored`,
      change: 'where phones send them so, set liberal-dtmf to true in the profile',
    });
  }
  return found;
}

function ofRealms({ realms, dialplanFrom }: SwitchFacts, { digits }: Config): Finding[] {
  const [first, ...others] = realms;
  if (first === undefined && dialplanFrom.length > 0 && digits.realm === undefined) {
    const says = `the dialplan comes from elsewhere first (${dialplanFrom.join(', ')}): what it binds is not seen here`;
    const change = 'where it binds digits, name the realm as digits.realm; FusionPBX’s is "local"';
    return [{ level: 'note', check: 'realm', says, change }];
  }
  if (first === undefined || (others.length === 0 && digits.realm === first)) return [];
  if (others.length > 0) {
    const says = `the dialplan binds digits in several realms: ${realms.join(', ')}`;
    const change = 'bind in one realm, and name it as digits.realm in the configuration';
    return [{ level: 'warning', check: 'realm', says, change }];
  }
  return [
    {
      level: 'note',
      check: 'realm',
      says: `the dialplan binds digits in the realm ${first}`,
      change: `set digits.realm to ${JSON.stringify(first)}, for calls that were up before the service was`,
    },
  ];
}

function ofLog({ logsInfo }: SwitchFacts): Finding[] {
  if (!logsInfo) return [];
  return [
    {
      level: 'warning',
      check: 'log',
      says: 'the switch logs at the level info, where it writes every digit',
      change: 'set loglevel to notice in switch.conf.xml where card numbers are keyed in',
    },
  ];
}
