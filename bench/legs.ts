/**
 * Calls as FreeSWITCH tells of them, without a FreeSWITCH: the headers, their order and their values' lengths are those
 * that a real 1.10.12 sent; of the hundred or more channel variables of a SIP leg so many are kept that an event is as
 * long as the 3–4 KB that deployments report.
 */

/** The account that every owned leg belongs to; each callee is a user of it. */
export const ACCOUNT = 'bench.test';

/** One leg of a call: somebody outside who calls (`inbound`), or the user who is called (`outbound`). */
export interface BenchLeg {
  uuid: string;
  other: string;
  direction: 'inbound' | 'outbound';
  /** The number of the user, on both legs. */
  user: string;
  /** What `uuid_setvar` has set. */
  variables: Record<string, string>;
}

/** Two legs that are bridged. */
export interface BenchCall {
  caller: BenchLeg;
  callee: BenchLeg;
}

/** Epoch, microseconds, of everything: a time that does not change keeps the bodies of one run alike. */
const CREATED = '1795176220616569';
const DATE = { local: '2026-11-20 12:03:40', gmt: 'Fri, 20 Nov 2026 12:03:40 GMT' };

/** The `n`th call, of one of a thousand users. */
export function benchCall(n: number): BenchCall {
  const user = String(1000 + (n % 1000));
  const [a, b] = [uuidOf('a', n), uuidOf('b', n)];
  return {
    caller: { uuid: a, other: b, direction: 'inbound', user, variables: {} },
    callee: { uuid: b, other: a, direction: 'outbound', user, variables: {} },
  };
}

/** The events of a call that begins. */
export function beginning({ caller, callee }: BenchCall): string[] {
  return [
    event('CHANNEL_CREATE', caller),
    event('CHANNEL_CREATE', callee),
    event('CHANNEL_ANSWER', callee),
    event('CHANNEL_ANSWER', caller),
    event('CHANNEL_BRIDGE', caller, bridgeOf(caller)),
  ];
}

/** The events of a call that ends. */
export function ending({ caller, callee }: BenchCall): string[] {
  const cause = { 'Hangup-Cause': 'NORMAL_CLEARING' };
  return [
    event('CHANNEL_HANGUP', callee, cause),
    event('CHANNEL_UNBRIDGE', caller, bridgeOf(caller)),
    event('CHANNEL_HANGUP', caller, cause),
    event('CHANNEL_DESTROY', callee, cause),
    event('CHANNEL_DESTROY', caller, cause),
  ];
}

/** A key that a leg's party pressed. */
export function dtmf(leg: BenchLeg, digit: string): string {
  return event('DTMF', leg, { 'DTMF-Digit': digit, 'DTMF-Duration': '800', 'DTMF-Source': 'RTP' });
}

/** An event about a leg, as `event json` has it. */
export function event(name: string, leg: BenchLeg, more: Record<string, string> = {}): string {
  return JSON.stringify({
    'Event-Name': name,
    ...CORE,
    'Event-Date-Timestamp': String(Date.now() * 1000),
    'Event-Calling-File': 'switch_channel.c',
    'Event-Calling-Function': 'switch_channel_perform_event',
    'Event-Calling-Line-Number': '677',
    'Event-Sequence': '569',
    ...channelOf(leg, name),
    ...(name !== 'DTMF' && variablesOf(leg, name === 'CHANNEL_CREATE')),
    ...more,
  });
}

/** What `uuid_dump … json` answers. */
export function dumpOf(leg: BenchLeg): string {
  return event('CHANNEL_DATA', leg);
}

/** A row of `show channels as json`. */
export function channelRow(leg: BenchLeg): Record<string, string> {
  return {
    uuid: leg.uuid,
    direction: leg.direction,
    created: DATE.local,
    created_epoch: CREATED.slice(0, 10),
    name: nameOf(leg),
    state: 'CS_EXCHANGE_MEDIA',
    cid_name: 'Caller',
    cid_num: '4930123456',
    ip_addr: '192.0.2.17',
    dest: leg.user,
    application: '',
    application_data: '',
    dialplan: 'XML',
    context: 'default',
    read_codec: 'PCMU',
    read_rate: '8000',
    read_bit_rate: '64000',
    write_codec: 'PCMU',
    write_rate: '8000',
    write_bit_rate: '64000',
    secure: '',
    hostname: 'bench',
    presence_id: '',
    presence_data: '',
    accountcode: leg.user,
    callstate: 'ACTIVE',
    callee_name: leg.user,
    callee_num: leg.user,
    callee_direction: 'SEND',
    call_uuid: leg.direction === 'inbound' ? leg.uuid : leg.other,
  };
}

/** A row of `show calls as json`. */
export function callRow({ caller, callee }: BenchCall): Record<string, string> {
  const b = Object.entries(channelRow(callee)).map(([name, value]) => [`b_${name}`, value] as const);
  return { ...channelRow(caller), ...Object.fromEntries(b) };
}

const CORE = {
  'Core-UUID': '759aac2e-ecc6-4ff7-880a-54fc7885f64c',
  'FreeSWITCH-Hostname': 'bench',
  'FreeSWITCH-Switchname': 'bench',
  'FreeSWITCH-IPv4': '192.0.2.2',
  'FreeSWITCH-IPv6': 'fd00::2',
  'Event-Date-Local': DATE.local,
  'Event-Date-GMT': DATE.gmt,
};

const CODECS = Object.fromEntries(
  ['Read', 'Write'].flatMap((way) => [
    [`Channel-${way}-Codec-Name`, 'PCMU'],
    [`Channel-${way}-Codec-Rate`, '8000'],
    [`Channel-${way}-Codec-Bit-Rate`, '64000'],
  ]),
);

function channelOf(leg: BenchLeg, name: string): Record<string, string> {
  const isNew = name === 'CHANNEL_CREATE';
  const other: BenchLeg = {
    ...leg,
    uuid: leg.other,
    direction: leg.direction === 'inbound' ? 'outbound' : 'inbound',
  };
  return {
    'Channel-State': isNew ? 'CS_INIT' : 'CS_EXCHANGE_MEDIA',
    'Channel-Call-State': isNew ? 'DOWN' : 'ACTIVE',
    'Channel-State-Number': isNew ? '2' : '5',
    'Channel-Name': nameOf(leg),
    'Unique-ID': leg.uuid,
    'Call-Direction': leg.direction,
    'Presence-Call-Direction': leg.direction,
    'Channel-HIT-Dialplan': String(leg.direction === 'inbound'),
    'Channel-Presence-ID': `${leg.user}@${ACCOUNT}`,
    'Channel-Call-UUID': leg.direction === 'inbound' ? leg.uuid : leg.other,
    'Answer-State': isNew ? 'ringing' : 'answered',
    ...CODECS,
    ...profileOf('Caller', leg),
    ...(!isNew && {
      'Other-Type': leg.direction === 'inbound' ? 'originatee' : 'originator',
      ...profileOf('Other-Leg', other),
    }),
  };
}

function profileOf(prefix: 'Caller' | 'Other-Leg', leg: BenchLeg): Record<string, string> {
  const caller = prefix === 'Caller' ? 'Caller-Caller' : prefix;
  const times = ['Progress', 'Progress-Media', 'Hangup', 'Transfer', 'Resurrect'];
  return {
    [`${prefix}-Direction`]: leg.direction,
    [`${prefix}-Logical-Direction`]: leg.direction,
    [`${prefix}-Username`]: leg.user,
    [`${prefix}-Dialplan`]: 'XML',
    [`${caller}-ID-Name`]: 'Caller outside',
    [`${caller}-ID-Number`]: '4930123456',
    [`${prefix}-Orig-Caller-ID-Name`]: 'Caller outside',
    [`${prefix}-Orig-Caller-ID-Number`]: '4930123456',
    [`${prefix}-Callee-ID-Name`]: `Extension ${leg.user}`,
    [`${prefix}-Callee-ID-Number`]: leg.user,
    [`${prefix}-Network-Addr`]: '192.0.2.17',
    [`${prefix}-ANI`]: '4930123456',
    [`${prefix}-Destination-Number`]: leg.user,
    [`${prefix}-Unique-ID`]: leg.uuid,
    [`${prefix}-Source`]: 'mod_sofia',
    [`${prefix}-Context`]: 'default',
    [`${prefix}-Channel-Name`]: nameOf(leg),
    [`${prefix}-Profile-Created-Time`]: CREATED,
    [`${prefix}-Channel-Created-Time`]: CREATED,
    [`${prefix}-Channel-Answered-Time`]: CREATED,
    ...Object.fromEntries(times.map((time) => [`${prefix}-Channel-${time}-Time`, '0'])),
    [`${prefix}-Channel-Bridged-Time`]: '0',
    [`${prefix}-Channel-Last-Hold`]: '0',
    [`${prefix}-Channel-Hold-Accum`]: '0',
    [`${prefix}-Screen-Bit`]: 'true',
    [`${prefix}-Privacy-Hide-Name`]: 'false',
    [`${prefix}-Privacy-Hide-Number`]: 'false',
  };
}

function variablesOf(leg: BenchLeg, isNew: boolean): Record<string, string> {
  const owner = leg.direction === 'inbound' ? {} : { dialed_user: leg.user, dialed_domain: ACCOUNT };
  const all: Record<string, string> = {
    direction: leg.direction,
    uuid: leg.uuid,
    session_id: '4711',
    channel_name: nameOf(leg),
    sip_from_user: '4930123456',
    sip_from_host: 'carrier.test',
    ...owner,
    ...(isNew && LONG),
    ...leg.variables,
  };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [`variable_${name}`, value]));
}

/** What a leg that has just been made says of SIP and of its codecs. */
const LONG = {
  sip_from_uri: '4930123456@carrier.test',
  sip_local_network_addr: '192.0.2.2',
  sip_network_ip: '192.0.2.17',
  sip_network_port: '5060',
  sip_received_ip: '192.0.2.17',
  sip_received_port: '5060',
  sip_via_protocol: 'udp',
  sofia_profile_name: 'internal',
  sofia_profile_url: 'sip:mod_sofia@192.0.2.2:5060',
  recovery_profile_name: 'internal',
  sip_allow: 'INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, UPDATE, REGISTER, REFER, NOTIFY',
  sip_req_user: '1002',
  sip_req_uri: '1002@192.0.2.2:5060',
  sip_to_uri: '1002@192.0.2.2:5060',
  sip_contact_uri: '4930123456@192.0.2.17:5060',
  sip_user_agent: 'Carrier SBC 9.3.0',
  sip_via_rport: '5060',
  max_forwards: '70',
  switch_r_sdp:
    'v=0\r\no=carrier 1795154540 1795154541 IN IP4 192.0.2.17\r\ns=-\r\nc=IN IP4 192.0.2.17\r\nt=0 0\r\n' +
    'm=audio 21680 RTP/AVP 0 101 13\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n',
  ep_codec_string: 'CORE_PCM_MODULE.PCMU@8000h@20i@64000b',
};

function bridgeOf({ uuid, other }: BenchLeg): Record<string, string> {
  return { 'Bridge-A-Unique-ID': uuid, 'Bridge-B-Unique-ID': other };
}

function nameOf(leg: BenchLeg): string {
  return leg.direction === 'inbound'
    ? 'sofia/external/4930123456@carrier.test'
    : `sofia/internal/${leg.user}@192.0.2.18:45109`;
}

function uuidOf(end: 'a' | 'b', n: number): string {
  return `${n.toString(16).padStart(8, '0')}-0000-4000-8000-00000000000${end}`;
}
