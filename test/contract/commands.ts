import { execute, type LabSocket } from '../support/lab-socket.js';

/** The CUSTOM event that a bound code fires; more headers may follow. */
export function codeEvent(code: string, more = ''): string {
  return `exec[i]:event;Event-Name=CUSTOM,Event-Subclass=metaflows::code,Metaflow-Code=${code}${more}`;
}

/** Binds digits to an action and waits until the switch has done it: the reply says only that it is queued. */
export async function bind(
  socket: LabSocket,
  leg: string,
  digits: string,
  action: string,
  realm = 'metaflows',
): Promise<void> {
  const mark = socket.mark();
  const data = `^^;${realm};${digits};${action}`;
  await socket.command(execute(leg, 'bind_digit_action', data));
  await socket.event('CHANNEL_EXECUTE', leg, { Application: 'bind_digit_action' }, mark);
}

/** Binds codes of the service on a leg, with the digit timeout of 800 ms that the service gives the switch. */
export async function absorb(
  socket: LabSocket,
  leg: string,
  codes: readonly string[],
  realm?: string,
): Promise<void> {
  await socket.api(`uuid_setvar ${leg} bind_digit_digit_timeout 800`);
  for (const code of codes) await bind(socket, leg, code, codeEvent(code), realm);
}

/** Lets the parties talk: time is what a recording is made of. */
export function talk(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
