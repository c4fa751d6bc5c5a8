import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { nameOf, type LabEvent, type LabSocket } from './lab-socket.js';
import { OUTSIDE_TONE, PHONE_TONES } from './tones.js';
import { readWav, type Wav } from './wav.js';

/** One party of a call: its leg in the PBX, and the phone at the other end of it. */
export interface Leg {
  /** The phone's number; a number outside for the carrier's side. */
  number: string;
  /** The leg in the PBX. */
  uuid: string;
  /** The phone's own leg. */
  phone: string;
}

export interface LabCall {
  caller: Leg;
  callee: Leg;
}

export interface CallOptions {
  /** How long the called phone rings before it answers, milliseconds. */
  ring?: number;
  /** What is dialled before the number: 81 loopback, 82 FusionPBX and so on (test/contract/freeswitch/pbx.xml). */
  prefix?: string;
}

export interface OutsideOptions {
  /** Calls 55500…, for which the dialplan sets domain_name, as for an inbound number. */
  did?: boolean;
  /** What the SIP From claims. */
  from?: string;
}

/** The phones of a lab, driven over their own event socket; each method resolves when it is done and seen. */
export class Phones {
  constructor(
    private readonly pbx: LabSocket,
    private readonly phones: LabSocket,
    private readonly carrier: string,
    private readonly folder: string,
  ) {}

  /** Calls a user, and waits until the two are bridged. */
  async call(from: string, to: string, { ring, prefix = '' }: CallOptions = {}): Promise<LabCall> {
    const header = ring === undefined ? [] : [`sip_h_X-Lab-Ring=${ring}`];
    return this.originate(from, to, header, `sofia/gateway/${from}/${prefix}${to}`);
  }

  /** Calls a user whose phone rings for a minute; resolves, with the caller's leg, when it does. */
  async ring(from: string, to: string): Promise<Leg> {
    const marks = { pbx: this.pbx.mark(), phones: this.phones.mark() };
    const phone = randomUUID();
    const variables = ['sip_h_X-Lab-Ring=60000', `origination_uuid=${phone}`];
    await ok(this.phones.command(`bgapi ${dialling(from, variables, `sofia/gateway/${from}/${to}`)}`));
    const isCall = (event: LabEvent) =>
      nameOf(event) === 'CHANNEL_CREATE' &&
      event['Call-Direction'] === 'inbound' &&
      event['Caller-Destination-Number'] === to;
    const caller = await this.pbx.until(`call of ${from}`, isCall, marks.pbx);
    await this.phones.until(`call to ${to}`, isCall, marks.phones);
    return { number: from, uuid: caller['Unique-ID']!, phone };
  }

  /** Lets a leg that is parked take a call over, and waits until it is bridged with the leg of that call. */
  async pickUp(leg: Leg, call: Leg): Promise<void> {
    const mark = this.pbx.mark();
    await ok(this.pbx.execute(leg.uuid, 'intercept', call.uuid));
    await this.pbx.until(
      'bridge of who picked up',
      (event) => [leg.uuid, call.uuid].every((uuid) => isBridge(event, uuid)),
      mark,
    );
  }

  /** Somebody outside calls a user through the carrier, who authenticates nobody. */
  async outsideCall(to: string, { did = false, from }: OutsideOptions = {}): Promise<LabCall> {
    const number = did ? `55500${to}` : to;
    const forged =
      from === undefined ? [] : [`origination_caller_id_number=${from}`, `sip_from_uri=sip:${from}@pbx.test`];
    return this.originate(
      from ?? OUTSIDE,
      to,
      forged,
      `sofia/outside/${number}@${this.carrier}`,
      OUTSIDE_TONE,
    );
  }

  /** A user calls a number outside. */
  async callOutside(from: string, number: string): Promise<LabCall> {
    return this.originate(from, number, [], `sofia/gateway/${from}/${number}`);
  }

  /** Calls a number of the PBX at which no phone answers (9196 echo, 5900 park), and waits until it is answered. */
  async callAlone(from: string, number: string): Promise<Leg> {
    const mark = this.pbx.mark();
    const phone = await this.dial(from, [], `sofia/gateway/${from}/${number}`);
    const leg = await this.legAt(from, phone);
    await this.pbx.event('CHANNEL_ANSWER', leg.uuid, {}, mark);
    return leg;
  }

  /** Presses keys, `ms` each; `w` and `W` are pauses of half a second and one. Resolves once they are queued. */
  async press(leg: Leg, keys: string, ms = 100): Promise<void> {
    await ok(this.phones.api(`uuid_send_dtmf ${leg.phone} ${keys}@${ms}`));
  }

  /** The digits that a phone has heard, from a {@link mark} on. */
  heard(leg: Leg, from = 0): string {
    return this.phones
      .of('DTMF', leg.phone, from)
      .map((event) => event['DTMF-Digit'])
      .join('');
  }

  /** A place in what the phones have heard. */
  mark(): number {
    return this.phones.mark();
  }

  /**
   * Presses keys on one phone and tells what the phone at the far end heard of them: a `D`, which nobody
   * binds, is pressed after them, and its arrival says that what is missing will not come any more.
   */
  async pressed(leg: Leg, far: Leg, keys: string): Promise<string> {
    const mark = this.mark();
    await this.press(leg, `${keys}D`);
    await this.phones.event('DTMF', far.phone, { 'DTMF-Digit': 'D' }, mark);
    return this.heard(far, mark).slice(0, -1);
  }

  /** Transfers the other party to a user (REFER), and waits until that one is bridged with it. */
  async transfer(leg: Leg, to: string): Promise<Leg> {
    const pbx = this.pbx.mark();
    const phones = this.phones.mark();
    await ok(this.phones.api(`uuid_deflect ${leg.phone} sip:${to}@pbx.test`));
    const third = await this.answeredBy(to, phones);
    await this.bridged(third.uuid, pbx);
    return third;
  }

  /** Joins the other parties of two calls of one phone (REFER with Replaces), and waits until they are bridged. */
  async attendedTransfer(first: Leg, second: Leg, left: Leg, right: Leg): Promise<void> {
    const pbx = this.pbx.mark();
    const [call, to, from] = await Promise.all(
      ['sip_call_id', 'sip_to_tag', 'sip_from_tag'].map((name) =>
        this.phones.api(`uuid_getvar ${second.phone} ${name}`),
      ),
    );
    const replaces = encodeURIComponent(`${call};to-tag=${to};from-tag=${from}`);
    await ok(
      this.phones.api(`uuid_deflect ${first.phone} sip:${right.number}@pbx.test?Replaces=${replaces}`),
    );
    await this.pbx.until(
      'bridge of the two that stay',
      (event) => [left.uuid, right.uuid].every((uuid) => isBridge(event, uuid)),
      pbx,
    );
  }

  async hold(leg: Leg): Promise<void> {
    const mark = this.pbx.mark();
    await ok(this.phones.api(`uuid_hold ${leg.phone}`));
    await this.pbx.event('CHANNEL_HOLD', leg.uuid, {}, mark);
  }

  async unhold(leg: Leg): Promise<void> {
    const mark = this.pbx.mark();
    await ok(this.phones.api(`uuid_hold off ${leg.phone}`));
    await this.pbx.event('CHANNEL_UNHOLD', leg.uuid, {}, mark);
  }

  /** Lets a phone say nothing for a while; what it plays then is below what FreeSWITCH calls silence. */
  async silence(leg: Leg, ms: number): Promise<void> {
    const mark = this.phones.mark();
    await ok(this.phones.api(`uuid_broadcast ${leg.phone} tone_stream://v=-60;%(${ms},0,440)`));
    await this.phones.event('CHANNEL_EXECUTE', leg.phone, { Application: 'playback' }, mark);
  }

  /** Hangs up, and waits until the leg is gone from the PBX. */
  async hangup(leg: Leg): Promise<void> {
    await ok(this.phones.api(`uuid_kill ${leg.phone}`));
    await this.pbx.event('CHANNEL_DESTROY', leg.uuid);
  }

  /** Ends every call there is, and waits until the PBX has none. */
  async hangupAll(): Promise<void> {
    const legs = this.pbx.events.filter((event) => nameOf(event) === 'CHANNEL_CREATE');
    await this.phones.api('hupall NORMAL_CLEARING');
    await Promise.all(legs.map((event) => this.pbx.event('CHANNEL_DESTROY', event['Unique-ID']!)));
  }

  /** Records what a phone hears until the returned function is called. */
  async listen(leg: Leg): Promise<() => Promise<Wav>> {
    const path = join(this.folder, `heard-${randomUUID()}.wav`);
    await ok(
      this.phones.api(
        `uuid_record ${leg.phone} start ${path} 0 {RECORD_READ_ONLY=true,RECORD_PRE_BUFFER_FRAMES=0}`,
      ),
    );
    return async () => {
      await ok(this.phones.api(`uuid_record ${leg.phone} stop ${path}`));
      await this.phones.event('RECORD_STOP', leg.phone, { 'Record-File-Path': path });
      return readWav(path);
    };
  }

  /** The leg in the PBX of a phone's leg. */
  async legAt(number: string, phone: string): Promise<Leg> {
    const ours = await this.phones.until(
      `call id of ${number}`,
      (event) => event['Unique-ID'] === phone && event.variable_sip_call_id !== undefined,
    );
    const theirs = await this.pbx.until(
      `leg of ${number}`,
      (event) => event.variable_sip_call_id === ours.variable_sip_call_id,
    );
    return { number, uuid: theirs['Unique-ID']!, phone };
  }

  private async originate(
    from: string,
    to: string,
    variables: string[],
    target: string,
    tone?: number,
  ): Promise<LabCall> {
    const pbx = this.pbx.mark();
    const phones = this.phones.mark();
    const phone = await this.dial(from, variables, target, tone);
    const caller = await this.legAt(from, phone);
    const callee = await this.answeredBy(to, phones);
    await this.bridged(callee.uuid, pbx);
    return { caller, callee };
  }

  /** Lets a phone dial; resolves with its leg's uuid, which there is once the call is answered. */
  private async dial(from: string, variables: string[], target: string, tone?: number): Promise<string> {
    const reply = await ok(this.phones.api(dialling(from, variables, target, tone)));
    return reply.slice('+OK '.length);
  }

  /** The leg of the phone that answered a call to `number`. */
  private async answeredBy(number: string, from: number): Promise<Leg> {
    const answer = await this.phones.until(
      `answer of ${number}`,
      (event) =>
        nameOf(event) === 'CHANNEL_ANSWER' &&
        event['Call-Direction'] === 'inbound' &&
        event['Caller-Destination-Number'] === number,
      from,
    );
    return this.legAt(number, answer['Unique-ID']!);
  }

  private async bridged(uuid: string, from: number): Promise<void> {
    await this.pbx.until(`bridge of ${uuid}`, (event) => isBridge(event, uuid), from);
  }
}

/** The command with which a phone dials. */
function dialling(from: string, variables: string[], target: string, tone = PHONE_TONES[from]!): string {
  const identity = [`origination_caller_id_number=${from}`, `origination_caller_id_name=${from}`];
  const all = ['playback_terminators=none', ...identity, ...variables].join(',');
  return `originate {${all}}${target} tone-${tone} XML phones`;
}

/** The number of who calls from outside. */
const OUTSIDE = '5557654321';

function isBridge(event: LabEvent, uuid: string): boolean {
  return (
    nameOf(event) === 'CHANNEL_BRIDGE' &&
    (event['Bridge-A-Unique-ID'] === uuid || event['Bridge-B-Unique-ID'] === uuid)
  );
}

async function ok(reply: Promise<string>): Promise<string> {
  const text = await reply;
  if (!text.startsWith('+OK')) throw new Error(`the phones answered: ${text}`);
  return text;
}
