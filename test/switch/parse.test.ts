import { expect } from 'chai';
import fc from 'fast-check';
import type { LegData } from '../../src/switch/events.js';
import { eventOf, isOurs, legOf, legOfDump } from '../../src/switch/parse.js';

const UUID = '0a1b2c3d-0000-4000-8000-00000000000a';
const PEER = '0a1b2c3d-0000-4000-8000-00000000000b';
const AT = 1_767_312_000_123;

/** Headers that every event about a leg has, as FreeSWITCH 1.10.12 writes them. */
function raw(name: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    'Event-Name': name,
    'Event-Date-Timestamp': '1767312000123456',
    'Channel-Name': 'sofia/internal/1001@pbx.test',
    'Unique-ID': UUID,
    'Call-Direction': 'inbound',
    'Answer-State': 'ringing',
    'Caller-Channel-Created-Time': '1767311999000999',
    'Caller-Caller-ID-Name': 'Extension 1001',
    'Caller-Caller-ID-Number': '1001',
    'Caller-Callee-ID-Name': 'Outbound Call',
    'Caller-Callee-ID-Number': '1002',
    'Caller-Destination-Number': '1002',
    variable_user_name: '1001',
    variable_domain_name: 'pbx.test',
    ...more,
  };
}

const leg = {
  uuid: UUID,
  name: 'sofia/internal/1001@pbx.test',
  direction: 'inbound',
  createdAt: 1_767_311_999_000,
  answered: false,
  callerIdName: 'Extension 1001',
  callerIdNumber: '1001',
  calleeIdName: 'Outbound Call',
  calleeIdNumber: '1002',
  destination: '1002',
  bypassMedia: false,
  variables: ['1001', 'pbx.test', undefined],
};

/** A leg with what its variables say. */
function told({ variable, ...rest }: LegData): object {
  return { ...rest, variables: ['user_name', 'domain_name', 'none'].map(variable) };
}

function parsed(name: string, more: Record<string, unknown> = {}): unknown {
  const event = eventOf(raw(name, more));
  return event && 'leg' in event ? { ...event, leg: told(event.leg) } : event;
}

describe('eventOf', () => {
  const bridge = { 'Bridge-A-Unique-ID': UUID, 'Bridge-B-Unique-ID': PEER, 'Other-Leg-Unique-ID': 'stale' };
  const recording = { 'Record-File-Path': '/a.wav', 'Recording-Variable-metaflows_recording': 'r1' };
  const bug = { 'Media-Bug-Function': 'session_record', 'Media-Bug-Target': '/a.wav' };

  for (const [name, more, event] of [
    ['CHANNEL_CREATE', {}, { type: 'create', leg }],
    ['CHANNEL_ANSWER', { 'Answer-State': 'answered' }, { type: 'answer', leg: { ...leg, answered: true } }],
    ['CHANNEL_BRIDGE', bridge, { type: 'bridge', a: UUID, b: PEER, leg }],
    ['CHANNEL_UNBRIDGE', bridge, { type: 'unbridge', a: UUID, b: PEER }],
    ['CHANNEL_UNBRIDGE', {}, { type: 'unbridge', a: '', b: '' }],
    ['CHANNEL_HOLD', {}, { type: 'hold' }],
    ['CHANNEL_UNHOLD', {}, { type: 'unhold' }],
    ['CHANNEL_HANGUP', { 'Hangup-Cause': 'NORMAL_CLEARING' }, { type: 'hangup', cause: 'NORMAL_CLEARING' }],
    ['CHANNEL_DESTROY', {}, { type: 'destroy' }],
    ['DTMF', { 'DTMF-Digit': '*', 'DTMF-Source': 'RTP' }, { type: 'dtmf', digit: '*' }],
    [
      'CUSTOM',
      { 'Event-Subclass': 'metaflows::code', 'Metaflow-Code': '*71' },
      { type: 'code', code: '*71', masked: '' },
    ],
    [
      'CUSTOM',
      { 'Event-Subclass': 'metaflows::code', 'Metaflow-Code': '*72', Masked: '+OK Success\n' },
      { type: 'code', code: '*72', masked: '+OK Success' },
    ],
    ['RECORD_START', recording, { type: 'record_start', path: '/a.wav', recordingId: 'r1' }],
    [
      'RECORD_START',
      { 'Record-File-Path': '/b.wav' },
      { type: 'record_start', path: '/b.wav', recordingId: '' },
    ],
    [
      'RECORD_STOP',
      { ...recording, variable_record_ms: '1880', 'Record-Completion-Cause': 'success-maxtime' },
      { type: 'record_stop', path: '/a.wav', recordingId: 'r1', durationMs: 1880, cause: 'success-maxtime' },
    ],
    ['MEDIA_BUG_START', bug, { type: 'bug_start', function: 'session_record', target: '/a.wav' }],
    ['MEDIA_BUG_STOP', bug, { type: 'bug_stop', function: 'session_record', target: '/a.wav' }],
    [
      'CHANNEL_EXECUTE',
      { Application: 'bind_digit_action', 'Application-Data': 'local,*1,exec:x' },
      { type: 'binding', application: 'bind_digit_action', data: 'local,*1,exec:x' },
    ],
  ] as const) {
    it(`reads ${name} ${JSON.stringify(more)}`, () => {
      expect(parsed(name, more)).to.deep.equal({ uuid: UUID, at: AT, ...event });
    });
  }

  for (const [what, event] of Object.entries({
    'an unknown name': raw('CHANNEL_PARK'),
    'an unknown subclass': raw('CUSTOM', { 'Event-Subclass': 'sofia::register', 'Metaflow-Code': '*71' }),
    'a code event without a code': raw('CUSTOM', { 'Event-Subclass': 'metaflows::code' }),
    'another application': raw('CHANNEL_EXECUTE', { Application: 'bridge' }),
    'no leg': raw('DTMF', { 'DTMF-Digit': '1', 'Unique-ID': undefined }),
    'a leg that cannot be named': raw('DTMF', { 'DTMF-Digit': '1', 'Unique-ID': 'a b' }),
    'a leg twice': raw('DTMF', { 'DTMF-Digit': '1', 'Unique-ID': [UUID, PEER] }),
    'a time that is no text': raw('CHANNEL_HOLD', { 'Event-Date-Timestamp': { toString: 0 } }),
    'no time': raw('CHANNEL_HOLD', { 'Event-Date-Timestamp': 'soon' }),
    'a time that no calendar has': raw('CHANNEL_HOLD', { 'Event-Date-Timestamp': '9'.repeat(40) }),
    'a code that is no digits': raw('CUSTOM', {
      'Event-Subclass': 'metaflows::code',
      'Metaflow-Code': '*7 1',
    }),
    'no digit': raw('DTMF'),
    'several digits': raw('DTMF', { 'DTMF-Digit': '12' }),
    'half a bridge': raw('CHANNEL_BRIDGE', { 'Bridge-A-Unique-ID': UUID }),
    'a direction that is none': raw('CHANNEL_CREATE', { 'Call-Direction': 'sideways' }),
    nothing: {},
  })) {
    it(`gives nothing for ${what}`, () => {
      expect(eventOf(event)).to.equal(undefined);
    });
  }

  it('never throws, whatever an event holds', () => {
    const keys = fc.constantFrom(
      ...Object.keys(raw('x')),
      'DTMF-Digit',
      'Event-Subclass',
      'Metaflow-Code',
      'variable___proto__',
    );
    const names = fc.constantFrom(
      'CHANNEL_CREATE',
      'CHANNEL_BRIDGE',
      'DTMF',
      'CUSTOM',
      'RECORD_STOP',
      'CHANNEL_EXECUTE',
    );
    fc.assert(
      fc.property(names, fc.dictionary(keys, fc.jsonValue()), (name, more) => {
        eventOf(raw(name, more));
      }),
    );
  });
});

describe('legOf', () => {
  it('keeps arrays as the switch joins them, line feeds in names, and any name of a variable', () => {
    const got = legOf(
      raw('CHANNEL_CREATE', {
        'Caller-Caller-ID-Name': 'two\nlines',
        variable_list: ['a', { toString: 0 }, 'b'],
        variable___proto__: 'x',
      }),
    );
    expect(got?.callerIdName).to.equal('two\nlines');
    expect(got?.variable('list')).to.equal('ARRAY::a|:b');
    expect(got?.variable('__proto__')).to.equal('x');
    expect(got?.variable('toString')).to.equal(undefined);
  });
});

describe('legOfDump', () => {
  it('reads what uuid_dump answers, and that there is no such leg', () => {
    const got = legOfDump(JSON.stringify(raw('CHANNEL_DATA')));
    expect(got && told(got.leg)).to.deep.equal(leg);
    expect(got?.at).to.equal(AT);
    const times = {
      'Caller-Channel-Last-Hold': '1767312000100456',
      'Caller-Channel-Hold-Accum': '1500999',
    };
    expect(legOfDump(JSON.stringify(raw('CHANNEL_DATA', times)))?.leg)
      .to.include({ heldMs: 1500 })
      .and.not.have.property('heldSince');
    const held = { ...times, 'Channel-Call-State': 'HELD' };
    expect(legOfDump(JSON.stringify(raw('CHANNEL_DATA', held)))?.leg).to.include({ heldSince: AT - 23 });
    expect(legOfDump('-ERR No such channel!')).to.equal(undefined);
    expect(legOfDump('null')).to.equal(undefined);
  });
});

describe('isOurs', () => {
  it("tells what we executed from what a dialplan did, a repetition of the dialplan's own too", () => {
    expect(isOurs(raw('CHANNEL_EXECUTE', { 'Application-UUID': 'metaflows' }))).to.equal(true);
    expect(isOurs(raw('CHANNEL_EXECUTE', { 'Application-UUID': UUID }))).to.equal(false);
  });
});
