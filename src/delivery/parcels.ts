/** What is handed in to the outbox, and for whom, once something has happened to a recording. Pure. */
import type { RecordingDocument } from '../generated/recording.js';
import type { RecordingEvent } from '../recording/events.js';
import { callbackId, transcriptionId, uploadId, webhookId } from '../store/shipments.js';
import type { Shipment } from './attempts.js';
import { callbackOf } from './caller.js';
import type { Notice } from './notice.js';
import type { Addressee } from './teller.js';

/** A shipment: an upload, a recording to make text of, or what a webhook, or a recording's own callback, is told. */
export interface Parcel extends Shipment {
  notice?: Notice;
}

/**
 * What is to be sent of an event, by the ids of shipments: to each webhook of `audience`, and of a complete recording
 * to wherever that says. `transcription` is the host where text is made; `at` in milliseconds since the epoch.
 */
export function parcelsOf(
  { type, recording }: RecordingEvent,
  audience: readonly Addressee[],
  transcription: string,
  at: number,
): [id: string, parcel: Parcel][] {
  const told = audience.map(({ id, uri, retries, notice }): [id: string, parcel: Parcel] => [
    webhookId(recording.account_id, id, notice.id),
    { ...parcelFor(recording, uri, at), ...(retries !== undefined && { retries }), notice },
  ]);
  return type === 'completed' ? [...told, ...ofCompleted(recording, transcription, at)] : told;
}

function ofCompleted(recording: RecordingDocument, host: string, at: number): [id: string, parcel: Parcel][] {
  const parcels: [id: string, parcel: Parcel][] = [];
  const { url, delivery, transcription } = recording;
  const callback = callbackOf(recording);
  if (delivery && url !== undefined) parcels.push([uploadId(recording), parcelFor(recording, url, at)]);
  if (callback) parcels.push([callbackId(recording), parcelFor(recording, callback.url, at)]);
  if (transcription) parcels.push([transcriptionId(recording), parcelTo(recording, host, at)]);
  return parcels;
}

/** A new parcel that goes to the host of `url`, from `at` on (epoch, milliseconds). */
export function parcelFor(recording: RecordingDocument, url: string, at: number): Parcel {
  return parcelTo(recording, new URL(url).host, at);
}

/** As {@link parcelFor}, with the host and port themselves. */
export function parcelTo({ internal }: RecordingDocument, host: string, at: number): Parcel {
  return { state: 'waiting', host, switch: internal.switch, since: at, due: at, attempts: 0 };
}
