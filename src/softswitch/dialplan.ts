/**
 * The PBX's dialplan, the same as that of the FreeSWITCH of the contract tests (test/contract/freeswitch/pbx.xml,
 * where each prefix is explained).
 */
import type { Channel } from './channel.js';
import type { Action } from './instance.js';

const HANGUP_AFTER_BRIDGE: Action = ['set', 'hangup_after_bridge=true'];
const CALL_TIMEOUT: Action = ['set', 'call_timeout=30'];

const FUSIONPBX = [
  'local,*1,exec:execute_extension,lab_code_1 XML features,self,self',
  'local,*2,exec[i]:execute_extension,lab_code_2 XML features,self,self',
];

/** What a prefix of two digits does before it calls the user. */
const BEFORE_CALL: Record<string, Action[]> = {
  '82': [
    ...FUSIONPBX.map((data): Action => ['bind_digit_action', data]),
    ['digit_action_set_realm', 'local'],
    ['set', 'bridge_pre_execute_bleg_app=execute_extension'],
    [
      'set',
      `bridge_pre_execute_bleg_data='m:^:${FUSIONPBX.map((data) => `bind_digit_action:${data}`).join('^')}' inline`,
    ],
    HANGUP_AFTER_BRIDGE,
  ],
  '83': [
    ['bind_meta_app', '1 b s execute_extension::lab_code_1 XML features'],
    ['bind_meta_app', '2 b s record_session::$${recordings_dir}/vanilla-${uuid}.wav'],
    ['bind_meta_app', '3 b s execute_extension::lab_code_3 XML features'],
    HANGUP_AFTER_BRIDGE,
  ],
  '84': [['set', 'bypass_media=true'], HANGUP_AFTER_BRIDGE],
  '85': [['record_session', '$${recordings_dir}/dialplan-${uuid}.wav'], HANGUP_AFTER_BRIDGE],
  '86': [CALL_TIMEOUT],
  '87': [
    ['bind_meta_app', '1 a s execute_extension::lab_code_1 XML features'],
    ['bind_meta_app', '3 a s execute_extension::lab_code_3 XML features'],
    HANGUP_AFTER_BRIDGE,
  ],
};

/** What is executed for a leg that calls `destination`; undefined where there is no such extension. */
export function dialplan(
  leg: Channel,
  destination: string,
  context: string,
  domain: string,
): Action[] | undefined {
  if (context === 'public') return fromOutside(destination, domain);
  if (context === 'features') {
    const code = /^lab_code_(\d)$/.exec(destination)?.[1];
    return code ? [['event', `Event-Name=CUSTOM,Event-Subclass=lab::code,Lab-Code=${code}`]] : undefined;
  }
  if (destination === '9196')
    return [
      ['answer', ''],
      ['echo', ''],
    ];
  if (destination === '5900')
    return [
      ['answer', ''],
      ['park', ''],
    ];
  if (/^\+?\d{7,15}$/.test(destination)) {
    return [HANGUP_AFTER_BRIDGE, ['bridge', `sofia/carrier/${destination}@127.0.0.1`]];
  }
  const [, prefix, user] = /^(8[1-7])?(10[0-2]\d)$/.exec(destination) ?? [];
  if (user === undefined) return undefined;
  if (prefix === undefined) return toUser(leg, user, domain);
  if (prefix === '81') return [HANGUP_AFTER_BRIDGE, ['bridge', `loopback/${user}/default/XML`]];
  return [
    ...(BEFORE_CALL[prefix] ?? []),
    ['bridge', `user/${user}@${domain}`],
    prefix === '86' ? ['park', ''] : ['hangup', 'NO_ANSWER'],
  ];
}

/** Callers whom nobody has authenticated. */
function fromOutside(destination: string, domain: string): Action[] | undefined {
  const [, inbound, user] = /^(55500)?(10[0-2]\d)$/.exec(destination) ?? [];
  if (user === undefined) return undefined;
  const transfer: Action = ['transfer', `${user} XML default`];
  return inbound === undefined ? [transfer] : [['set', `domain_name=${domain}`], transfer];
}

function toUser(leg: Channel, user: string, domain: string): Action[] {
  const inDomain = leg.get('domain_name') !== undefined;
  return [
    ...(inDomain ? [['export', `dialed_extension=${user}`] as const] : []),
    HANGUP_AFTER_BRIDGE,
    ['set', 'continue_on_fail=true'],
    CALL_TIMEOUT,
    ['bridge', inDomain ? 'user/${dialed_extension}@${domain_name}' : `user/${user}@${domain}`],
    ['hangup', 'NO_ANSWER'],
  ];
}
