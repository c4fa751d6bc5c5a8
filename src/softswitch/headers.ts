import type { Channel, State } from './channel.js';
import type { Headers } from './events.js';

const STATE_NUMBERS: Record<State, number> = {
  CS_INIT: 1,
  CS_ROUTING: 2,
  CS_SOFT_EXECUTE: 3,
  CS_EXECUTE: 4,
  CS_EXCHANGE_MEDIA: 5,
  CS_CONSUME_MEDIA: 7,
  CS_HANGUP: 10,
  CS_REPORTING: 11,
};

/** Events that carry no channel variables. */
const TERSE = new Set(['CHANNEL_CALLSTATE', 'CHANNEL_STATE', 'DTMF']);

/** What an event about a leg says of it (`switch_channel_event_set_data`). */
export function eventHeaders(name: string, channel: Channel): Headers {
  return channelHeaders(channel, !TERSE.has(name));
}

/** @param variables whether the channel's variables are wanted too */
export function channelHeaders(channel: Channel, variables: boolean): Headers {
  const headers: Headers = {
    'Channel-State': channel.state,
    'Channel-Call-State': channel.callState,
    'Channel-State-Number': String(STATE_NUMBERS[channel.state]),
    'Channel-Name': channel.name,
    'Unique-ID': channel.uuid,
    'Call-Direction': channel.direction,
    'Presence-Call-Direction': channel.direction,
    'Channel-HIT-Dialplan': String(channel.direction === 'inbound'),
    'Channel-Call-UUID': channel.callUuid,
    'Answer-State': channel.answerState,
    ...(channel.down && { 'Hangup-Cause': channel.cause }),
    ...profileHeaders('Caller', channel),
    'Caller-Profile-Index': '1',
  };
  if (channel.otherLeg) {
    headers['Other-Type'] = channel.otherLeg.type;
    Object.assign(headers, profileHeaders('Other-Leg', channel.otherLeg.leg));
  }
  if (variables) for (const [name, value] of channel.variables) headers[`variable_${name}`] = value;
  return headers;
}

function profileHeaders(prefix: 'Caller' | 'Other-Leg', channel: Channel): Headers {
  const { profile, times } = channel;
  const name = prefix === 'Caller' ? 'Caller-Caller' : 'Other-Leg-Caller';
  const callee = prefix === 'Caller' ? 'Caller-Callee' : 'Other-Leg-Callee';
  return {
    [`${prefix}-Direction`]: channel.direction,
    [`${prefix}-Logical-Direction`]: channel.direction,
    [`${prefix}-Username`]: profile.username,
    [`${prefix}-Dialplan`]: 'XML',
    [`${name}-ID-Name`]: profile.callerName,
    [`${name}-ID-Number`]: profile.callerNumber,
    ...(profile.calleeNumber && {
      [`${callee}-ID-Name`]: profile.calleeName,
      [`${callee}-ID-Number`]: profile.calleeNumber,
    }),
    [`${prefix}-Network-Addr`]: '127.0.0.1',
    [`${prefix}-ANI`]: profile.callerNumber,
    [`${prefix}-Destination-Number`]: profile.destination,
    [`${prefix}-Unique-ID`]: channel.uuid,
    [`${prefix}-Source`]: channel.name.startsWith('loopback/') ? 'mod_loopback' : 'mod_sofia',
    [`${prefix}-Context`]: profile.context,
    [`${prefix}-Channel-Name`]: channel.name,
    [`${prefix}-Profile-Created-Time`]: String(times.created),
    [`${prefix}-Channel-Created-Time`]: String(times.created),
    [`${prefix}-Channel-Answered-Time`]: String(times.answered),
    [`${prefix}-Channel-Hangup-Time`]: String(times.hangup),
    [`${prefix}-Channel-Bridged-Time`]: String(times.bridged),
    [`${prefix}-Channel-Last-Hold`]: String(times.lastHold),
    [`${prefix}-Channel-Hold-Accum`]: String(times.holdAccum),
  };
}
