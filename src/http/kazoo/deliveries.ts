/**
 * `/v2/accounts/{account}/deliveries`: the uploads that have not arrived;
 * `/v2/accounts/{account}[/users/{user}]/recordings/{id}/delivery`: one, which POST sends again.
 */
import type { Shipment } from '../../delivery/attempts.js';
import type { Delivery } from '../../delivery/delivery.js';
import type { RecordingDocument } from '../../generated/recording.js';
import type { RecordingStore } from '../../store/recordings.js';
import { may } from '../access.js';
import { listOf, READERS, ref, WRITERS } from '../openapi/operation.js';
import { find, permits } from './recordings.js';
import type { Asked, Resource } from './resource.js';
import { gregorian } from './time.js';

/** More than these are no list for people; the newest come first. */
const MAX_LISTED = 1000;

export function deliveryList(delivery: Delivery): Resource {
  return {
    paths: ['/accounts/:account/deliveries'],
    name: 'Deliveries',
    says: {
      GET: {
        summary: 'The uploads that have not arrived.',
        roles: ['admin', 'viewer'],
        answer: listOf(ref('DeliveryState')),
      },
    },
    permits: may,
    methods: {
      GET: async ({ scope }) => {
        const data: object[] = [];
        for await (const { recording, parcel } of delivery.outstanding(scope.account)) {
          if (data.push(shown(recording, parcel.state, parcel)) === MAX_LISTED) break;
        }
        return { data, page_size: data.length };
      },
    },
  };
}

export function recordingDelivery(recordings: RecordingStore, delivery: Delivery): Resource {
  const told = async (doc: RecordingDocument) => {
    const { id, delivery: state } = doc;
    return { data: state === undefined ? {} : { ...shown(id, state, await delivery.of(doc)), state } };
  };
  return {
    paths: [
      '/accounts/:account/recordings/:id/delivery',
      '/accounts/:account/users/:user/recordings/:id/delivery',
    ],
    name: 'Delivery',
    says: {
      GET: {
        summary: 'What became of sending a recording to its url; {} where it has none.',
        roles: READERS,
        answer: ref('DeliveryState'),
      },
      POST: {
        summary: 'Sends a recording again.',
        roles: WRITERS,
        answer: ref('DeliveryState'),
        errors: ['recording_running', 'already_delivered', 'no_destination', 'file_gone'],
      },
    },
    permits,
    methods: {
      GET: async (asked: Asked) => told(await find(recordings, asked)),
      POST: async (asked: Asked) => {
        await delivery.retry(await find(recordings, asked));
        return told(await find(recordings, asked));
      },
    },
  };
}

function shown(recording_id: string, state: string, parcel: Partial<Shipment> = {}): object {
  const { host, attempts = 0, due, last } = parcel;
  return {
    recording_id,
    state: state === 'waiting' ? 'pending' : state,
    host,
    attempts,
    next_attempt: state === 'failed' || due === undefined ? undefined : gregorian(due),
    last_error: last && { reason: last.error, response_code: last.status, timestamp: gregorian(last.at) },
  };
}
