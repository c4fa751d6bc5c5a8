import { Channel, type Profile } from './channel.js';
import { announce, outboundProfile, type MakeLeg } from './dial.js';
import type { Action, Character, Instance } from './instance.js';
import { USERS } from './pbx.js';
import { invite, type Accept } from './trunk.js';

/** What a telephone plays, in Hz, by the last two digits of its number: a recording tells who was heard. */
const TONES = [
  440, 880, 1120, 620, 1420, 540, 1020, 1560, 1280, 380, 440, 880, 1120, 620, 440, 880, 1120, 620, 440, 880,
];
const OUTSIDE_HZ = 740;

/** The tone of a telephone, or of the outside world, in Hz. */
export function toneOf(number: string): number {
  return TONES[USERS.indexOf(number)] ?? OUTSIDE_HZ;
}

function tone(hz: number): Action {
  return ['playback', `tone_stream://v=-13;%(1000,0,${hz});loops=-1`];
}

/** Every telephone rings as long as `X-Lab-Ring` says, answers by itself and plays its tone. */
function dialplan(leg: Channel, destination: string): Action[] {
  const calling = /^tone-(\d+)$/.exec(destination)?.[1];
  if (calling !== undefined) return [tone(Number(calling))];
  const ring = leg.get('sip_h_X-Lab-Ring');
  return [
    ...(ring === undefined
      ? []
      : ([
          ['ring_ready', ''],
          ['sleep', ring],
        ] as const)),
    ['answer', ''],
    tone(toneOf(destination)),
  ];
}

/** The telephones, registered with the PBX, and the outside world behind the carrier. */
export function phones(options: { domain: string; recordingsDir: string; pbx: () => Accept }): Character {
  const sofia: MakeLeg = (request) => {
    const { instance, from, variables, rest } = request;
    const [, gateway, number] = /^gateway\/([^/]+)\/(.+)$/.exec(rest) ?? [];
    const outside = /^outside\/([^@]+)@/.exec(rest)?.[1];
    if (gateway !== undefined && !USERS.includes(gateway)) return 'INVALID_GATEWAY';
    const to = number ?? outside;
    if (to === undefined) return 'INVALID_URL';
    const profile = outboundProfile(request, to, 'phones');
    const name = gateway === undefined ? `sofia/${rest}` : `sofia/phones/${to}`;
    const leg = new Channel(instance, name, 'outbound', profile, [
      ...variables,
      ...(gateway === undefined ? [] : [['sip_gateway', gateway] as const]),
    ]);
    announce(leg, from);
    // nobody keeps a carrier's caller from writing what he likes into From
    const forged = /^sip:([^@]+)@/.exec(variables.get('sip_from_uri') ?? '')?.[1];
    const user = gateway ?? forged ?? profile.callerNumber;
    const headers = new Map(
      [...variables]
        .filter(([variable]) => variable.startsWith('sip_h_X-'))
        .map(([variable, value]) => [variable.slice('sip_h_'.length), value] as const),
    );
    const identity = { user, name: profile.callerName || user, number: profile.callerNumber };
    invite(leg, { to, from: identity, headers, authenticated: gateway }, options.pbx());
    return leg;
  };
  return {
    globals: [
      ['domain', options.domain],
      ['base_dir', options.recordingsDir],
      ['recordings_dir', options.recordingsDir],
    ],
    endpoints: { sofia },
    dialplan,
    sofiaStatus: () =>
      USERS.map((user) => `phones::${user}\tgateway\tsip:${user}@${options.domain}\tREGED\n`).join(''),
  };
}

/** A telephone, or the outside world, is called. */
export function acceptAtPhone(instance: Instance, profileName: 'phones' | 'outside', domain: string): Accept {
  return (invite, end) => {
    const host = profileName === 'phones' ? domain : '127.0.0.1';
    const profile: Profile = {
      username: invite.from.number,
      callerName: invite.from.name,
      callerNumber: invite.from.number,
      calleeName: '',
      calleeNumber: '',
      destination: invite.to,
      context: 'phones',
    };
    const leg = new Channel(
      instance,
      `sofia/${profileName}/${invite.from.user}@${host}`,
      'inbound',
      profile,
      [
        ['sip_call_id', invite.callId],
        ['sip_req_user', invite.to],
        ...[...invite.headers].map(([header, value]) => [`sip_h_${header}`, value] as const),
      ],
    );
    leg.endpoint = end;
    leg.fire('CHANNEL_CREATE');
    void instance.run(leg);
    return leg;
  };
}
