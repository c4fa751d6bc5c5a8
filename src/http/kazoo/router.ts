/** Kazoo's API, below `/v2`. A path that is not Kazoo's is left to others. */
import { Router } from 'express';
import type { Deps } from '../ports.js';
import { logins } from './auth.js';
import { channel, channelList } from './channels.js';
import { deliveryList, recordingDelivery } from './deliveries.js';
import { events } from './events.js';
import { metaflows } from './metaflows.js';
import { recording, recordingList } from './recordings.js';
import { serve } from './resource.js';
import { token, tokenList } from './tokens.js';
import { hookList, publicKey, webhook, webhookAttempts, webhookList, webhookTest } from './webhooks.js';

export function kazooRouter({ store, calls, delivery, feed, recordingsMount, version }: Deps): Router {
  const router = Router();
  for (const resource of [
    metaflows(store.metaflows),
    channelList(calls),
    channel(calls),
    recordingList(store.recordings),
    recording(store.recordings, recordingsMount),
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
  logins(router, store.tokens, version);
  publicKey(router, delivery, version);
  return router;
}
