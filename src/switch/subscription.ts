/** What the service asks the event socket for. */
import { CODE_EVENT } from './commands.js';
import type { ConnectionOptions } from './connection.js';
import { BINDING_APPLICATIONS } from './parse.js';

/** All that `eventOf` knows, but CHANNEL_EXECUTE. */
const EVENT_NAMES = [
  'CHANNEL_CREATE',
  'CHANNEL_ANSWER',
  'CHANNEL_BRIDGE',
  'CHANNEL_UNBRIDGE',
  'CHANNEL_HOLD',
  'CHANNEL_UNHOLD',
  'CHANNEL_HANGUP',
  'CHANNEL_DESTROY',
  'DTMF',
  'RECORD_START',
  'RECORD_STOP',
  'MEDIA_BUG_START',
  'MEDIA_BUG_STOP',
  'CUSTOM',
];

/** What instances say to each other through the switch that they share, as subclasses of CUSTOM events. */
export const MESSAGES = ['metaflows::ask', 'metaflows::answer'] as const;
/** Which of them. */
export type Message = (typeof MESSAGES)[number];
/** The header that holds what is said. */
export const MESSAGE_TEXT = 'Metaflows-Message';

/**
 * One connection for all, so that what a dialplan binds on a leg comes after the leg's CHANNEL_CREATE. A dialplan
 * executes hundreds of applications for a call: only those about bindings pass the filters, any of which lets an
 * event through (`mod_event_socket.c`). `CUSTOM` comes last, what follows it are subclasses.
 */
export const EVENTS: Pick<ConnectionOptions, 'subscribe' | 'filters'> = {
  subscribe: `CHANNEL_EXECUTE ${EVENT_NAMES.join(' ')} ${[CODE_EVENT, ...MESSAGES].join(' ')}`,
  filters: [
    ...EVENT_NAMES.map((name) => ['Event-Name', name] as const),
    ...BINDING_APPLICATIONS.map((application) => ['Application', application] as const),
  ],
};
