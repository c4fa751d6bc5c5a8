/** Kazoo's API, below `/v2`. A path that is not Kazoo's is left to others. */
import { Router } from 'express';
import type { Deps } from '../ports.js';
import { channel, channelList } from './channels.js';
import { metaflows } from './metaflows.js';
import { recording, recordingList } from './recordings.js';
import { serve } from './resource.js';
import { token, tokenList } from './tokens.js';

export function kazooRouter({ store, calls, recordingsMount, version }: Deps): Router {
  const router = Router();
  for (const resource of [
    metaflows(store.metaflows),
    channelList(calls),
    channel(calls),
    recordingList(store.recordings),
    recording(store.recordings, recordingsMount),
    tokenList(store.tokens),
    token(store.tokens),
  ]) {
    serve(router, store.tokens, version, resource);
  }
  return router;
}
