/** Kazoo's API, below `/v2`. A path that is not Kazoo's is left to others. */
import { Router } from 'express';
import type { AuditEvent } from '../../audit/events.js';
import { validateMetaflows } from '../../metaflows/validate.js';
import { validateCallRecording } from '../../recording/automatic.js';
import { may } from '../access.js';
import { ref } from '../openapi/operation.js';
import type { Deps } from '../ports.js';
import { accountAudit, allAudit, recordingAudit } from './audit.js';
import { logins } from './auth.js';
import { channel, channelList } from './channels.js';
import { deliveryList, recordingDelivery } from './deliveries.js';
import { events } from './events.js';
import { recordingHold } from './hold.js';
import { recording, recordingList } from './recordings.js';
import { retention } from './retention.js';
import { serve, type Resource } from './resource.js';
import { scoped, type Kind } from './scoped.js';
import { systemState } from './system.js';
import { token, tokenList } from './tokens.js';
import { recordingTranscription } from './transcription.js';
import {
  accountAttempts,
  hookList,
  publicKey,
  webhook,
  webhookAttempt,
  webhookAttempts,
  webhookList,
  webhookTest,
} from './webhooks.js';

export function kazooRouter(deps: Deps): Router {
  const { store, calls, delivery, feed, removal, recordingsMount, playsFiles, version } = deps;
  const router = Router();
  const audit = (event: AuditEvent) => store.audit.append(event);
  const parts = {
    recordings: store.recordings,
    removal,
    audit,
    mount: recordingsMount,
  };
  for (const resource of [
    scoped(METAFLOWS, store.metaflows, may, validateMetaflows),
    scoped(CALL_RECORDING, store.callRecording, mayRecordAll, (value, { user, device }) =>
      validateCallRecording(value, { isAccount: user === undefined && device === undefined, playsFiles }),
    ),
    channelList(calls),
    channel(calls),
    recordingList(store.recordings),
    recording(parts),
    recordingHold(parts),
    recordingAudit(store.recordings, store.audit),
    recordingTranscription(store.recordings, delivery),
    accountAudit(store.audit),
    allAudit(store.audit),
    retention(store.retention, audit),
    recordingDelivery(store.recordings, delivery),
    deliveryList(delivery),
    hookList,
    webhookList(store.webhooks, audit),
    // Before that of one webhook, whose path it has.
    accountAttempts(store.webhooks),
    webhook(store.webhooks, audit),
    webhookAttempts(store.webhooks),
    webhookAttempt(store.webhooks, delivery),
    webhookTest(store.webhooks, delivery),
    events(feed, store.tokens),
    systemState(deps.system),
    tokenList(store.tokens),
    token(store.tokens),
  ]) {
    serve(router, store.tokens, version, resource);
  }
  logins(router, store.tokens, version);
  publicKey(router, delivery, version);
  return router;
}

const METAFLOWS: Kind = {
  path: 'metaflows',
  name: 'Metaflows',
  words: 'metaflows',
  schema: ref('Metaflows'),
  writers: ['admin', 'owner'],
  examples: {
    'four codes': {
      binding_digit: '*',
      numbers: {
        71: { module: 'record_call', data: { action: 'start' } },
        72: { module: 'record_call', data: { action: 'mask' } },
        73: { module: 'record_call', data: { action: 'unmask' } },
        74: { module: 'record_call', data: { action: 'stop' } },
      },
    },
  },
  patches: { 'one code less': { numbers: { 74: null } } },
};

const CALL_RECORDING: Kind = {
  path: 'call_recording',
  name: 'CallRecording',
  words: 'settings for calls that are recorded by themselves',
  schema: ref('CallRecording'),
  writers: ['admin'],
  examples: {
    'calls from outside': { inbound: { offnet: { enabled: true, format: 'wav', time_limit: 3600 } } },
  },
  patches: { 'and all that go out': { outbound: { any: { enabled: true } } } },
};

/** A user may see what is recorded of it, and not switch it off. */
const mayRecordAll: Resource['permits'] = (principal, action, scope) =>
  may(principal, action, scope) && (action === 'read' || principal.role === 'admin');
