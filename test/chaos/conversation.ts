/**
 * One call: its parties do what is planned, and say words. What they know of the recording is what they have heard:
 *
 *   nothing ──start done──► recorded ◄──unmask done── masked ◄──mask done── any
 *   a code that nobody answers, a start in a masked call, a transfer of a call that is not masked: unknown
 */
import type { LabCall, Leg } from '../support/lab-phones.js';
import type { Api } from './api.js';
import type { Asked, CallJournal, Journal, Word } from './journal.js';
import type { Action, PlannedCall, Role, Step } from './plan.js';
import { pass, type View } from './world.js';

const CODES: Record<Action, string> = { start: '*71', mask: '*72', unmask: '*73', stop: '*74' };
/** How long somebody waits for a tone before the code is pressed again, milliseconds. */
const PATIENCE = 3000;
const PRESSES = 3;
/** After a code that was pressed again: the tones of all presses are over then, and none is taken for that of the next code. */
const LATE_TONES_MS = 1500;
const WORD_MS = 500;
/** Until a word is through every buffer between the two telephones and the recorder. */
const AFTER_WORD_MS = 250;

/** What is said where it is known that the call is recorded, Hz; no telephone's tone and no harmonic of one. */
export const PLAIN_WORDS = [1810, 1930, 2050, 2170, 2290, 2410, 2530, 2650, 2770, 2890];
/** What is said where it is known that it is masked. */
export const SECRET_WORD = 3130;

type Known = 'nothing' | 'recorded' | 'masked' | 'unknown';

/** It is over: somebody hung up. */
class HungUp extends Error {}

export class Conversation {
  readonly #heard: CallJournal;
  #known: Known = 'nothing';
  #cut = false;
  #parties: Record<Role, Leg> | undefined;
  /** Every leg that a telephone of this call has, or had. */
  readonly #legs: Leg[] = [];

  constructor(
    id: string,
    private readonly plan: PlannedCall,
    private readonly view: View,
    private readonly api: Api,
    private readonly journal: Journal,
  ) {
    this.#heard = { id, legs: [], asked: [], words: [], beganAt: Date.now(), endedAt: Infinity };
    journal.calls.push(this.#heard);
  }

  /** From the first ring to the last leg; what breaks it off is in the journal. */
  async hold(): Promise<void> {
    const { cutAfter } = this.plan;
    let cutting: NodeJS.Timeout | undefined;
    try {
      const { caller, callee } = await this.#call();
      this.#parties = { caller, callee };
      this.#joined(caller, callee);
      if (cutAfter !== undefined) {
        cutting = setTimeout(() => {
          this.#cut = true;
          void this.#end();
        }, cutAfter);
      }
      await pass(400);
      for (const step of this.plan.steps) await this.#do(step);
    } catch (error) {
      if (!(error instanceof HungUp) && !this.#cut) this.#heard.broke = String(error);
    }
    clearTimeout(cutting);
    this.#heard.endedAt = Math.min(this.#heard.endedAt, Date.now());
    await this.#end();
  }

  #call(): Promise<LabCall> {
    const { from, to, route } = this.plan;
    const { phones } = this.view;
    if (route === 'outside') return phones.outsideCall(to);
    return phones.call(from, to, route === 'loopback' ? { prefix: '81' } : {});
  }

  async #do(step: Step): Promise<void> {
    if (this.#cut) throw new HungUp();
    switch (step.do) {
      case 'press':
      case 'ask':
        await this.#code(step.do, step.by, step.action);
        return;
      case 'keys':
        if (/^\d+$/.test(step.keys)) this.journal.secrets.add(step.keys);
        await this.view.phones.press(this.#leg(step.by), step.keys);
        // the keys, and a digit timeout after them
        await pass(step.keys.length * 200 + 1000);
        return;
      case 'talk':
        await this.#say(step.ms);
        return;
      case 'hold':
        await this.view.phones.hold(this.#leg(step.by));
        await pass(step.ms);
        await this.view.phones.unhold(this.#leg(step.by));
        await pass(200);
        return;
      case 'transfer':
      case 'attended':
        await this.#transfer(step.do, step.by);
    }
  }

  /** Until it is answered: a person presses a code again when no tone comes. */
  async #code(how: 'press' | 'ask', by: Role, action: Action): Promise<void> {
    for (let n = 0; n < PRESSES; n++) {
      const leg = this.#leg(by);
      const asked: Asked = { action, leg: leg.uuid, at: Date.now(), outcome: 'nothing' };
      this.#heard.asked.push(asked);
      // what it does, it may do before anybody is told
      if (action === 'unmask' || action === 'stop' || this.#known !== 'masked') this.#known = 'unknown';
      if (how === 'press') asked.outcome = await this.#press(leg, CODES[action]);
      else await this.#ask(asked);
      if (this.#cut) throw new HungUp();
      if (asked.outcome === 'nothing') continue;
      this.#learn(action, asked.outcome);
      if (n === 0) return;
      break;
    }
    await pass(LATE_TONES_MS);
  }

  async #press(leg: Leg, keys: string): Promise<Asked['outcome']> {
    const mark = this.view.pbx.mark();
    await this.view.phones.press(leg, keys);
    const tone = await this.view.pbx
      .until(
        'tone',
        (event) =>
          event['Event-Name'] === 'MEDIA_BUG_START' &&
          event['Unique-ID'] === leg.uuid &&
          event['Media-Bug-Function'] === 'displace',
        mark,
        PATIENCE,
      )
      .catch(() => undefined);
    const target = tone?.['Media-Bug-Target'] ?? '';
    if (target.includes(',1500)')) return 'done';
    if (target.includes(',500)')) return 'refused';
    return target === '' ? 'nothing' : 'failed';
  }

  async #ask(asked: Asked): Promise<void> {
    const body = { action: 'metaflow', data: { module: 'record_call', data: { action: asked.action } } };
    const answer = await this.api.ask('PUT', `/channels/${asked.leg}`, body).catch(() => undefined);
    if (answer?.status === 200) {
      asked.outcome = 'done';
      const { recording } = answer.data as { recording?: { id: string } };
      if (recording) asked.recording = recording.id;
    } else if (answer) {
      asked.outcome = ['not_recording', 'call_gone'].includes(answer.message ?? '') ? 'refused' : 'failed';
    }
    // a service that is down is asked again when it may be there
    if (!answer) await pass(500);
  }

  #learn(action: Action, outcome: Asked['outcome']): void {
    if (outcome !== 'done') {
      // nothing has changed a mask that was on, and nobody knows of anything else
      if (action === 'mask' || this.#known !== 'masked') this.#known = 'unknown';
      return;
    }
    const after: Record<Action, Known> = {
      start: this.#heard.asked.some((asked) => asked.action === 'mask') ? 'unknown' : 'recorded',
      mask: 'masked',
      unmask: 'recorded',
      stop: 'nothing',
    };
    this.#known = after[action];
  }

  /** Says a word, where it is known what may be said, and otherwise lets the time pass. */
  async #say(ms: number): Promise<void> {
    const plain = PLAIN_WORDS[this.#heard.words.filter(({ kind }) => kind === 'plain').length];
    const hz = this.#known === 'masked' ? SECRET_WORD : this.#known === 'recorded' ? plain : undefined;
    if (hz !== undefined) {
      const word: Word = {
        hz,
        kind: this.#known === 'masked' ? 'secret' : 'plain',
        from: Date.now(),
        to: Infinity,
      };
      this.#heard.words.push(word);
      const { phone } = this.#leg(this.plan.hangupBy);
      const reply = await this.view.handsets.api(
        `uuid_broadcast ${phone} tone_stream://v=-13;%(${WORD_MS},0,${hz})`,
      );
      if (!reply.startsWith('+OK')) throw new Error(`a word could not be said: ${reply}`);
      await pass(WORD_MS + AFTER_WORD_MS);
      word.to = Date.now();
    }
    await pass(ms);
    if (this.#cut) throw new HungUp();
  }

  async #transfer(how: 'transfer' | 'attended', by: Role): Promise<void> {
    const { phones } = this.view;
    const leg = this.#leg(by);
    const other: Role = by === 'caller' ? 'callee' : 'caller';
    const stays = this.#leg(other);
    let came: Leg;
    if (how === 'transfer') {
      came = await phones.transfer(leg, this.plan.third);
    } else {
      const second = await phones.call(leg.number, this.plan.third);
      this.#joined(second.caller, second.callee);
      came = second.callee;
      await phones.attendedTransfer(leg, second.caller, stays, came);
    }
    this.#joined(came);
    this.#parties = { ...this.#parties!, [by]: came };
    // a recording goes on when the service has seen it, which it may not be there to see
    if (this.#known !== 'masked') this.#known = 'unknown';
    await pass(500);
  }

  #joined(...legs: Leg[]): void {
    this.#legs.push(...legs);
    this.#heard.legs.push(...legs.map(({ uuid }) => uuid));
  }

  #leg(role: Role): Leg {
    if (this.#cut || !this.#parties) throw new HungUp();
    return this.#parties[role];
  }

  async #end(): Promise<void> {
    this.#heard.endedAt = Math.min(this.#heard.endedAt, Date.now());
    const inTurn = this.plan.hangupBy === 'caller' ? this.#legs : [...this.#legs].reverse();
    for (const { phone } of inTurn) {
      await this.view.handsets.api(`uuid_kill ${phone}`).catch(() => undefined);
    }
  }
}
