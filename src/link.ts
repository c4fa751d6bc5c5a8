/**
 * Keeps one switch and what the service knows of it together: on every connection, and whenever it begins to act for the
 * switch, the legs, bridges and recordings are rebuilt from the switch before its events count.
 *
 *   down ──up──► resynchronising ──done, another instance acts──► standby ──lease gained──┐
 *    ▲            (events wait) ──done, this one acts──► acting ──lease lost──┐           │
 *    │                  ▲                                                     │           │
 *    └──down── any      └─────────────────────────────────────────────────────┴───────────┘
 *
 * In standby the calls are followed, so that they can be asked for and taken over at once; recordings and digits are
 * another's.
 */
import type { Logger } from 'winston';
import type { Calls, Change, Leg } from './calls/calls.js';
import { PIN, pinOf } from './calls/owner.js';
import type { Acting } from './cluster/acting.js';
import { Lease } from './cluster/lease.js';
import type { Digits } from './metaflows/digits.js';
import { RECORDED, type RecordAll } from './recording/record-all.js';
import type { Recorder } from './recording/recorder.js';
import { setVariable } from './switch/commands.js';
import type { Snapshot, SwitchEvent } from './switch/events.js';
import type { Switch } from './switch/switch.js';

export interface LinkParts {
  /** Which of those that may share the work this one is. */
  instance: string;
  acting: Acting;
  calls: Calls;
  digits: Digits;
  recorder: Recorder;
  recordAll: RecordAll;
  /** Whoever else is to know what changed in the calls. */
  onChange: (change: Change) => void;
  log: Logger;
}

export class Link {
  private state: 'down' | 'resynchronising' | 'standby' | 'acting' = 'down';
  private waiting: SwitchEvent[] = [];
  private readonly lease: Lease;

  constructor(
    readonly port: Switch,
    private readonly parts: LinkParts,
  ) {
    this.lease = new Lease(port, parts.instance, parts.log);
    parts.acting.add(port.id, this.lease);
    port.on('event', (event) => {
      const isSure = this.state === 'standby' || (this.state === 'acting' && this.lease.isFresh);
      if (isSure) this.take(event);
      else if (this.state !== 'down') this.waiting.push(event);
    });
    port.on('up', () => {
      this.state = 'resynchronising';
      this.waiting = [];
      this.lease.start();
    });
    port.on('down', () => {
      this.lease.stop();
      this.state = 'down';
      parts.acting.lose(port.id);
      parts.digits.interrupted(port.id);
    });
    this.lease.on('acting', (anew) => {
      if (anew) this.forget();
      void this.resynchronise(true);
    });
    this.lease.on('standby', () => {
      parts.acting.lose(port.id);
      this.forget();
      void this.resynchronise(false);
    });
    this.lease.on('renewed', () => {
      if (this.state === 'acting') this.takeWaiting();
    });
  }

  /** What the switch has is known, whoever acts for it. */
  get ready(): boolean {
    return this.state === 'standby' || this.state === 'acting';
  }

  /** Acts no more, so that another instance does at once, and ends the connections. */
  async close(): Promise<void> {
    await this.lease.release();
    await this.port.close();
  }

  private async resynchronise(acts: boolean): Promise<void> {
    const { port } = this;
    const { acting, calls, digits, recorder, recordAll, onChange, log } = this.parts;
    // What came after the events that are to wait is in the snapshot, and waits too.
    const waiting = this.waiting.splice(0);
    this.state = 'resynchronising';
    this.waiting = waiting;
    try {
      if (acts) await recorder.maskAgain(port.id);
      const snapshot = await port.snapshot();
      const changes = calls.restore(port.id, snapshot);
      for (const { uuid, variable } of snapshot.legs) {
        const leg = calls.get(uuid);
        if (!leg) continue;
        digits.found(leg, variable);
        recordAll.found(leg, variable(RECORDED));
      }
      if (acts) {
        await this.pinFound(snapshot);
        await recorder.recover(port.id, snapshot.legs);
      }
      for (const change of changes) {
        // Whoever acts is told of all that there is, below.
        const isStanding = change.type === 'created' || change.type === 'bridged';
        if (!acts || !isStanding) this.tell(change);
        onChange(change);
      }
      // Another one has begun where this one was lost on the way, or who acts has changed.
      if (this.waiting !== waiting || !port.connected) return;
      this.state = acts ? 'acting' : 'standby';
      if (acts) {
        acting.gain(port.id);
        for (const change of calls.standing(port.id)) this.tell(change);
      }
      this.takeWaiting();
      log.info('switch resynchronised', { switch: port.id, legs: snapshot.legs.length, acts });
    } catch (error) {
      if (this.waiting !== waiting) return;
      log.error('switch could not be resynchronised', { switch: port.id, error });
      port.reconnect();
    }
  }

  private takeWaiting(): void {
    // Codes go unheard by whoever cannot tell whether it acts (`digits.ts`): a renewal may have been on its way for long.
    if (this.state === 'acting' && !this.lease.isFresh) return;
    for (const event of this.waiting.splice(0)) this.take(event);
  }

  private take(event: SwitchEvent): void {
    const { calls, digits, recorder, onChange } = this.parts;
    const acts = this.state === 'acting';
    for (const change of calls.apply(this.port.id, event)) {
      if (acts && change.type === 'created') this.attempt(this.pin(change.leg));
      this.tell(change);
      onChange(change);
    }
    if (acts) recorder.handle(event);
    digits.handle(event);
  }

  /** Digits and automatic recordings know by themselves whether this instance acts. */
  private tell(change: Change): void {
    const { digits, recordAll, recorder } = this.parts;
    digits.changed(change);
    recordAll.changed(change);
    if (change.type === 'bridged' && this.state === 'acting') this.attempt(recorder.bridged(change.legs[0]));
  }

  /** Recordings and codes of the switch are another's now, or were meanwhile: it has heard what was pressed until now. */
  private forget(): void {
    this.waiting = this.waiting.filter(({ type }) => type !== 'dtmf' && type !== 'code');
    this.parts.recorder.forget(this.port.id);
    this.parts.digits.forget(this.port.id);
  }

  private pin(leg: Leg): Promise<unknown> {
    return this.port.apis(leg.callId, [setVariable(leg.uuid, PIN, pinOf(leg.uuid, leg.owner))]);
  }

  private async pinFound(snapshot: Snapshot): Promise<void> {
    const legs = snapshot.legs
      .filter(({ variable }) => variable(PIN) === undefined)
      .map(({ uuid }) => this.parts.calls.get(uuid))
      .filter((leg) => leg !== undefined);
    await Promise.all(legs.map((leg) => this.pin(leg)));
  }

  private attempt(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      this.parts.log.warn('a leg could not be prepared', { switch: this.port.id, error });
    });
  }
}
