/** Kazoo's API, below `/v2`. A path that is not Kazoo's is left to others. */
import { Router } from 'express';
import type { AuditEvent } from '../../audit/events.js';
import type { Deps } from '../ports.js';
import { allAudit, recordingAudit } from './audit.js';
import { channel, channelList } from './channels.js';
import { deliveryList, recordingDelivery } from './deliveries.js';
import { events } from './events.js';
import { recordingHold } from './hold.js';
import { metaflows } from './metaflows.js';
import { recording, recordingList } from './recordings.js';
import { retention } from './retention.js';
import { serve } from './resource.js';
import { token, tokenList } from './tokens.js';
import { recordingTranscription } from './transcription.js';
import { hookList, publicKey, webhook, webhookAttempts, webhookList, webhookTest } from './webhooks.js';

export function kazooRouter({
  store,
  calls,
  delivery,
  feed,
  removal,
  recordingsMount,
  version,
}: Deps): Router {
  const router = Router();
  const parts = {
    recordings: store.recordings,
    removal,
    audit: (event: AuditEvent) => store.audit.append(event),
    mount: recordingsMount,
  };
  for (const resource of [
    metaflows(store.metaflows),
    channelList(calls),
    channel(calls),
    recordingList(store.recordings),
    recording(parts),
    recordingHold(parts),
    recordingAudit(store.recordings, store.audit),
    recordingTranscription(store.recordings, delivery),
    allAudit(store.audit),
    retention(store.retention),
    recordingDelivery(store.recordings, delivery),
    deliveryList(delivery),
    hookList,
    webhookList(store.webhooks),
    webhook(store.webhooks),
    webhookAttempts(store.webhooks),
    webhookTest(store.webhooks, delivery),
    events(feed, store.tokens),
    tokenList(store.tokens),
    token(store.tokens),
  ]) {
    serve(router, store.tokens, version, resource);
  }
  publicKey(router, delivery, version);
  return router;
}
