/**
 * What becomes of a recording once something has happened to it: webhooks and the live stream are told, the
 * finished file is sent to its `url`, text is made of it. Everything that leaves goes through the outbox.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Logger } from 'winston';
import type { Audit } from '../audit/events.js';
import { MetaflowsError } from '../errors.js';
import type { TranscriptionSettings } from '../generated/configuration.js';
import type { RecordCallData } from '../generated/record_call.js';
import type { RecordingDocument } from '../generated/recording.js';
import { happening, type Happening, type RecordingEvent } from '../recording/events.js';
import { isRunning } from '../recording/state.js';
import { parseId, transcriptionId, uploadId, uploadsOf, webhookId } from '../store/shipments.js';
import type { Webhook } from '../store/webhooks.js';
import { handedInAgain, SHORTEST_MS, type FailedAttempt } from './attempts.js';
import { Caller, type Words } from './caller.js';
import { systemClock, type Clock } from './clock.js';
import { News, type NewsOptions } from './news.js';
import { recordingNotice, type Notice } from './notice.js';
import { Outbox, type Attempted, type Carrier, type OutboxPort } from './outbox.js';
import { parcelFor, parcelsOf, parcelTo, type Parcel } from './parcels.js';
import type { Answer, Outgoing } from './send.js';
import { Teller, type WebhooksPort } from './teller.js';
import { Transcriber } from './transcriber.js';
import type { WebhookFormats } from './webhook.js';
import { Uploader } from './uploader.js';

export interface DeliveryStore extends OutboxPort<Parcel> {
  /** Those whose ids begin with `prefix`. */
  list(prefix?: string): AsyncIterable<[id: string, parcel: Parcel]>;
  /** `listener` is called with what another instance may have stored. */
  onStored(listener: (id: string, parcel: Parcel) => void): void;
}

export interface DeliveryOptions {
  recordings: {
    get(account: string, id: string): Promise<RecordingDocument | undefined>;
    /** Stores what `change` makes of the newest version, and with it what `happened`; undefined where there is none. */
    change(
      account: string,
      id: string,
      change: (doc: RecordingDocument) => RecordingDocument,
      happened?: readonly Happening[],
    ): Promise<RecordingDocument | undefined>;
  } & NewsOptions['recordings'];
  store: DeliveryStore;
  webhooks: WebhooksPort;
  /** Ed25519, private: signs what webhooks are told. */
  signingKey: KeyObject;
  /** Those beside the service's own. */
  formats: WebhookFormats;
  /** The recordings folder as this service sees it, absolute. */
  mount: string;
  callbackWords: Words;
  /** Where text is made of recordings; off where there is none. */
  transcription?: TranscriptionSettings | undefined;
  /** As {@link Sender.send}. */
  send: (outgoing: Outgoing, signal: AbortSignal) => Promise<Answer>;
  /** Whether this instance does the work that belongs to a switch; none given: all of it. */
  isOurs?: (switchId: string) => boolean;
  /** Whether other instances hear of what happens from the store. */
  isShared?: boolean;
  /** The live stream. */
  publish: (notice: Notice, users: string[]) => void;
  audit: Audit;
  log: Logger;
  clock?: Clock;
  random?: () => number;
}

/** An upload that has not arrived. */
export interface Outstanding {
  account: string;
  recording: string;
  parcel: Parcel;
}

export class Delivery implements Carrier<Parcel> {
  private readonly news: News;
  private readonly outbox: Outbox<Parcel>;
  private readonly uploader: Uploader;
  private readonly transcriber: Transcriber;
  private readonly teller: Teller;
  private readonly caller: Caller;
  private readonly clock: Clock;
  private cancelStart: (() => void) | undefined;

  constructor(private readonly options: DeliveryOptions) {
    this.clock = options.clock ?? systemClock;
    const { clock } = this;
    const now = () => clock.now();
    this.news = new News({ ...options, clock, tell: (event) => this.tell(event) });
    this.outbox = new Outbox({ ...options, clock, carrier: this });
    options.store.onStored((id, parcel) => this.outbox.take(id, parcel));
    this.uploader = new Uploader({ ...options, now });
    this.transcriber = new Transcriber({
      ...options,
      now,
      complete: (account, id, change) => this.change(account, id, change, 'transcribed'),
    });
    this.teller = new Teller({ ...options, now });
    this.caller = new Caller({ ...options, now });
  }

  /** Goes on with all of its own that was on its way, or was still to be told, when whose it was last ran. */
  async start(): Promise<void> {
    const { store, isOurs = () => true } = this.options;
    for await (const [id, parcel] of store.list()) {
      if (parcel.state === 'waiting') this.outbox.take(id, parcel);
      else if (isOurs(parcel.switch)) await this.settled(id, parcel, 'failed');
    }
    await this.news.start();
  }

  /** As {@link start}, with what has become its own; again and again, until the store could be read. */
  async takeOver(): Promise<void> {
    this.cancelStart?.();
    try {
      await this.start();
    } catch (error) {
      this.options.log.error('what is to be sent could not be read, and will be tried again', { error });
      this.cancelStart = this.clock.after(SHORTEST_MS, () => void this.takeOver());
    }
  }

  /** Leaves what is not its own any more to others. */
  release(): void {
    this.outbox.release();
  }

  /**
   * Whether somebody must not miss it, also where a crash comes: a webhook, whoever gets the file, another instance. For
   * others, who only follow the live stream, nothing is kept.
   */
  isAwaited(event: RecordingEvent): boolean {
    return this.options.isShared === true || this.parcels(event).length > 0;
  }

  /** Takes in what happened. When it resolves, all that is to be sent of it is stored, or will be. Never rejects. */
  async onEvent(event: RecordingEvent): Promise<void> {
    if (this.isAwaited(event)) await this.news.take(event);
    else this.publish(event);
  }

  /** The uploads of an account that have not arrived: those under way, and those that were given up. */
  async *outstanding(account: string): AsyncGenerator<Outstanding> {
    for await (const [id, parcel] of this.options.store.list(uploadsOf(account))) {
      const of = parseId(id);
      if (of.kind === 'upload') yield { account, recording: of.recording, parcel };
    }
  }

  /** How much this instance has to send. */
  get waiting(): number {
    return this.outbox.size;
  }

  /** How much waits to be sent, of all accounts, by whichever instance. */
  async depth(): Promise<number> {
    let depth = 0;
    for await (const [, { state }] of this.options.store.list()) if (state === 'waiting') depth++;
    return depth;
  }

  /** What is known of a recording's upload; undefined where it has arrived, or is to be sent nowhere. */
  of(recording: RecordingDocument): Promise<Parcel | undefined> {
    return this.options.store.get(uploadId(recording));
  }

  /** Sends a recording that was given up again, one that waits at once; rejects where there is nothing to send. */
  async retry(recording: RecordingDocument): Promise<void> {
    const { recordings } = this.options;
    await this.outbox.handIn(uploadId(recording), async () => {
      const doc = await recordings.change(recording.account_id, recording.id, (current) => {
        if (current.delivery === undefined) throw new MetaflowsError('no_destination');
        if (current.delivery === 'delivered') throw new MetaflowsError('already_delivered');
        return { ...current, delivery: 'pending' };
      });
      const now = this.clock.now();
      return doc && handedInAgain((await this.of(doc)) ?? parcelFor(doc, doc.url ?? '', now), now);
    });
  }

  /**
   * Has text made of a recording that has ended, also where there is one, or an attempt was given up; resolves with the
   * document as it is then. `locale` such as `en-US`: none, as it was asked for when it was started.
   */
  async transcribe(
    { account_id, id }: RecordingDocument,
    locale?: string,
  ): Promise<RecordingDocument | undefined> {
    if (this.transcriber.host === '') throw new MetaflowsError('transcription_off');
    let doc: RecordingDocument | undefined;
    const ask = (current: RecordingDocument): RecordingDocument => {
      if (isRunning(current)) throw new MetaflowsError('recording_running');
      if (current.size === undefined) throw new MetaflowsError('file_gone');
      const wanted = locale ?? (current.internal.data as RecordCallData).transcribe_locale;
      const transcription = { status: 'pending' as const, ...(wanted !== undefined && { locale: wanted }) };
      return { ...current, transcription };
    };
    await this.outbox.handIn(transcriptionId({ account_id, id }), async () => {
      doc = await this.options.recordings.change(account_id, id, ask);
      return doc && parcelTo(doc, this.transcriber.host, this.clock.now());
    });
    return doc;
  }

  /** Tells a webhook, a disabled one too, that it is tested; once, and resolves with what came of it. */
  test(account: string, id: string, webhook: Webhook): Promise<'sent' | FailedAttempt> {
    return this.teller.test(account, id, webhook);
  }

  /**
   * Tells a webhook, a disabled one too, of an event that is in its log, once, and resolves with what came of it; where
   * it arrives, it is sent no more. Resolves with undefined where the event or its recording is not known any more.
   */
  async tellAgain(
    account: string,
    id: string,
    webhook: Webhook,
    event: string,
  ): Promise<'sent' | FailedAttempt | undefined> {
    const { store } = this.options;
    const shipment = webhookId(account, id, event);
    const outcome = await this.teller.again(account, id, webhook, event, (await store.get(shipment))?.notice);
    if (outcome === 'sent') await store.remove(shipment);
    return outcome;
  }

  /** The key that proves the signatures of webhooks, unless they are of the HMAC kind. */
  publicKey(): KeyObject {
    return createPublicKey(this.options.signingKey);
  }

  async attempt(id: string, parcel: Parcel, signal: AbortSignal): Promise<Attempted> {
    const of = parseId(id);
    if (of.kind === 'webhook') return this.teller.attempt(of.account, of.webhook, parcel, signal);
    if (of.kind === 'transcription') return this.transcriber.attempt(of.account, of.recording, signal);
    const carrier = of.kind === 'upload' ? this.uploader : this.caller;
    return { outcome: await carrier.attempt(of.account, of.recording, signal) };
  }

  async settled(id: string, parcel: Parcel, how: 'sent' | 'failed'): Promise<void> {
    const { recordings, store } = this.options;
    const of = parseId(id);
    if (of.kind === 'upload') {
      const delivery = how === 'sent' ? 'delivered' : 'failed';
      const change = (current: RecordingDocument) => ({ ...current, delivery }) as const;
      const doc = await recordings.get(of.account, of.recording);
      if (how === 'sent') {
        // The store has it already where only the shipment could not be removed.
        if (doc?.delivery !== delivery) await this.change(of.account, of.recording, change, delivery);
      } else if (doc?.delivery === 'pending') await recordings.change(of.account, of.recording, change);
      else if (!doc) await store.remove(id);
      return;
    }
    if (how === 'sent') return;
    if (of.kind === 'webhook') await this.teller.gaveUp(of.account, of.webhook, parcel.last);
    if (of.kind === 'transcription')
      await recordings.change(of.account, of.recording, failedFor(parcel.last?.error));
    await store.remove(id);
  }

  /** Resolves when nothing is on its way. */
  async idle(): Promise<void> {
    await this.news.idle();
    await this.outbox.idle();
  }

  /** Ends attempts that are under way; what has not arrived is sent after the next start. */
  async close(): Promise<void> {
    this.cancelStart?.();
    await this.outbox.close();
    await this.news.close();
  }

  private async tell(event: RecordingEvent): Promise<void> {
    await Promise.all(this.parcels(event).map(([id, parcel]) => this.outbox.add(id, parcel)));
    this.publish(event);
  }

  private publish(event: RecordingEvent): void {
    const { owner_id } = event.recording;
    this.options.publish(recordingNotice(event), owner_id === undefined ? [] : [owner_id]);
  }

  private parcels(event: RecordingEvent): [id: string, parcel: Parcel][] {
    const audience = this.teller.audience(recordingNotice(event));
    return parcelsOf(event, audience, this.transcriber.host, this.clock.now());
  }

  /** Changes a recording's document, and tells of it. */
  private async change(
    account: string,
    id: string,
    change: (doc: RecordingDocument) => RecordingDocument,
    type: Happening['type'],
  ): Promise<void> {
    const happened = happening(type, this.clock.now());
    const recording = await this.options.recordings.change(account, id, change, [happened]);
    if (recording) await this.news.take({ ...happened, recording });
  }
}

function failedFor(error = 'destination_unreachable'): (doc: RecordingDocument) => RecordingDocument {
  return (doc) =>
    doc.transcription?.status === 'pending'
      ? { ...doc, transcription: { ...doc.transcription, status: 'failed', error } }
      : doc;
}
