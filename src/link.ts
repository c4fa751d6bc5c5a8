/**
 * Keeps one switch and what the service knows of it together: on every connection the legs, bridges and recordings are
 * rebuilt from the switch before its events count.
 *
 *   down ──up──► resynchronising ──done──► ready ──down──► down
 *                (events wait)             (events act)
 */
import type { Logger } from 'winston';
import type { Calls, Change, Leg } from './calls/calls.js';
import { PIN, pinOf } from './calls/owner.js';
import type { Acting } from './cluster/acting.js';
import type { Digits } from './metaflows/digits.js';
import { RECORDED, type RecordAll } from './recording/record-all.js';
import type { Recorder } from './recording/recorder.js';
import { setVariable } from './switch/commands.js';
import type { Snapshot, SwitchEvent } from './switch/events.js';
import type { Switch } from './switch/switch.js';

export interface LinkParts {
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
  private state: 'down' | 'resynchronising' | 'ready' = 'down';
  private waiting: SwitchEvent[] = [];

  constructor(
    readonly port: Switch,
    private readonly parts: LinkParts,
  ) {
    port.on('event', (event) => {
      if (this.state === 'ready') this.take(event);
      else if (this.state === 'resynchronising') this.waiting.push(event);
    });
    port.on('up', () => void this.resynchronise());
    port.on('down', () => {
      this.state = 'down';
      parts.acting.lose(port.id);
    });
  }

  get ready(): boolean {
    return this.state === 'ready';
  }

  private async resynchronise(): Promise<void> {
    const { port } = this;
    const { calls, digits, recorder, recordAll, log } = this.parts;
    this.state = 'resynchronising';
    const waiting: SwitchEvent[] = [];
    this.waiting = waiting;
    try {
      await recorder.maskAgain(port.id);
      const snapshot = await port.snapshot();
      const variablesOf = new Map(snapshot.legs.map(({ uuid, variables }) => [uuid, variables]));
      const changes = calls.restore(port.id, snapshot);
      for (const change of changes) {
        if (change.type !== 'created') continue;
        const variables = variablesOf.get(change.leg.uuid) ?? {};
        digits.found(change.leg, variables);
        recordAll.found(change.leg, variables[RECORDED]);
      }
      await this.pinFound(snapshot);
      await recorder.recover(port.id, snapshot.legs);
      for (const change of changes) this.tell(change);
      // A later connection has begun its own resynchronisation where this one was lost on the way.
      if (this.waiting !== waiting || !port.connected) return;
      this.state = 'ready';
      this.parts.acting.gain(port.id);
      for (const event of waiting.splice(0)) this.take(event);
      log.info('switch resynchronised', { switch: port.id, legs: snapshot.legs.length });
    } catch (error) {
      log.error('switch could not be resynchronised', { switch: port.id, error });
      port.reconnect();
    }
  }

  private take(event: SwitchEvent): void {
    const { calls, digits, recorder } = this.parts;
    for (const change of calls.apply(this.port.id, event)) {
      if (change.type === 'created') this.attempt(this.pin(change.leg));
      this.tell(change);
    }
    recorder.handle(event);
    digits.handle(event);
  }

  private tell(change: Change): void {
    this.parts.digits.changed(change);
    this.parts.onChange(change);
    this.parts.recordAll.changed(change);
    if (change.type === 'bridged') this.attempt(this.parts.recorder.bridged(change.legs[0]));
  }

  private pin(leg: Leg): Promise<unknown> {
    return this.port.apis(leg.callId, [setVariable(leg.uuid, PIN, pinOf(leg.uuid, leg.owner))]);
  }

  private async pinFound(snapshot: Snapshot): Promise<void> {
    const legs = snapshot.legs
      .filter(({ variables }) => variables[PIN] === undefined)
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
