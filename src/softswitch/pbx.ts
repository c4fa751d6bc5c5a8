import { hostname } from 'node:os';
import { LOOPBACK_LEAVES_AFTER_MS, LoopbackEnd, leaveLoopback } from './loopback.js';
import { Channel, type Profile } from './channel.js';
import { announce, outboundProfile, type MakeLeg } from './dial.js';
import { dialplan } from './dialplan.js';
import type { Character, Instance } from './instance.js';
import { invite, type Accept } from './trunk.js';

/** The users of the PBX, each with a telephone. */
export const USERS: readonly string[] = Array.from({ length: 20 }, (_, n) => String(1001 + n));

/** What the PBX needs to know of the world around it. */
export interface PbxOptions {
  domain: string;
  recordingsDir: string;
  /** The telephones, and the outside world behind the carrier. */
  phones: () => { phone: Accept; outside: Accept };
}

/** Headers `X-…` of the call that came in go out again (`sip_copy_custom_headers`). */
function customHeaders(
  from: Channel | undefined,
  variables: ReadonlyMap<string, string>,
): Map<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of [...(from?.variables ?? []), ...variables]) {
    if (name.startsWith('sip_h_X-')) headers.set(name.slice('sip_h_'.length), value);
  }
  return headers;
}

/** The PBX: a directory of {@link USERS}, the lab's dialplan, and a carrier. */
export function pbx(options: PbxOptions): Character {
  const { domain } = options;

  const toUserEndpoint: MakeLeg = (request) => {
    const [user = '', asked = domain] = request.rest.split('@');
    const { instance, from, variables } = request;
    from?.set('dialed_user', user);
    from?.set('dialed_domain', asked);
    if (asked !== domain || !USERS.includes(user)) return 'SUBSCRIBER_ABSENT';
    const profile = outboundProfile(request, user, 'default');
    const leg = new Channel(instance, `sofia/internal/${user}@127.0.0.1`, 'outbound', profile, [
      ...exported(from),
      ...variables,
      ['dialed_user', user],
      ['dialed_domain', asked],
      ['sip_invite_domain', asked],
      ['presence_id', `${user}@${asked}`],
      ['sofia_profile_name', 'internal'],
    ]);
    announce(leg, from);
    call(leg, user, customHeaders(from, variables), options.phones().phone);
    return leg;
  };

  const sofia: MakeLeg = (request) => {
    const number = /^carrier\/([^@]+)@/.exec(request.rest)?.[1];
    if (number === undefined) return 'INVALID_GATEWAY';
    const { instance, from, variables } = request;
    const profile = outboundProfile(request, number, 'public');
    const leg = new Channel(instance, `sofia/${request.rest}`, 'outbound', profile, [
      ...exported(from),
      ...variables,
      ['sofia_profile_name', 'carrier'],
    ]);
    announce(leg, from);
    call(leg, number, customHeaders(from, variables), options.phones().outside);
    return leg;
  };

  return {
    globals: [
      ['hostname', hostname()],
      ['domain', domain],
      ['base_dir', options.recordingsDir],
      ['recordings_dir', options.recordingsDir],
    ],
    endpoints: { user: toUserEndpoint, sofia, loopback: throughLoopback },
    dialplan: (leg, destination, context) => dialplan(leg, destination, context, domain),
    sofiaStatus: () => 'internal\tprofile\tRUNNING (0)\ncarrier\tprofile\tRUNNING (0)\n',
  };
}

function call(leg: Channel, to: string, headers: ReadonlyMap<string, string>, accept: Accept): void {
  const { callerName, callerNumber } = leg.profile;
  const from = { user: callerNumber, name: callerName, number: callerNumber };
  invite(leg, { to, from, headers, authenticated: undefined }, accept);
}

function exported(from: Channel | undefined): [string, string][] {
  const names = from?.variables.get('export_vars')?.split(',') ?? [];
  return names.map((name) => [name, from?.variables.get(name) ?? '']);
}

/** `loopback/<extension>/<context>/XML`: two legs of which one runs the dialplan. */
const throughLoopback: MakeLeg = (request) => {
  const { instance, from, rest, variables } = request;
  const [destination = '', context = 'default'] = rest.split('/');
  const profile = outboundProfile(request, destination, context);
  const a = new Channel(instance, `loopback/${destination}-a`, 'outbound', profile, variables);
  const b: Channel = new Channel(instance, `loopback/${destination}-b`, 'inbound', { ...profile, context }, [
    ...customHeaderVariables(from),
    ['other_loopback_leg_uuid', a.uuid],
  ]);
  a.endpoint = new LoopbackEnd(() => b);
  b.endpoint = new LoopbackEnd(() => a);
  from?.preAnswer();
  announce(a, from);
  a.set('other_loopback_leg_uuid', b.uuid);
  b.fire('CHANNEL_CREATE');
  void a.changed().then(() => {
    if (a.answered) instance.timers.after(LOOPBACK_LEAVES_AFTER_MS, () => leaveLoopback(a, b));
  });
  instance.timers.after(0, () => void instance.run(b));
  return a;
};

function customHeaderVariables(from: Channel | undefined): [string, string][] {
  return [...customHeaders(from, new Map())].map(([name, value]) => [`sip_h_${name}`, value]);
}

/** Takes a call in from a telephone, whom the directory knows, or from the carrier, whom it does not. */
export function acceptAtPbx(instance: Instance, domain: string): Accept {
  return (invite, end) => {
    const { from, authenticated: user } = invite;
    const name =
      user === undefined ? `sofia/carrier/${from.user}@127.0.0.1` : `sofia/internal/${user}@${domain}`;
    const profile: Profile = {
      username: from.number,
      callerName: from.name,
      callerNumber: from.number,
      calleeName: '',
      calleeNumber: '',
      destination: invite.to,
      context: user === undefined ? 'public' : 'default',
    };
    const leg = new Channel(instance, name, 'inbound', profile, [
      ['sip_call_id', invite.callId],
      ['sip_from_user', from.user],
      ['sip_req_user', invite.to],
      ...[...invite.headers].map(([header, value]) => [`sip_h_${header}`, value] as const),
      ...(user === undefined ? [] : directory(user, domain)),
    ]);
    leg.endpoint = end;
    leg.set('call_uuid', leg.uuid);
    leg.fire('CHANNEL_CREATE');
    void instance.run(leg);
    return leg;
  };
}

/** What the directory says of a user whose call it has authenticated. */
function directory(user: string, domain: string): [string, string][] {
  return [
    ['sip_authorized', 'true'],
    ['sip_auth_username', user],
    ['user_context', 'default'],
    ['accountcode', user],
    ['effective_caller_id_name', `Extension ${user}`],
    ['effective_caller_id_number', user],
    ['user_name', user],
    ['domain_name', domain],
  ];
}
