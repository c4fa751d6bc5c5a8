/**
 * What becomes of a recording once something has happened to it: webhooks and the live stream are told, the
 * finished file is sent to its `url`, text is made of it. Everything that leaves goes through the outbox.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Logger } from 'winston';
import { MetaflowsError } from '../errors.js';
import type { TranscriptionSettings } from '../generated/configuration.js';
import type { RecordCallData } from '../generated/record_call.js';
import type { RecordingDocument } from '../generated/recording.js';
import { isRunning } from '../recording/state.js';
import type { Webhook } from '../store/webhooks.js';
import { handedInAgain, type FailedAttempt, type Shipment } from './attempts.js';
import { Caller, callbackOf, type Words } from './caller.js';
import { systemClock, type Clock } from './clock.js';
import { callbackId, parseId, transcriptionId, uploadId, uploadsOf, webhookId } from './ids.js';
import { recordingNotice, type Notice, type RecordingNews } from './notice.js';
import { Outbox, type Carrier, type OutboxStore } from './outbox.js';
import type { Answer, Outgoing } from './send.js';
import { Teller, type WebhooksPort } from './teller.js';
import { Transcriber } from './transcriber.js';
import type { WebhookFormats } from './webhook.js';
import { Uploader } from './uploader.js';

/** A shipment: an upload, a recording to make text of, or what a webhook, or a recording's own callback, is told. */
export interface Parcel extends Shipment {
  notice?: Notice;
}

export interface DeliveryStore extends OutboxStore<Parcel> {
  /** Those whose ids begin with `prefix`; an empty one is about a recording, and nobody has tried it yet. */
  list(prefix?: string): AsyncIterable<[id: string, parcel: Partial<Parcel>]>;
}

export interface DeliveryOptions {
  recordings: {
    get(account: string, id: string): Promise<RecordingDocument | undefined>;
    /** Stores what `change` makes of the newest version; undefined where there is none. */
    change(
      account: string,
      id: string,
      change: (doc: RecordingDocument) => RecordingDocument,
    ): Promise<RecordingDocument | undefined>;
  };
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
  /** The live stream. */
  publish: (notice: Notice, users: string[]) => void;
  log: Logger;
  clock?: Clock;
  random?: () => number;
}

/** An upload that has not arrived. */
export interface Outstanding {
  account: string;
  recording: string;
  /** Nothing but the state of a shipment that nobody has tried yet. */
  parcel: Partial<Parcel>;
}

export class Delivery implements Carrier<Parcel> {
  private readonly outbox: Outbox<Parcel>;
  private readonly uploader: Uploader;
  private readonly transcriber: Transcriber;
  private readonly teller: Teller;
  private readonly caller: Caller;
  private readonly clock: Clock;

  constructor(private readonly options: DeliveryOptions) {
    this.clock = options.clock ?? systemClock;
    const { clock } = this;
    const now = () => clock.now();
    this.outbox = new Outbox({ ...options, clock, carrier: this });
    this.uploader = new Uploader({ ...options, now });
    this.transcriber = new Transcriber({ ...options, now });
    this.teller = new Teller({ ...options, now });
    this.caller = new Caller({ ...options, now });
  }

  /** Goes on with everything that was on its way when the service last ran. */
  async start(): Promise<void> {
    for await (const [id, parcel] of this.options.store.list()) {
      const of = parseId(id);
      if (of.kind === 'webhook') this.outbox.schedule(id, parcel as Parcel);
      else if (of.kind === 'upload') await this.resume(of.account, of.recording, parcel);
      else if (of.kind === 'transcription') await this.resumeTranscription(of.account, of.recording, parcel);
      else await this.resumeCallback(of.account, of.recording, parcel);
    }
  }

  /**
   * Takes in what happened. When it resolves, all that is to be sent of it is stored. Never rejects: what happened
   * has happened, also where it cannot be told.
   */
  async onEvent(news: RecordingNews): Promise<void> {
    const { publish, log } = this.options;
    const { recording, type } = news;
    const notice = recordingNotice(news);
    const shipments = this.teller.audience(notice).map(({ id, uri, retries, notice: own }) =>
      this.outbox.add(webhookId(recording.account_id, id, notice.id), {
        ...newShipment(uri, this.clock.now()),
        ...(retries !== undefined && { retries }),
        notice: own,
      }),
    );
    if (type === 'completed' && recording.delivery === 'pending') shipments.push(this.send(recording));
    if (type === 'completed') shipments.push(this.call(recording));
    if (type === 'completed' && recording.transcription) shipments.push(this.sendTranscription(recording));
    for (const result of await Promise.allSettled(shipments)) {
      if (result.status === 'fulfilled') continue;
      const error: unknown = result.reason;
      log.error('an event could not be put into the outbox', { recording: recording.id, error });
    }
    publish(notice, recording.owner_id === undefined ? [] : [recording.owner_id]);
  }

  /** The uploads of an account that have not arrived: those under way, and those that were given up. */
  async *outstanding(account: string): AsyncGenerator<Outstanding> {
    for await (const [id, parcel] of this.options.store.list(uploadsOf(account))) {
      const of = parseId(id);
      if (of.kind === 'upload') yield { account, recording: of.recording, parcel };
    }
  }

  /** What is known of a recording's upload; undefined where it has arrived, or is to be sent nowhere. */
  of(recording: RecordingDocument): Promise<Parcel | undefined> {
    return this.options.store.get(uploadId(recording));
  }

  /** Sends a recording that was given up again, one that waits at once; rejects where there is nothing to send. */
  async retry({ account_id, id }: RecordingDocument): Promise<void> {
    const { recordings, store } = this.options;
    const now = this.clock.now();
    const doc = await recordings.change(account_id, id, (current) => {
      if (current.delivery === undefined) throw new MetaflowsError('no_destination');
      if (current.delivery === 'delivered') throw new MetaflowsError('already_delivered');
      return { ...current, delivery: 'pending' };
    });
    if (!doc) return;
    const known = await store.get(uploadId(doc));
    const parcel = known?.state ? known : newShipment(doc.url ?? '', now);
    await this.outbox.add(uploadId(doc), handedInAgain(parcel, now));
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
    const doc = await this.options.recordings.change(account_id, id, (current) => {
      if (isRunning(current)) throw new MetaflowsError('recording_running');
      if (current.size === undefined) throw new MetaflowsError('file_gone');
      const wanted = locale ?? (current.internal.data as RecordCallData).transcribe_locale;
      const transcription = { status: 'pending' as const, ...(wanted !== undefined && { locale: wanted }) };
      return { ...current, transcription };
    });
    if (doc) await this.sendTranscription(doc);
    return doc;
  }

  /** Tells a webhook, a disabled one too, that it is tested; once, and resolves with what came of it. */
  test(account: string, id: string, webhook: Webhook): Promise<'sent' | FailedAttempt> {
    return this.teller.test(account, id, webhook);
  }

  /** The key that proves the signatures of webhooks, unless they are of the HMAC kind. */
  publicKey(): KeyObject {
    return createPublicKey(this.options.signingKey);
  }

  attempt(id: string, parcel: Parcel, signal: AbortSignal): Promise<'sent' | 'dropped' | FailedAttempt> {
    const of = parseId(id);
    if (of.kind === 'webhook') return this.teller.attempt(of.account, of.webhook, parcel, signal);
    const carriers = { upload: this.uploader, transcription: this.transcriber, callback: this.caller };
    const carrier = carriers[of.kind];
    return carrier.attempt(of.account, of.recording, signal);
  }

  async settled(id: string, parcel: Parcel, how: 'sent' | 'failed'): Promise<void> {
    const { recordings, store } = this.options;
    const of = parseId(id);
    if (of.kind === 'webhook' || of.kind === 'callback') {
      if (how === 'sent') return;
      if (of.kind === 'webhook') await this.teller.gaveUp(of.account, of.webhook, parcel.last);
      await store.remove(id);
      return;
    }
    const change = of.kind === 'upload' ? uploaded(how) : transcribed(how, parcel.last?.error);
    const doc = await recordings.change(of.account, of.recording, change);
    const type = of.kind === 'upload' ? 'delivered' : 'transcribed';
    if (doc && how === 'sent') await this.onEvent({ type, recording: doc, at: this.clock.now() });
    if (of.kind === 'transcription' && how === 'failed') await store.remove(id);
  }

  /** Resolves when nothing is on its way. */
  idle(): Promise<void> {
    return this.outbox.idle();
  }

  /** Ends attempts that are under way; what has not arrived is sent after the next start. */
  close(): Promise<void> {
    return this.outbox.close();
  }

  /** A crash may have come between any two of the writes that a recording and its shipment take. */
  private async resume(account: string, id: string, parcel: Partial<Parcel>): Promise<void> {
    const { recordings, store } = this.options;
    const doc = await recordings.get(account, id);
    if (!doc) await store.remove(uploadId({ account_id: account, id }));
    else if (doc.delivery === 'delivered') {
      // It may not have been told yet.
      await this.onEvent({ type: 'delivered', recording: doc, at: this.clock.now() });
      await store.remove(uploadId(doc));
    }
    // Where it is not pending either, it is still being recorded: its end will be an event.
    else if (doc.delivery !== 'pending') return;
    else if (parcel.state !== 'failed') await this.send(doc, parcel);
    else await recordings.change(account, id, (current) => ({ ...current, delivery: 'failed' }));
  }

  /** As {@link resume}: where the recording has not ended yet, its end will be an event. */
  private async resumeCallback(account: string, id: string, parcel: Partial<Parcel>): Promise<void> {
    const { recordings, store } = this.options;
    const doc = await recordings.get(account, id);
    if (!doc) await store.remove(callbackId({ account_id: account, id }));
    else if (parcel.state) this.outbox.schedule(callbackId(doc), parcel as Parcel);
    else if (doc.state === 'completed') await this.call(doc);
  }

  private async call(doc: RecordingDocument): Promise<void> {
    const callback = callbackOf(doc);
    if (callback) await this.outbox.add(callbackId(doc), newShipment(callback.url, this.clock.now()));
  }

  private async resumeTranscription(account: string, id: string, parcel: Partial<Parcel>): Promise<void> {
    const { recordings, store } = this.options;
    const doc = await recordings.get(account, id);
    if (!doc) await store.remove(transcriptionId({ account_id: account, id }));
    else if (parcel.state) this.outbox.schedule(transcriptionId(doc), parcel as Parcel);
    else if (doc.transcription) await this.sendTranscription(doc);
  }

  private sendTranscription(doc: RecordingDocument): Promise<void> {
    return this.outbox.add(transcriptionId(doc), shipmentTo(this.transcriber.host, this.clock.now()));
  }

  private async send(doc: RecordingDocument, known: Partial<Parcel> = {}): Promise<void> {
    const parcel = { ...newShipment(doc.url ?? '', this.clock.now()), ...known };
    if (known.state) this.outbox.schedule(uploadId(doc), parcel);
    else await this.outbox.add(uploadId(doc), parcel);
  }
}

function newShipment(url: string, at: number): Parcel {
  return shipmentTo(new URL(url).host, at);
}

function shipmentTo(host: string, at: number): Parcel {
  return { state: 'waiting', host, since: at, due: at, attempts: 0 };
}

function uploaded(how: 'sent' | 'failed'): (doc: RecordingDocument) => RecordingDocument {
  return (doc) => ({ ...doc, delivery: how === 'sent' ? 'delivered' : 'failed' });
}

/** Of a text that has come the document knows already. */
function transcribed(
  how: 'sent' | 'failed',
  error = 'destination_unreachable',
): (doc: RecordingDocument) => RecordingDocument {
  return (doc) =>
    how === 'sent' || doc.transcription?.status !== 'pending'
      ? doc
      : { ...doc, transcription: { ...doc.transcription, status: 'failed', error } };
}
