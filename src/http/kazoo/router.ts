/** Kazoo's API, below `/v2`. A path that is not Kazoo's is left to others. */
import { Router } from 'express';
import type { AuditEvent } from '../../audit/events.js';
import { validateMetaflows } from '../../metaflows/validate.js';
import { validateCallRecording } from '../../recording/automatic.js';
import { may } from '../access.js';
import type { Deps } from '../ports.js';
import { allAudit, recordingAudit } from './audit.js';
import { logins } from './auth.js';
import { channel, channelList } from './channels.js';
import { deliveryList, recordingDelivery } from './deliveries.js';
import { events } from './events.js';
import { recordingHold } from './hold.js';
import { recording, recordingList } from './recordings.js';
import { retention } from './retention.js';
import { serve, type Resource } from './resource.js';
import { scoped } from './scoped.js';
import { token, tokenList } from './tokens.js';
import { recordingTranscription } from './transcription.js';
import { hookList, publicKey, webhook, webhookAttempts, webhookList, webhookTest } from './webhooks.js';

export function kazooRouter(deps: Deps): Router {
  const { store, calls, delivery, feed, removal, recordingsMount, playsFiles, version } = deps;
  const router = Router();
  const parts = {
    recordings: store.recordings,
    removal,
    audit: (event: AuditEvent) => store.audit.append(event),
    mount: recordingsMount,
  };
  for (const resource of [
    scoped('metaflows', store.metaflows, may, validateMetaflows),
    scoped('call_recording', store.callRecording, mayRecordAll, (value, { user, device }) =>
      validateCallRecording(value, { isAccount: user === undefined && device === undefined, playsFiles }),
    ),
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
  logins(router, store.tokens, version);
  publicKey(router, delivery, version);
  return router;
}

/** A user may see what is recorded of it, and not switch it off. */
const mayRecordAll: Resource['permits'] = (principal, action, scope) =>
  may(principal, action, scope) && (action === 'read' || principal.role === 'admin');
