import type { Channel, Profile } from './channel.js';
import type { Instance } from './instance.js';
import { brackets } from './text.js';

/** What a dial string asks for. */
export interface Request {
  instance: Instance;
  /** What follows the endpoint's name and the slash. */
  rest: string;
  variables: Map<string, string>;
  /** The leg that dials; none where an API command does. */
  from: Channel | undefined;
}

/** Makes a leg and calls whoever is at its other end; or says why not, with a hangup cause. */
export type MakeLeg = (request: Request) => Channel | string;

/** By the dial string's first word: `user`, `sofia`, `loopback`. */
export type Endpoints = Record<string, MakeLeg>;

/** `call_timeout` where it is not set, in seconds. */
const CALL_TIMEOUT_S = 60;

/**
 * Calls the dial string and waits for an answer; where no leg dials, early media will do.
 *
 * @returns the leg that answered, or the cause why none did
 */
export async function dial(
  instance: Instance,
  dialString: string,
  from?: Channel,
): Promise<Channel | string> {
  const { variables, rest } = brackets(dialString);
  const [endpoint = '', address = ''] = rest.split(/\/(.*)/s);
  const made = instance.character.endpoints[endpoint]?.({ instance, rest: address, variables, from });
  if (made === undefined) return 'CHAN_NOT_IMPLEMENTED';
  if (typeof made === 'string') return made;
  const seconds = Number(from?.get('call_timeout') ?? variables.get('originate_timeout') ?? CALL_TIMEOUT_S);
  const timer = instance.timers.after(seconds * 1000, () => made.hangup('NO_ANSWER'));
  let rung = false;
  while (!made.down && !(from ? made.answered : made.mediaUp)) {
    if (from && !from.ready) made.hangup('ORIGINATOR_CANCEL');
    else {
      if (made.callState === 'RINGING' && !rung) {
        rung = true;
        from?.ring();
      }
      await (from ? Promise.race([made.changed(), from.changed()]) : made.changed());
    }
  }
  timer.cancel();
  return made.down ? made.cause : made;
}

/** The profile of a leg that the switch calls out on: the caller's id is the dialling leg's. */
export function outboundProfile({ from, variables }: Request, destination: string, context: string): Profile {
  const callerName =
    variables.get('origination_caller_id_name') ??
    from?.get('effective_caller_id_name') ??
    from?.profile.callerName;
  const callerNumber =
    variables.get('origination_caller_id_number') ??
    from?.get('effective_caller_id_number') ??
    from?.profile.callerNumber;
  return {
    username: from?.profile.username ?? '',
    callerName: callerName ?? '',
    callerNumber: callerNumber ?? '0000000000',
    calleeName: 'Outbound Call',
    calleeNumber: destination,
    destination,
    context: from?.profile.context ?? context,
  };
}

/** Says to whom a new leg belongs, and that it is there. */
export function announce(leg: Channel, from: Channel | undefined): void {
  if (from) {
    leg.otherLeg = { type: 'originator', leg: from };
    leg.callUuid = from.callUuid;
    leg.set('originator', from.uuid);
  }
  leg.set('call_uuid', leg.callUuid);
  leg.fire('CHANNEL_CREATE');
  leg.state = 'CS_CONSUME_MEDIA';
}
