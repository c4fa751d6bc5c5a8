/** Events as a switch that is broken, or speaks for somebody hostile, might tell them. */
import fc from 'fast-check';
import { text } from './cases.js';

/** Accounts that a switch may have; metaflows are theirs. */
export const ACCOUNTS = [
  'example.com',
  '../../../../tmp/escaped',
  "it's ${system(touch /tmp/escaped)} a;b,c\\",
  '\u202e💥 x',
];
export const LEGS = ['leg-1', 'leg-2', 'leg-3', 'leg-4', 'leg-5', 'x'.repeat(128)];

export type Raw = Record<string, unknown>;

const leg = fc.oneof({ weight: 30, arbitrary: fc.constantFrom(...LEGS) }, text);
const micros = fc.oneof(
  { weight: 60, arbitrary: fc.constant('1767312000123456') },
  text,
  fc.constantFrom('0', '-1', '9'.repeat(40), null, 7),
  // 1970, and the last second of the year 9999
  fc.constantFrom('1000', '253402300799000000'),
);
const mostly = (usual: readonly string[], other: fc.Arbitrary<unknown> = text) =>
  fc.oneof({ weight: 30, arbitrary: fc.constantFrom(...usual) }, other, fc.array(other, { maxLength: 3 }));

export const event: fc.Arbitrary<Raw> = fc.record(
  {
    'Event-Name': mostly(
      'CREATE CREATE ANSWER BRIDGE BRIDGE BRIDGE UNBRIDGE HOLD UNHOLD HANGUP DESTROY EXECUTE'
        .split(' ')
        .map((name) => `CHANNEL_${name}`)
        .concat(
          'DTMF',
          'DTMF',
          'CUSTOM',
          'CUSTOM',
          'RECORD_START',
          'RECORD_STOP',
          'MEDIA_BUG_START',
          'MEDIA_BUG_STOP',
        ),
    ),
    'Unique-ID': leg,
    'Event-Date-Timestamp': micros,
    'Call-Direction': mostly(['inbound', 'outbound']),
    'Caller-Channel-Created-Time': micros,
    'Channel-Name': mostly(['sofia/internal/1001', 'sofia/external/0', 'loopback/1-a', 'verto.rtc/1']),
    'Answer-State': mostly(['answered', 'ringing']),
    'Caller-Caller-ID-Name': text,
    'Caller-Caller-ID-Number': text,
    'Caller-Callee-ID-Name': text,
    'Caller-Destination-Number': text,
    'Bridge-A-Unique-ID': leg,
    'Bridge-B-Unique-ID': leg,
    'DTMF-Digit': mostly(['*', '7', '1', '2', '3', '4']),
    'Event-Subclass': fc.constant('metaflows::code'),
    'Metaflow-Code': mostly(['*71', '*71', '*72', '*73', '*74', '*75']),
    Masked: mostly(['+OK Success']),
    'Record-File-Path': text,
    'Recording-Variable-metaflows_recording': text,
    'Record-Completion-Cause': mostly(['success-silence', 'uri-failure', 'input-too-short']),
    variable_record_ms: mostly(['1000', '-1', '1e99']),
    'Media-Bug-Function': mostly(['session_record']),
    'Media-Bug-Target': text,
    Application: mostly([
      'bind_digit_action',
      'digit_action_set_realm',
      'clear_digit_action',
      'bind_meta_app',
    ]),
    'Application-Data': fc.oneof(
      text,
      text.map((realm) => `${realm},*71,exec:x`),
      fc.constantFrom('local,*71,exec:x', 'all', '2 b s x', '^^'),
    ),
    variable_domain_name: mostly(ACCOUNTS),
    variable_user_name: mostly(['1001', '1002']),
    variable_dialed_domain: mostly(ACCOUNTS),
    variable_dialed_user: mostly(['1001', '1002']),
    variable_ecallmgr_Authorizing_ID: text,
    variable_other_loopback_leg_uuid: leg,
    variable_bypass_media: mostly(['true', 'false']),
  },
  {
    requiredKeys: [
      'Event-Name',
      'Unique-ID',
      'Event-Date-Timestamp',
      'Call-Direction',
      'Caller-Channel-Created-Time',
      'Channel-Name',
      'variable_domain_name',
      'variable_user_name',
      'Bridge-A-Unique-ID',
      'Bridge-B-Unique-ID',
      'DTMF-Digit',
      'Event-Subclass',
      'Metaflow-Code',
      'Application',
      'Application-Data',
      'variable_dialed_domain',
      'variable_dialed_user',
    ],
  },
);

/** What becomes of an event's JSON on its way: bytes that are no UTF-8, and what is no JSON at all. */
export const WAYS = {
  whole: (json: string) => Buffer.from(json),
  'as Latin-1': (json: string) => Buffer.from(json, 'latin1'),
  half: (json: string) => Buffer.from(json.slice(0, json.length / 2)),
  'with more': (json: string) => Buffer.from(`${json}}`),
  deep: (json: string) => Buffer.from(json.replace('{', `{"a":${'['.repeat(5000)}${']'.repeat(5000)},`)),
  huge: (json: string) => Buffer.from(json.replace('{', `{"variable_a":"${'x'.repeat(200_000)}",`)),
  twice: (json: string) =>
    Buffer.from(json.replace('{', '{"Event-Name":"DTMF","__proto__":{"Unique-ID":"a"},')),
};
export type Way = keyof typeof WAYS;
export const way = fc.constantFrom(...(Object.keys(WAYS) as Way[]));
