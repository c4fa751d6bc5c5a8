/**
 * The audit's chain: lines `audit/{instance}/{seq}`, the head `audit-head/{instance}`, and an index of empty documents
 * whose ids say all, `audited/{account}/{recording}/{instance}/{seq}`. Nothing of it is ever changed or deleted. Every
 * instance writes a chain of its own, so that those who share a database have no conflicts. Of a line that is about no
 * recording the index has an empty one.
 */
import {
  beginningOf,
  hashOf,
  lineAfter,
  placeOf,
  type AuditLine,
  type Head,
  type StoredLine,
} from '../audit/chain.js';
import type { AuditEvent } from '../audit/events.js';
import { MetaflowsError } from '../errors.js';
import { Turns } from '../turns.js';
import type { Documents } from './documents.js';

const LINES = 'audit/';
const HEADS = 'audit-head/';

/** A part of all lines, by their places; `next_start_key` is missing on the last one. */
export interface AuditPage {
  lines: StoredLine[];
  next_start_key?: string;
}

export class AuditStore {
  readonly #documents: Documents;
  readonly #turns = new Turns();
  readonly #waiting: AuditEvent[] = [];
  #appended: Promise<void> | undefined;
  #head = beginningOf('');
  /** Whether the stored head is the one known here: not after a start, nor after what failed. */
  #isKept = false;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  /** Goes on with the chain of this instance, or begins it. */
  async load(instance: string): Promise<void> {
    const known = (await this.#documents.get<Head>(HEADS + instance))?.value ?? beginningOf(instance);
    const [newest] = await this.#documents.ids(`${LINES}${instance}/`, { limit: 1 });
    this.#head = known;
    // A crash came between a line and its head.
    if (Number(newest ?? 0) > known.seq) {
      const line = await this.#documents.get<AuditLine>(`${LINES}${instance}/${newest ?? ''}`);
      if (line) this.#head = { instance, seq: Number(newest), hash: hashOf(line.value) };
    }
  }

  /** Resolves when the line and its place in the chain are stored. */
  append(event: AuditEvent): Promise<void> {
    this.#waiting.push(event);
    // What comes while lines are being written shares what is written before and after them all.
    this.#appended ??= this.#turns.take(LINES, async () => {
      await Promise.resolve();
      this.#appended = undefined;
      return this.#write(this.#waiting.splice(0));
    });
    return this.#appended;
  }

  /** The lines of one recording, the oldest first; they outlive it. */
  async of(account: string, recording: string): Promise<AuditLine[]> {
    const places = await this.#documents.ids(indexOf(account, recording));
    const entries = await this.#documents.getAll<AuditLine>(places.map((place) => LINES + place));
    return entries
      .map(({ value }) => value)
      .sort((a, b) => compare(a.at, b.at) || compare(a.instance, b.instance) || a.seq - b.seq);
  }

  /**
   * The lines of an account, those of the newest recording first, and of one the newest first, where one instance wrote
   * them; last those that are about no recording. `startKey` is the `next_start_key` of the page before.
   */
  async ofAccount(
    account: string,
    limit: number,
    startKey?: string,
  ): Promise<{ lines: AuditLine[]; next_start_key?: string }> {
    const keys = await this.#documents.ids(indexOf(account), { highest: startKey, limit: limit + 1 });
    const places = keys.slice(0, limit).map((key) => key.slice(key.indexOf('/') + 1));
    const entries = await this.#documents.getAll<AuditLine>(places.map((place) => LINES + place));
    const next = keys[limit];
    return { lines: entries.map(({ value }) => value), ...(next !== undefined && { next_start_key: next }) };
  }

  /** All lines of all instances in the order of their places, as they lie there; from `startKey` on. */
  async page(limit: number, startKey?: string): Promise<AuditPage> {
    const entries = await this.#documents.entries(LINES, {
      lowest: startKey,
      limit: limit + 1,
      ascending: true,
    });
    const lines = entries.map(({ id, value }) => ({ place: id.slice(LINES.length), line: value }));
    const next = lines[limit]?.place;
    return { lines: lines.slice(0, limit), ...(next !== undefined && { next_start_key: next }) };
  }

  /** The newest line of each chain, as it was written; of its own chain this instance knows it without asking. */
  async heads(): Promise<Head[]> {
    const own = this.#head;
    const heads = (await this.#documents.entries<Head>(HEADS, { ascending: true })).map(({ value }) => value);
    return [...heads.filter(({ instance }) => instance !== own.instance), ...(own.seq > 0 ? [own] : [])];
  }

  async #write(events: AuditEvent[]): Promise<void> {
    if (!this.#isKept) {
      // What was said to have failed may be stored.
      if (this.#documents.isWhole) await this.load(this.#head.instance);
      // There before the lines are: a head that would have to be read first is not written together with them.
      await this.#keep(this.#head);
    }
    this.#isKept = false;
    await (this.#documents.isWhole ? this.#appendTogether(events) : this.#appendEach(events));
    this.#isKept = true;
  }

  /** Lines one by one, since each names the one before; their places in the index first. */
  async #appendEach(events: AuditEvent[]): Promise<void> {
    const { instance, seq } = this.#head;
    await this.#documents.mark(
      events.map((event, index) => indexIdOf(event, placeOf(instance, seq + 1 + index))),
    );
    for (const [index, event] of events.entries()) await this.#append(event, seq + 1 + index);
  }

  /** Lines, their places in the index and the head at the same moment: one write, that is there whole or not at all. */
  async #appendTogether(events: AuditEvent[]): Promise<void> {
    let head = this.#head;
    const lines = events.map((event) => {
      const line = lineAfter(head, event);
      head = { instance: line.instance, seq: line.seq, hash: hashOf(line) };
      return { line, place: placeOf(line.instance, line.seq) };
    });
    const [areNew] = await Promise.all([
      Promise.all(lines.map(({ line, place }) => this.#documents.create(LINES + place, line))),
      this.#documents.mark(lines.map(({ line, place }) => indexIdOf(line, place))),
      this.#keep(head),
    ]);
    if (areNew.includes(false))
      throw new MetaflowsError('store_failed', 'lines of the audit are there already');
    this.#head = head;
  }

  async #keep(head: Head): Promise<void> {
    await this.#documents.update<Head>(HEADS + head.instance, (known = head) =>
      known.seq > head.seq ? known : head,
    );
  }

  /** `marked` is the place that the index has. */
  async #append(event: AuditEvent, marked: number): Promise<void> {
    for (;;) {
      const line = lineAfter(this.#head, event);
      const place = placeOf(line.instance, line.seq);
      if (line.seq !== marked) await this.#documents.mark([indexIdOf(event, place)]);
      // At the same moment, so that it is one write: whoever is killed leaves both, or none.
      const [isNew] = await Promise.all([
        this.#documents.create(LINES + place, line),
        this.#keep({ instance: line.instance, seq: line.seq, hash: hashOf(line) }),
      ]);
      // It was written, and the answer was lost; or another process has the same instance's id, and was faster.
      const stored = isNew ? line : (await this.#documents.get(LINES + place))?.value;
      if (!stored) throw new MetaflowsError('store_failed', 'a line of the audit cannot be read');
      this.#head = { instance: line.instance, seq: line.seq, hash: hashOf(stored) };
      if (isNew) return;
    }
  }
}

/** What the ids of the index begin with: of an account, or of an account's recording. */
function indexOf(...of: string[]): string {
  return `audited/${of.map(encodeURIComponent).join('/')}/`;
}

function indexIdOf({ account_id, recording_id = '' }: AuditEvent, place: string): string {
  return indexOf(account_id, recording_id) + place;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
